#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::codec::{Reader, TRAILING, TRUNCATED, put_opaque};
use crate::participant_list::{PARTICIPANT_LIST, ParticipantList, ParticipantListData, ParticipantListUpdate};
use crate::room_metadata::{ROOM_METADATA, RoomMetaData, RoomMetadata, Uri, Utf8String};
use crate::testing::laws;

const APPEND: ComponentId = ComponentId(5);
const LAST: ComponentId = ComponentId(7);
const UNKNOWN: ComponentId = ComponentId(6);
const KNOWN: &[Known] = &[Known::of::<Last>(), Known::of::<Append>()];

#[derive(Clone, PartialEq, Eq, Debug)]
struct Octets(Vec<u8>);

impl Wire for Octets {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(r.opaque()?.to_vec()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_opaque(out, &self.0)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an update is 0xff")]
struct TooMuch;

impl Refusal for TooMuch {
    fn section(&self) -> &'static str {
        "toy section 1"
    }
}

/// Appends every update to what is there, so that order matters.
enum Append {}

impl Component for Append {
    const ID: ComponentId = APPEND;
    type Data = Octets;
    type Update = u8;
    type Error = TooMuch;

    fn apply(data: Option<&Octets>, updates: &[u8]) -> Result<Octets, TooMuch> {
        if updates.contains(&0xff) {
            return Err(TooMuch);
        }
        let before = data.map(|data| data.0.as_slice()).unwrap_or_default();
        Ok(Octets([before, updates].concat()))
    }
}

/// Keeps the last update.
enum Last {}

impl Component for Last {
    const ID: ComponentId = LAST;
    type Data = u8;
    type Update = u8;
    type Error = TooMuch;

    fn apply(_: Option<&u8>, updates: &[u8]) -> Result<u8, TooMuch> {
        updates.last().copied().ok_or(TooMuch)
    }
}

fn entry(component_id: ComponentId, data: &[u8]) -> ComponentData {
    ComponentData { component_id, data: data.to_vec() }
}

fn dictionary(entries: &[(ComponentId, &[u8])]) -> AppDataDictionary {
    AppDataDictionary::new(entries.iter().map(|(id, data)| entry(*id, data)).collect()).unwrap()
}

fn update(component_id: ComponentId, update: &[u8]) -> AppDataUpdate {
    AppDataUpdate { component_id, operation: AppDataOperation::Update(update.to_vec()) }
}

fn remove(component_id: ComponentId) -> AppDataUpdate {
    AppDataUpdate { component_id, operation: AppDataOperation::Remove }
}

fn refusing(
    before: Option<&AppDataDictionary>,
    updates: &[AppDataUpdate],
) -> Result<Option<AppDataDictionary>, ResolveError> {
    resolve(before, updates, KNOWN, UnknownComponents::Refuse).map(|resolution| resolution.dictionary)
}

fn usual() -> AppDataDictionary {
    dictionary(&[(APPEND, &[1, 9]), (UNKNOWN, &[0xaa]), (LAST, &[3])])
}

#[test]
fn updates_of_a_component_are_applied_in_the_order_of_the_commit() {
    let updates = [update(APPEND, &[1]), update(LAST, &[4]), update(APPEND, &[2]), update(LAST, &[5])];
    let after = dictionary(&[(APPEND, &[3, 9, 1, 2]), (UNKNOWN, &[0xaa]), (LAST, &[5])]);
    let resolution = resolve(Some(&usual()), &updates, KNOWN, UnknownComponents::Refuse).unwrap();
    assert_eq!(resolution.dictionary, Some(after));
    let changes: Vec<_> = resolution.changes.into_iter().collect();
    assert_eq!(changes, [(APPEND, Some(vec![3, 9, 1, 2])), (LAST, Some(vec![5]))]);
    assert_eq!(resolution.uninterpreted, []);
}

#[test]
fn a_new_entry_goes_where_its_number_belongs() {
    let after = refusing(Some(&dictionary(&[(UNKNOWN, &[0xaa])])), &[update(LAST, &[4]), update(APPEND, &[1])]);
    assert_eq!(after.unwrap(), Some(dictionary(&[(APPEND, &[1, 1]), (UNKNOWN, &[0xaa]), (LAST, &[4])])));
    assert_eq!(refusing(None, &[update(APPEND, &[1])]).unwrap(), Some(dictionary(&[(APPEND, &[1, 1])])));
}

#[test]
fn a_removal_takes_the_entry_out_and_leaves_the_dictionary() {
    let after = refusing(Some(&usual()), &[remove(LAST)]).unwrap();
    assert_eq!(after, Some(dictionary(&[(APPEND, &[1, 9]), (UNKNOWN, &[0xaa])])));
    let only = dictionary(&[(LAST, &[3])]);
    assert_eq!(refusing(Some(&only), &[remove(LAST)]).unwrap(), Some(AppDataDictionary::default()));
}

#[test]
fn no_proposals_change_nothing() {
    assert_eq!(refusing(Some(&usual()), &[]).unwrap(), Some(usual()));
    assert_eq!(refusing(None, &[]).unwrap(), None);
}

#[test]
fn a_component_that_has_no_data_is_not_removed() {
    for before in [None, Some(AppDataDictionary::default())] {
        let error = refusing(before.as_ref(), &[remove(LAST)]).unwrap_err();
        assert!(matches!(error, ResolveError::RemovesAbsent { component_id: LAST }), "{error}");
    }
}

#[test]
fn a_removal_stands_alone() {
    let twice = refusing(Some(&usual()), &[remove(LAST), update(APPEND, &[1]), remove(LAST)]).unwrap_err();
    assert!(matches!(twice, ResolveError::RemovedTwice { component_id: LAST }), "{twice}");
    for both in [[remove(LAST), update(LAST, &[1])], [update(LAST, &[1]), remove(LAST)]] {
        let error = refusing(Some(&usual()), &both).unwrap_err();
        assert!(matches!(error, ResolveError::RemovedAndUpdated { component_id: LAST }), "{error}");
        // Also where there is nothing to remove, and where the component is not known.
        let error = refusing(None, &both).unwrap_err();
        assert!(matches!(error, ResolveError::RemovedAndUpdated { component_id: LAST }), "{error}");
    }
    let unknown = [remove(UNKNOWN), update(UNKNOWN, &[1])];
    let error = resolve(Some(&usual()), &unknown, KNOWN, UnknownComponents::Keep).unwrap_err();
    assert!(matches!(error, ResolveError::RemovedAndUpdated { component_id: UNKNOWN }), "{error}");
}

#[test]
fn proposals_for_an_unknown_component_are_refused_or_leave_its_data_alone() {
    for proposal in [update(UNKNOWN, &[1]), remove(UNKNOWN)] {
        let error = refusing(Some(&usual()), &[proposal]).unwrap_err();
        assert!(matches!(error, ResolveError::UnknownComponent { component_id: UNKNOWN }), "{error}");
    }
    let keep = |before: Option<&AppDataDictionary>, updates: &[AppDataUpdate]| {
        resolve(before, updates, KNOWN, UnknownComponents::Keep)
    };
    let kept = keep(Some(&usual()), &[update(UNKNOWN, &[1]), update(UNKNOWN, &[2]), update(LAST, &[4])]).unwrap();
    assert_eq!(kept.dictionary, Some(dictionary(&[(APPEND, &[1, 9]), (UNKNOWN, &[0xaa]), (LAST, &[4])])));
    assert_eq!((kept.uninterpreted, kept.changes.len()), (vec![UNKNOWN], 1));
    let new = keep(None, &[update(UNKNOWN, &[1])]).unwrap();
    assert_eq!((new.dictionary, new.uninterpreted), (None, vec![UNKNOWN]));
    let removed = keep(Some(&usual()), &[remove(UNKNOWN)]).unwrap();
    assert_eq!(removed.dictionary, Some(dictionary(&[(APPEND, &[1, 9]), (LAST, &[3])])));
    assert!(matches!(keep(None, &[remove(UNKNOWN)]), Err(ResolveError::RemovesAbsent { component_id: UNKNOWN })));
}

#[test]
fn what_a_component_does_not_accept_makes_the_commit_invalid() {
    for (data, octets, text, section) in [
        (&[0][..], &[0xff][..], "component 0x0005: an update is 0xff", "toy section 1"),
        (&[0], &[], TRUNCATED.text(), TRUNCATED.section()),
        (&[0, 0], &[1], TRAILING.text(), TRAILING.section()),
    ] {
        let error = refusing(Some(&dictionary(&[(APPEND, data)])), &[update(APPEND, octets)]).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.section(), section);
    }
    let second = refusing(None, &[update(APPEND, &[1]), update(APPEND, &[1, 2])]).unwrap_err();
    assert_eq!(
        second.to_string(),
        "component 0x0005: update 1 is malformed: offset 1: octets follow the end of the value (RFC 9420 section 2.1)"
    );
    let removed = refusing(None, &[remove(LAST)]).unwrap_err();
    assert_eq!(removed.section(), "draft-ietf-mls-extensions section 4.7");
}

#[test]
fn the_dictionary_stays_at_its_place_among_the_extensions_and_a_new_one_goes_to_the_end() {
    let extension = |extension_type, extension_data: &[u8]| Extension {
        extension_type: ExtensionType(extension_type),
        extension_data: extension_data.to_vec(),
    };
    let in_list = |extensions: &[Extension], updates: &[AppDataUpdate]| {
        let list = Extensions::new(extensions.to_vec()).unwrap();
        resolve_extensions(&list, updates, KNOWN, UnknownComponents::Refuse)
            .map(|(extensions, _)| extensions.as_slice().to_vec())
    };
    let others = [extension(5, &[0]), extension(3, &[0, 0, 0])];
    assert_eq!(in_list(&others, &[]).unwrap(), others);
    let after = extension(6, &dictionary(&[(LAST, &[4])]).to_bytes().unwrap());
    let end = [others[0].clone(), others[1].clone(), after.clone()];
    assert_eq!(in_list(&others, &[update(LAST, &[4])]).unwrap(), end);
    let before = extension(6, &dictionary(&[(LAST, &[3])]).to_bytes().unwrap());
    let middle = [others[0].clone(), before, others[1].clone()];
    let expected = [others[0].clone(), after, others[1].clone()];
    assert_eq!(in_list(&middle, &[update(LAST, &[4])]).unwrap(), expected);
    let malformed = in_list(&[extension(6, &[1])], &[]).unwrap_err();
    assert!(matches!(malformed, ResolveError::Context(_)), "{malformed}");
}

#[test]
fn other_proposals_leave_the_dictionary_alone_where_updates_of_it_are_required() {
    let with = |required: Option<&[u16]>, data: Option<&[u8]>| {
        let required = required.map(|proposal_types| Extension {
            extension_type: ExtensionType::REQUIRED_CAPABILITIES,
            extension_data: RequiredCapabilities {
                proposal_types: proposal_types.to_vec(),
                ..RequiredCapabilities::default()
            }
            .to_bytes()
            .unwrap(),
        });
        let dictionary = data.map(|data| Extension {
            extension_type: ExtensionType::APP_DATA_DICTIONARY,
            extension_data: dictionary(&[(LAST, data)]).to_bytes().unwrap(),
        });
        Extensions::new(required.into_iter().chain(dictionary).collect()).unwrap()
    };
    let bound = Some(&[8, 10][..]);
    for (required, before, proposed, allowed) in [
        (bound, Some(&[3][..]), Some(&[3][..]), true),
        (bound, None, None, true),
        (bound, Some(&[3]), Some(&[4]), false),
        (bound, Some(&[3]), None, false),
        (bound, None, Some(&[3]), false),
        (Some(&[10]), Some(&[3]), Some(&[4]), true),
        (None, Some(&[3]), None, true),
    ] {
        // What the proposal itself requires has no say.
        for after in [None, bound] {
            let outcome = check_group_context_extensions(&with(required, before), &with(after, proposed));
            assert_eq!(outcome.is_ok(), allowed, "{required:?} {before:?} {proposed:?}");
        }
    }
}

#[test]
fn the_components_of_a_room_have_the_registered_numbers() {
    // req: MP06-7.5-09, MP06-7.6-03
    assert_eq!((Known::of::<ParticipantList>().id(), PARTICIPANT_LIST), (ComponentId(0x0022), ComponentId(0x0022)));
    assert_eq!((Known::of::<RoomMetadata>().id(), ROOM_METADATA), (ComponentId(0x0023), ComponentId(0x0023)));
    assert_eq!(format!("{:?}", Known::of::<RoomMetadata>()), "Known(ComponentId(35))");
}

#[test]
fn participant_list_and_metadata_are_updated_in_one_commit() {
    // req: MP06-7.5-12, MP06-7.6-08, MP06-7.6-10, MP06-7.6-11, MP06-7.6-12
    let known = [Known::of::<ParticipantList>(), Known::of::<RoomMetadata>()];
    let metadata = |name: &str| {
        let uri = Uri::new("mimi://a.example/r/clubhouse").unwrap();
        RoomMetaData::named(uri, Utf8String::new(name).unwrap()).to_bytes().unwrap()
    };
    let added = |name: &str| {
        let user = format!("mimi://a.example/u/{name}").parse().unwrap();
        let pair = crate::participant_list::UserRolePair::new(user, mimi_arch::RoleIndex(2));
        ParticipantListUpdate { added_participants: vec![pair], ..ParticipantListUpdate::default() }
    };
    let list = |updates: &[ParticipantListUpdate]| {
        ParticipantListData::default().apply_all(updates).unwrap().to_bytes().unwrap()
    };
    let before = dictionary(&[(ROOM_METADATA, &metadata("before"))]);
    let updates = [
        update(PARTICIPANT_LIST, &added("alice").to_bytes().unwrap()),
        update(ROOM_METADATA, &metadata("after")),
        update(PARTICIPANT_LIST, &added("bob").to_bytes().unwrap()),
    ];
    let after = resolve(Some(&before), &updates, &known, UnknownComponents::Refuse).unwrap().dictionary.unwrap();
    assert_eq!(after.find(ROOM_METADATA), Some(metadata("after").as_slice()));
    assert_eq!(after.find(PARTICIPANT_LIST), Some(list(&[added("alice"), added("bob")]).as_slice()));

    let several = [update(ROOM_METADATA, &metadata("one")), update(ROOM_METADATA, &metadata("two"))];
    let error = resolve(Some(&before), &several, &known, UnknownComponents::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "component 0x0023: a commit has 2 updates of the room metadata");
    assert_eq!(error.section(), "draft-ietf-mimi-protocol-06 section 7.6");
    let twice = [update(PARTICIPANT_LIST, &added("alice").to_bytes().unwrap()), updates[0].clone()];
    let error = resolve(None, &twice, &known, UnknownComponents::Refuse).unwrap_err();
    assert_eq!(error.section(), "draft-ietf-mimi-protocol-06 section 7.5");
}

/// What the draft says, done slowly: one component after the other, one proposal after the other, on a plain list.
fn naive(before: &[(u16, Vec<u8>)], updates: &[AppDataUpdate], keep: bool) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut entries = before.to_vec();
    for id in 0..10 {
        let mine: Vec<_> = updates.iter().filter(|update| update.component_id.0 == id).collect();
        let removals = mine.iter().filter(|update| update.operation == AppDataOperation::Remove).count();
        let known = id == APPEND.0 || id == LAST.0;
        if mine.is_empty() {
            continue;
        }
        if !known && !keep || removals > 1 || (removals == 1 && mine.len() > 1) {
            return None;
        }
        let place = entries.iter().position(|(entry, _)| *entry == id);
        if removals == 1 {
            entries.remove(place?);
            continue;
        }
        if !known {
            continue;
        }
        for AppDataUpdate { operation, .. } in mine {
            let AppDataOperation::Update(update) = operation else { unreachable!() };
            let place = entries.iter().position(|(entry, _)| *entry == id);
            let mut data = place.map_or(vec![], |place| entries.remove(place).1);
            if update.len() != 1 || (id == APPEND.0 && update[0] == 0xff) {
                return None;
            }
            if id == LAST.0 {
                data = update.clone();
            } else {
                // The lengths of this test all fit one octet.
                let mut content = if data.is_empty() { vec![] } else { data[1..].to_vec() };
                content.push(update[0]);
                data = [&[u8::try_from(content.len()).unwrap()], content.as_slice()].concat();
            }
            entries.push((id, data));
        }
    }
    entries.sort();
    Some(entries)
}

fn any_operation() -> impl Strategy<Value = AppDataOperation> {
    let octets = prop_oneof![
        12 => prop::collection::vec(0u8..4, 1),
        1 => Just(vec![0xff]),
        1 => prop::collection::vec(0u8..4, 0..3),
    ];
    prop_oneof![4 => octets.prop_map(AppDataOperation::Update), 1 => Just(AppDataOperation::Remove)]
}

fn any_updates() -> impl Strategy<Value = Vec<AppDataUpdate>> {
    let one = (prop::sample::select(vec![APPEND, LAST, UNKNOWN]), any_operation())
        .prop_map(|(component_id, operation)| AppDataUpdate { component_id, operation });
    prop::collection::vec(one, 0..6)
}

fn any_dictionary() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let append = prop::option::of(
        prop::collection::vec(0u8..4, 0..4)
            .prop_map(|content| (APPEND.0, [&[u8::try_from(content.len()).unwrap()], content.as_slice()].concat())),
    );
    let unknown = prop::option::of(prop::collection::vec(any::<u8>(), 0..4).prop_map(|data| (UNKNOWN.0, data)));
    let last = prop::option::of((0u8..4).prop_map(|data| (LAST.0, vec![data])));
    (append, unknown, last).prop_map(|(a, u, l)| a.into_iter().chain(u).chain(l).collect())
}

proptest! {
    #[test]
    fn the_outcome_is_that_of_a_naive_reading(
        before in any_dictionary(), updates in any_updates(), keep in any::<bool>(),
    ) {
        let entries = before.iter().map(|(id, data)| entry(ComponentId(*id), data)).collect();
        let dictionary = AppDataDictionary::new(entries).unwrap();
        let unknown = if keep { UnknownComponents::Keep } else { UnknownComponents::Refuse };
        let outcome = resolve(Some(&dictionary), &updates, KNOWN, unknown).ok().map(|resolution| {
            let after = resolution.dictionary.unwrap();
            after.entries().iter().map(|entry| (entry.component_id.0, entry.data.clone())).collect::<Vec<_>>()
        });
        prop_assert_eq!(outcome, naive(&before, &updates, keep));
    }

    #[test]
    fn what_comes_out_can_be_written_and_says_what_changed(before in any_dictionary(), updates in any_updates()) {
        let entries = before.iter().map(|(id, data)| entry(ComponentId(*id), data)).collect();
        let dictionary = AppDataDictionary::new(entries).unwrap();
        if let Ok(resolution) = resolve(Some(&dictionary), &updates, KNOWN, UnknownComponents::Keep) {
            let after = resolution.dictionary.unwrap();
            prop_assert_eq!(&AppDataDictionary::from_bytes(&after.to_bytes().unwrap()).unwrap(), &after);
            for id in [APPEND, LAST, UNKNOWN] {
                let expected = match resolution.changes.get(&id) {
                    Some(change) => change.as_deref(),
                    None => dictionary.find(id),
                };
                prop_assert_eq!(after.find(id), expected);
            }
        }
    }

    #[test]
    fn the_order_among_components_has_no_effect(before in any_dictionary(), updates in any_updates()) {
        let entries = before.iter().map(|(id, data)| entry(ComponentId(*id), data)).collect();
        let dictionary = AppDataDictionary::new(entries).unwrap();
        let mut sorted = updates.clone();
        sorted.sort_by_key(|update| std::cmp::Reverse(update.component_id));
        let outcome = |updates: &[AppDataUpdate]| {
            resolve(Some(&dictionary), updates, KNOWN, UnknownComponents::Keep).map_err(|error| error.to_string())
        };
        prop_assert_eq!(outcome(&updates), outcome(&sorted));
    }

    #[test]
    fn two_commits_one_after_the_other_are_each_on_what_the_first_left(octets in prop::collection::vec(0u8..9, 1..6), cut in 0usize..6) {
        let updates: Vec<_> = octets.iter().map(|octet| update(APPEND, &[*octet])).collect();
        let (first, second) = updates.split_at(cut.min(updates.len()));
        let between = refusing(None, first).unwrap();
        prop_assert_eq!(refusing(between.as_ref(), second).unwrap(), refusing(None, &updates).unwrap());
    }
}

#[test]
fn the_toys_keep_the_laws() {
    laws(&Octets(vec![1, 2, 3]));
}
