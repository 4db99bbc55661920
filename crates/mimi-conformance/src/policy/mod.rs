//! The room policy: what the library that hubs and clients use makes of the vectors.
//!
//! These checks ask no provider. They stand in the suite because hub and clients decide alike about a commit only if they read the same policy
//! from the same octets and the same rights from the same policy; a stranger's library is asked the same questions by reading
//! `spec-vectors`. Malformed components are octets of the vectors, laid out by hand.

mod situation;

use mimi_arch::{Domain, Uri, codec::Wire};
use mimi_room_policy::{
    asset::AssetPolicy,
    authorize::Decision,
    base_room_policy::BaseRoomPolicy,
    bot::BotPolicy,
    chat_history::HistoryPolicy,
    join_link::{JoinLinkPolicy, JoinLinks, JoinLinksUpdate},
    link_preview::LinkPreviewPolicy,
    logging::LoggingPolicy,
    message_expiration::MessageExpiration,
    operational::OperationalParameters,
    policy::RoomPolicy,
    preauth::PreauthList,
    ready_made::{RoleSet, RoomKind},
    roles::RolesList,
    status_notification::StatusNotificationPolicy,
};
use serde_json::Value;
use spec_vectors::{Outcome, TestCase, VectorFile};

use crate::check::{Check, Draft, Level};
use crate::scenario::{Halt, Verdict};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[COMPONENTS, AUTHORIZATION, READY_MADE];

/// A check over vector files.
macro_rules! check {
    ($id:literal, $section:literal, $level:expr, [$($requirement:literal),+], $sentence:literal, $explanation:literal, $ask:expr) => {
        Check {
            id: $id,
            sentence: $sentence,
            explanation: $explanation,
            draft: Draft::RoomPolicy,
            section: $section,
            level: $level,
            requirements: &[$($requirement),+],
            needs: &[],
            ask: |_| Box::pin(async { $ask }),
        }
    };
}

#[rustfmt::skip]
static COMPONENTS: &[Check] = &[
    check!("policy.s3.roles", "3", Level::Must, ["RP03-3-12", "RP03-3-13", "RP03-8.1.1-11"],
        "The list of roles is read and written back unchanged, a malformed one refused.",
        "Lists with all constraints, transitions and unknown capabilities are decoded and encoded again; a role twice, canOpenJoin outside \
            role zero and malformed octets have to be refused. A failure means that two sides give one participant different rights.",
        wire::<RolesList>("roles-list")),
    check!("policy.s4.preauthorized", "4", Level::Must, ["RP03-4-08", "RP03-4-11"],
        "The preauthorized users are read and written back unchanged, malformed ones refused.",
        "Lists of claim sets and roles are decoded and encoded again; malformed ones have to be refused. A failure means that someone joins \
            with rights that another side does not see.",
        wire::<PreauthList>("preauth-list")),
    check!("policy.s5.base", "5", Level::Must, ["RP03-5-11", "RP03-5-12", "RP03-5-18"],
        "The base room policy is read and written back unchanged, a contradictory one refused.",
        "Policies with every field are decoded and encoded again; a parent that is missing, unexpected or named twice has to be refused. A \
            failure means that two sides disagree on who may be in the room at all.",
        wire::<BaseRoomPolicy>("base-room-policy")),
    check!("policy.s6.1.status-notifications", "6.1", Level::Must, ["RP03-6.1-01", "RP03-6.1-02"],
        "The policy on delivery and read notifications is read and written back unchanged.",
        "All nine policies are decoded and encoded again; other values have to be refused. A failure means that clients send receipts that the \
            room forbids.",
        wire::<StatusNotificationPolicy>("status-notification-policy")),
    check!("policy.s6.2.join-links", "6.2", Level::Must, ["RP03-6.2-06", "RP03-6.2-09", "RP03-6.2-10"],
        "Join links, their policy and their updates are read and written back unchanged.",
        "The three structures are decoded and encoded again; malformed ones have to be refused. A failure means that a link which was taken \
            back still works somewhere.",
        several(&[wire::<JoinLinkPolicy>("join-link-policy"), wire::<JoinLinks>("join-links"), wire::<JoinLinksUpdate>("join-links-update")])),
    check!("policy.s6.3.link-previews", "6.3", Level::Must, ["RP03-6.3-01", "RP03-6.3-05"],
        "The policy on link previews is read and written back unchanged, a forbidden one refused.",
        "Policies with and without a proxy are decoded and encoded again; required detection of links and a missing proxy have to be refused. A \
            failure means that a client fetches previews from where it shows its address.",
        wire::<LinkPreviewPolicy>("link-preview-policy")),
    check!("policy.s6.4.assets", "6.4", Level::Must, ["RP03-6.4-09", "RP03-6.4-12", "RP03-6.4-14"],
        "The policy on assets is read and written back unchanged, a contradictory one refused.",
        "Policies with upload domains, ways to download and media types are decoded and encoded again; contradictory ones have to be refused. A \
            failure means that files go where the room does not want them.",
        wire::<AssetPolicy>("asset-policy")),
    check!("policy.s6.5.logging", "6.5", Level::Must, ["RP03-6.5-02", "RP03-6.5-03"],
        "The policy on logging is read and written back unchanged; required logging names a client.",
        "Policies are decoded and encoded again; required logging without a client has to be refused. A failure means that users do not learn \
            that they are logged.",
        wire::<LoggingPolicy>("logging-policy")),
    check!("policy.s6.6.history", "6.6", Level::Must, ["RP03-6.6-01", "RP03-6.6-03"],
        "The policy on chat history is read and written back unchanged; roles 0 and 1 share nothing.",
        "Policies are decoded and encoded again; roles 0 and 1 as sharers have to be refused. A failure means that history goes to new \
            participants from those who have no part in the room.",
        wire::<HistoryPolicy>("history-policy")),
    check!("policy.s6.7.bots", "6.7", Level::Must, ["RP03-6.7-05", "RP03-6.7-09"],
        "The policy on chat bots is read and written back unchanged; a local bot has role zero.",
        "Policies are decoded and encoded again; a local bot with a role has to be refused. A failure means that a program reads along \
            unseen.",
        wire::<BotPolicy>("bot-policy")),
    check!("policy.s6.8.expiration", "6.8", Level::Must, ["RP03-6.8-05", "RP03-6.8-06"],
        "The policy on message expiration is read and written back unchanged.",
        "Policies are decoded and encoded again; bounds that cross have to be refused. A failure means that messages stay for longer than the \
            room says.",
        wire::<MessageExpiration>("message-expiration")),
    check!("policy.s7.1.operational", "7.1", Level::Must, ["RP03-7.1-03", "RP03-7.1-06"],
        "The operational parameters are read and written back unchanged.",
        "Parameters with every strategy are decoded and encoded again; unknown strategies and times out of order have to be refused. A failure \
            means that clients run MLS on different terms.",
        wire::<OperationalParameters>("operational-parameters")),
];

#[rustfmt::skip]
static AUTHORIZATION: &[Check] = &[
    check!("policy.s8.1.1.adding", "8.1.1", Level::Must, ["RP03-8.1.1-01", "RP03-8.1.1-04", "RP03-8.1.1-09", "RP03-8.1.1-14"],
        "Users and clients come in only as section 8.1.1 says.",
        "Additions, own clients, open and preauthorized joins and join codes are allowed and refused, one condition missing at a time. A \
            failure means that someone gets in whom the room keeps out.",
        authorization("adding")),
    check!("policy.s8.1.2.removing", "8.1.2", Level::Must, ["RP03-8.1.2-01", "RP03-8.1.2-02", "RP03-8.1.2-09"],
        "Users and clients go out only as section 8.1.2 says.",
        "Removals, departures and kicks are allowed and refused, one condition missing at a time. A failure means that someone is thrown out by \
            those who may not, or leaves a client behind.",
        authorization("removing")),
    check!("policy.s8.1.3.role-changes", "8.1.3", Level::Must, ["RP03-8.1.3-01", "RP03-8.1.3-04", "RP03-8.1.3-16"],
        "Roles change only as section 8.1.3 says, bans and their lifting included.",
        "Changes of roles of others and oneself, bans and unbans are allowed and refused, one condition missing at a time. A failure means that \
            someone takes rights that nobody gave.",
        authorization("role-changes")),
    check!("policy.s8.3.messages", "8.3", Level::Must, ["RP03-8.3-01", "RP03-8.3-02"],
        "Each capability about messages, assets and calls allows what it names and nothing else.",
        "For each capability a participant whose role has that one alone is allowed, and one whose role lacks it refused. A failure means that \
            those speak who have no voice.",
        authorization("messages")),
    check!("policy.s8.6.policies", "8.6", Level::Must, ["RP03-8.6-02", "RP03-3-17", "RP03-4-14"],
        "Metadata and policies change only by those whose role says so, and apart from participants.",
        "Each field and each policy component is changed with and without its capability, and together with changes of the participant list. A \
            failure means that rights and their holders change in one stroke.",
        authorization("policies")),
    check!("policy.s3.constraints", "3", Level::Must, ["RP03-3-05", "RP03-3-06", "RP03-3-08"],
        "The four constraints of a role are kept exactly, counted after all steps of a commit.",
        "For each constraint the number that is just allowed and the one beside it, for every capability that has to respect it. A failure means \
            that a room is left without an administrator or has too many.",
        authorization("constraints")),
    check!("policy.s5.base-policy", "5", Level::Must, ["RP03-5-03", "RP03-5-08", "RP03-5-16", "RP03-5-17"],
        "Fixed membership, parent rooms and the limits on users and clients are kept.",
        "Each rule of the base room policy at its edge. A failure means that a room grows beyond what was agreed, or a direct message gains a \
            third reader.",
        authorization("base-policy")),
    check!("policy.s4.actors", "4", Level::Must, ["RP03-4-02", "RP03-4-15"],
        "External senders have the role of their first match, and the hub has none by itself.",
        "Proposals of policy enforcers and of the hub are allowed and refused. A failure means that an outside system rules the room.",
        authorization("actors")),
];

#[rustfmt::skip]
static READY_MADE: &[Check] = &[
    check!("policy.s8.ready-made", "8", Level::Should, ["RP03-8-02"],
        "The ready-made policies agree with themselves and are written and read unchanged.",
        "The common kinds of rooms and the four sets of roles of appendix A are checked for contradictions, written and read. A failure means that \
            a room begins with a policy that someone refuses.",
        ready_made()),
];

/// Asks every test of a vector file of the draft.
fn each(name: &str, mut ask: impl FnMut(&TestCase) -> Result<(), String>) -> Verdict {
    let path = format!("mimi-room-policy/draft-03/{name}.json");
    let missing = || Halt::failed("the vectors are there and can be read", path.as_str());
    let (_, text) = spec_vectors::files().find(|(known, _)| *known == path).ok_or_else(missing)?;
    let file = VectorFile::parse(text).map_err(|_| missing())?;
    let mut asked = 0usize;
    for (_, test) in file.tests() {
        asked = asked.saturating_add(1);
        ask(test).map_err(|what| Halt::failed(format!("{path} test {}: {}", test.tc_id, test.comment), what))?;
    }
    if asked == 0 { Err(missing()) } else { Ok(format!("{asked} vectors")) }
}

/// What is valid is read and written back, what is invalid refused.
// req: RP03-3-12, RP03-3-13, RP03-4-08, RP03-4-11, RP03-5-11, RP03-5-12, RP03-6.3-01, RP03-6.3-05, RP03-8.1.1-11
fn wire<T: Wire>(name: &str) -> Verdict {
    each(name, |test| {
        let octets = test.octets("encoded").ok_or("the vector has no octets")?;
        match (T::from_bytes(&octets), test.result) {
            (Ok(value), Outcome::Valid | Outcome::Acceptable) => match value.to_bytes() {
                Ok(written) if written == octets => Ok(()),
                Ok(_) => Err("written back differently".to_owned()),
                Err(error) => Err(format!("not written back: {error}")),
            },
            (Err(error), Outcome::Valid) => Err(format!("refused: {error}")),
            (Ok(_), Outcome::Invalid) => Err("accepted".to_owned()),
            (Err(_), _) => Ok(()),
        }
    })
}

fn several(verdicts: &[Verdict]) -> Verdict {
    let passed: Vec<String> = verdicts.iter().cloned().collect::<Result<_, _>>()?;
    Ok(passed.join(", "))
}

/// What is valid is allowed, by the capabilities that the vector names; what is invalid is refused. What the draft leaves open may be either.
// req: RP03-8.1.1-04, RP03-8.1.1-09, RP03-8.1.1-14, RP03-8.1.2-02, RP03-8.1.2-09, RP03-8.1.3-16, RP03-5-08, RP03-5-16, RP03-5-17
fn authorization(name: &str) -> Verdict {
    each(&format!("authorization-{name}"), |test| {
        let decision = situation::decide(&test.fields)?;
        match (&decision, test.result) {
            (Decision::Allowed(_), Outcome::Valid) => {
                let names = situation::names(&decision);
                let grounds =
                    test.fields.get("grounds").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let same = grounds.iter().map(Value::as_str).eq(names.iter().map(|name| Some(*name)));
                if same { Ok(()) } else { Err(format!("allowed by {}", names.join(", "))) }
            }
            (Decision::Allowed(_), Outcome::Invalid) => Err("allowed".to_owned()),
            (Decision::Refused(refusal), Outcome::Valid) => Err(format!("refused: {refusal}")),
            _ => Ok(()),
        }
    })
}

/// Every ready-made policy is consistent and survives being written.
fn ready_made() -> Verdict {
    let providers = ["a.example", "b.example"].map(|name| name.parse::<Domain>());
    let providers: Vec<Domain> = providers.into_iter().flatten().collect();
    let parent = Uri::new("mimi://a.example/r/parent").ok();
    let rooms = RoomKind::ALL.map(|kind| (kind.to_string(), kind.policy(&providers, parent.as_ref())));
    for (name, policy) in rooms {
        let policy = policy.ok_or_else(|| Halt::failed(format!("there is a policy for {name}"), "none"))?;
        if let Some(found) = policy.check().first() {
            return Err(Halt::failed(format!("the policy for {name} agrees with itself"), found.to_string()));
        }
        let failed = |what: String| Halt::failed(format!("the policy for {name} is written and read"), what);
        let components = policy.components().map_err(|error| failed(error.to_string()))?;
        let again = RoomPolicy::from_components(components.iter().map(|(id, data)| (*id, data.as_slice())))
            .map_err(|error| failed(error.to_string()))?;
        if again != policy {
            return Err(failed("it changed".to_owned()));
        }
    }
    for set in RoleSet::ALL {
        let roles = set.roles();
        let again = roles.to_bytes().ok().and_then(|octets| RolesList::from_bytes(&octets).ok());
        if again.as_ref() != Some(&roles) {
            return Err(Halt::failed("the roles of appendix A are written and read", format!("{set:?} changed")));
        }
    }
    Ok(format!("{} kinds of rooms, {} sets of roles", RoomKind::ALL.len(), RoleSet::ALL.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_the_library_pass() {
        for verdict in [
            wire::<RolesList>("roles-list"),
            wire::<PreauthList>("preauth-list"),
            wire::<BaseRoomPolicy>("base-room-policy"),
            wire::<StatusNotificationPolicy>("status-notification-policy"),
            wire::<AssetPolicy>("asset-policy"),
            wire::<OperationalParameters>("operational-parameters"),
            authorization("adding"),
            authorization("removing"),
            authorization("role-changes"),
            authorization("messages"),
            authorization("policies"),
            authorization("constraints"),
            authorization("base-policy"),
            authorization("actors"),
            ready_made(),
        ] {
            assert!(verdict.is_ok(), "{verdict:?}");
        }
    }

    #[test]
    fn another_type_of_component_fails_the_check() {
        assert!(wire::<BotPolicy>("roles-list").is_err());
        assert!(wire::<RolesList>("no-such-file").is_err());
    }
}
