//! What holds for any octets that a room policy is made of. Used by the fuzz target and by the test that replays the corpus.
//!
//! The first octet chooses: a component by its place in the registry, the update of join links, or a whole policy of components, each with its
//! place and two octets of length before it.

use mimi_arch::{codec::Wire, component::Component, mls::ComponentId};
use mimi_room_policy::{
    asset::AssetPolicy,
    base_room_policy::BaseRoomPolicy,
    bot::BotPolicy,
    chat_history::HistoryPolicy,
    join_link::{JoinLinkPolicy, JoinLinks, JoinLinksUpdate},
    link_preview::LinkPreviewPolicy,
    lint::lint,
    logging::LoggingPolicy,
    message_expiration::MessageExpiration,
    operational::OperationalParameters,
    policy::{POLICY_COMPONENTS, RoomPolicy},
    preauth::PreauthList,
    roles::RolesList,
    status_notification::StatusNotificationPolicy,
};

/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    match choice % 15 {
        0 => replaced::<OperationalParameters>(octets),
        1 => {
            replaced::<RolesList>(octets);
            if let Ok(roles) = RolesList::from_bytes(octets) {
                assert_eq!(RolesList::new(roles.roles().to_vec()), Ok(roles));
            }
        }
        2 => replaced::<PreauthList>(octets),
        3 => replaced::<BaseRoomPolicy>(octets),
        4 => replaced::<StatusNotificationPolicy>(octets),
        5 => replaced::<JoinLinkPolicy>(octets),
        6 => drop(read::<JoinLinks>(octets)),
        7 => replaced::<LinkPreviewPolicy>(octets),
        8 => replaced::<AssetPolicy>(octets),
        9 => replaced::<LoggingPolicy>(octets),
        10 => replaced::<HistoryPolicy>(octets),
        11 => replaced::<BotPolicy>(octets),
        12 => replaced::<MessageExpiration>(octets),
        13 => join_links(octets),
        _ => policy(octets),
    }
}

/// Whatever is accepted has one encoding, and what is refused is refused at a place in the octets.
fn read<T: Wire + PartialEq + std::fmt::Debug>(octets: &[u8]) -> Option<T> {
    match T::from_bytes(octets) {
        Ok(value) => {
            assert_eq!(value.to_bytes().expect("what was read can be written"), octets, "a value has one encoding");
            Some(value)
        }
        Err(error) => {
            assert!(error.offset() <= octets.len(), "an offset lies in the octets");
            assert!(!error.section().is_empty() && !error.to_string().is_empty());
            None
        }
    }
}

/// A component whose update is its new value: applied and written it gives the octets of the update.
fn replaced<T>(octets: &[u8])
where
    T: Component<Data = T, Update = T> + Wire + Clone + PartialEq + std::fmt::Debug,
{
    if let Some(value) = read::<T>(octets) {
        let before = Some(&value);
        let after = T::apply(before, std::slice::from_ref(&value)).unwrap_or_else(|_| panic!("one update is accepted"));
        assert_eq!(after.to_bytes().expect("what was applied can be written"), octets);
        assert!(T::apply(None, &[]).is_err() && T::apply(before, &[]).is_ok_and(|same| same == value));
    }
}

/// The data after an update can be written, read and updated again.
fn join_links(octets: &[u8]) {
    let Some(update) = read::<JoinLinksUpdate>(octets) else { return };
    let before = JoinLinks { links: update.added_links.iter().rev().take(3).cloned().collect() };
    for before in [None, Some(&before)] {
        let Ok(after) = JoinLinks::apply(before, std::slice::from_ref(&update)) else { continue };
        let there = before.map_or(0, |links| links.links.len());
        assert_eq!(after.links.len() + update.removed_indices.len(), there + update.added_links.len());
        assert_eq!(JoinLinks::from_bytes(&after.to_bytes().expect("it can be written")).as_ref(), Ok(&after));
    }
}

/// A whole policy: read, written, looked at from all sides.
fn policy(mut octets: &[u8]) {
    let mut components: Vec<(ComponentId, &[u8])> = Vec::new();
    while let [place, high, low, rest @ ..] = octets {
        let known = POLICY_COMPONENTS.get(usize::from(*place));
        let id = known.map_or(ComponentId(0x8000 | u16::from(*place)), |(id, _)| *id);
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        components.push((id, &rest[..length]));
        octets = &rest[length..];
    }
    let Ok(policy) = RoomPolicy::from_components(components.iter().copied()) else { return };
    components.sort_by_key(|(id, _)| *id);
    let written = policy.components().expect("what was read can be written");
    assert!(written.iter().map(|(id, data)| (*id, data.as_slice())).eq(components.iter().copied()));
    for inconsistency in policy.check() {
        assert!(!inconsistency.to_string().is_empty() && !inconsistency.section().is_empty());
    }
    for finding in lint(&policy) {
        assert!(!finding.to_string().is_empty());
    }
}
