#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{Domain, RoomUri, UserUri};
use proptest::prelude::*;

use super::*;
use crate::key_material::KeyMaterialUserCode;
use crate::mls::{Credential, KeyPackage};
use crate::testing::{key_package, key_package_bytes, key_package_source, leaf};
use crate::{Wire, codec};

use ConsentOperation::{Cancel, Grant, Request, Revoke};

const OPERATIONS: [ConsentOperation; 4] = [Cancel, Request, Grant, Revoke];

fn user(uri: &str) -> UserUri {
    uri.parse().unwrap()
}

fn alice() -> UserUri {
    user("mimi://a.example/u/alice")
}

fn bob() -> UserUri {
    user("mimi://b.example/u/bob")
}

fn room(name: &str) -> RoomUri {
    format!("mimi://a.example/r/{name}").parse().unwrap()
}

/// Alice asks, Bob decides; an empty room is any.
fn scope(name: &str) -> ConsentScope {
    ConsentScope::new(alice(), bob(), (!name.is_empty()).then(|| room(name)))
}

fn action(operation: ConsentOperation) -> ConsentAction {
    match operation {
        Cancel => ConsentAction::Cancel,
        Request => ConsentAction::Request,
        Grant => ConsentAction::Grant { client_key_packages: vec![key_package()] },
        Revoke => ConsentAction::Revoke,
    }
}

fn check(
    endpoint: ConsentEndpoint,
    entry: &ConsentEntry,
    sender: &[&str],
    receiver: &[&str],
) -> Option<ConsentRefusal> {
    let domains = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Domain>>();
    let (sender, receiver) = (domains(sender), domains(receiver));
    endpoint.check(entry, Peers { sender: &sender, receiver: &receiver }).err()
}

#[test]
fn requests_go_to_the_targets_provider_and_updates_to_the_requesters() {
    // req: MP06-5.7-01, MP06-5.7-02, MP06-5.7-07, MP06-5.7-08, MP06-5.7-16, MP06-5.7-22, MP06-5.7-23, MP06-8-11
    use ConsentEndpoint::{RequestConsent, UpdateConsent};
    let (a, b) = ("a.example", "b.example");
    for operation in OPERATIONS {
        let entry = ConsentEntry::new(action(operation), scope("x"));
        let wrong = Some(ConsentRefusal::OperationOfOtherEndpoint { operation });
        if matches!(operation, Request | Cancel) {
            assert_eq!(ConsentEndpoint::of(operation), RequestConsent);
            assert_eq!(check(RequestConsent, &entry, &["z.example", a], &[b]), None);
            assert_eq!(check(UpdateConsent, &entry, &[a], &[b]), wrong);
            let target = Some(ConsentRefusal::TargetNotOfReceiver { target: bob() });
            assert_eq!(check(RequestConsent, &entry, &[a], &["hub.example"]), target);
            assert_eq!(check(RequestConsent, &entry, &[b], &[a]), target);
            let requester = Some(ConsentRefusal::RequesterNotOfSender { requester: alice() });
            assert_eq!(check(RequestConsent, &entry, &["hub.example"], &[b]), requester);
            assert_eq!(check(RequestConsent, &entry, &[], &[b]), requester);
        } else {
            assert_eq!(ConsentEndpoint::of(operation), UpdateConsent);
            assert_eq!(check(UpdateConsent, &entry, &[b], &["z.example", a]), None);
            assert_eq!(check(RequestConsent, &entry, &[b], &[a]), wrong);
            let requester = Some(ConsentRefusal::RequesterNotOfReceiver { requester: alice() });
            assert_eq!(check(UpdateConsent, &entry, &[b], &["hub.example"]), requester);
            assert_eq!(check(UpdateConsent, &entry, &[a], &[b]), requester);
            let target = Some(ConsentRefusal::TargetNotOfSender { target: bob() });
            assert_eq!(check(UpdateConsent, &entry, &["hub.example"], &[a]), target);
        }
    }
}

#[test]
fn the_room_may_be_of_any_provider() {
    // req: MP06-5.7-04, MP06-5.7-18
    let elsewhere = ConsentScope::new(alice(), bob(), Some("mimi://c.example/r/x".parse().unwrap()));
    let entry = ConsentEntry::new(ConsentAction::Request, elsewhere);
    assert_eq!(check(ConsentEndpoint::RequestConsent, &entry, &["a.example"], &["b.example"]), None);
}

fn key_package_of(identity: &str) -> KeyPackage {
    let bytes = key_package_bytes(key_package_source(), vec![]);
    let mut usual = Vec::new();
    leaf(key_package_source()).credential.encode(&mut usual).unwrap();
    let at = crate::testing::position(&bytes, &usual);
    let mut other = Vec::new();
    Credential::basic(identity.as_bytes()).encode(&mut other).unwrap();
    KeyPackage::from_bytes(&[&bytes[..at], &other, &bytes[at + usual.len()..]].concat()).unwrap()
}

#[test]
fn the_key_packages_of_a_grant_are_of_clients_of_the_target() {
    // req: MP06-5.7-21
    let refusal = |client_key_packages| {
        let entry = ConsentEntry::new(ConsentAction::Grant { client_key_packages }, scope(""));
        check(ConsentEndpoint::UpdateConsent, &entry, &["b.example"], &["a.example"])
    };
    assert_eq!(refusal(vec![]), None);
    assert_eq!(refusal(vec![key_package(), key_package_of("mimi://B.example/d/%62ob/tablet")]), None);
    for other in [
        "mimi://b.example/d/bobby/phone",
        "mimi://a.example/d/bob/phone",
        "mimi://b.example/d/phone",
        "mimi://b.example/u/bob",
        "bob",
        "",
    ] {
        let refused = Some(ConsentRefusal::KeyPackageNotOfTarget { index: 1 });
        assert_eq!(refusal(vec![key_package(), key_package_of(other)]), refused, "{other}");
    }
}

#[test]
fn the_path_names_the_receiving_user_or_their_domain() {
    // req: MP06-5.7-29
    let (request, update) = (ConsentEndpoint::RequestConsent, ConsentEndpoint::UpdateConsent);
    for (value, of_target, of_requester) in [
        ("b.example", true, false),
        ("B.Example", true, false),
        ("mimi://b.example/u/bob", true, false),
        ("mimi://b.example/u/bobby", false, false),
        ("a.example", false, true),
        ("mimi://a.example/u/alice", false, true),
        ("", false, false),
    ] {
        assert_eq!(request.path_fits(&scope(""), value), of_target, "{value}");
        assert_eq!(update.path_fits(&scope(""), value), of_requester, "{value}");
    }
    assert_eq!((request.keeper(), update.keeper()), (Keeper::TargetProvider, Keeper::RequesterProvider));
    assert_eq!((request.endpoint().name(), update.endpoint().name()), ("requestConsent", "updateConsent"));
}

#[test]
fn a_refusal_says_what_and_where() {
    let error = ConsentRefusal::KeyPackageNotOfTarget { index: 3 };
    assert_eq!(error.to_string(), "key package 3 is not of a client of the target");
    assert_eq!(error.section(), "draft-ietf-mimi-protocol-06 section 5.7");
}

#[test]
fn the_answer_says_no_more_than_that_the_entry_was_received() {
    // req: MP06-5.7-09, MP06-5.7-10, MP06-5.7-11, MP06-5.7-12, MP06-5.7-24, MP06-5.7-25, MP06-5.7-26
    // req: MP06-8-08, MP06-8-09
    assert_eq!(ConsentResponse::to_unknown_user(true).status(), 404);
    assert_eq!(ConsentResponse::to_unknown_user(false).status(), 201);
    for outcome in [
        Outcome::Requested,
        Outcome::AlreadyRequested,
        Outcome::AlreadyGranted,
        Outcome::Cancelled,
        Outcome::NothingToCancel,
        Outcome::RequestNotKept,
        Outcome::Granted { solicited: false },
        Outcome::Revoked { solicited: true },
    ] {
        assert_eq!(ConsentResponse::to(outcome).status(), 201, "{outcome:?}");
    }
    assert_eq!(ConsentResponse::to(Outcome::DecisionNotKept).status(), 503);
}

#[test]
fn the_table_of_transitions() {
    // req: MP06-5.7-06, MP06-5.7-12, MP06-5.7-19, MP06-8-03
    use ScopeState::{Denied, DeniedRequested, Granted, Requested, Unknown};
    let events = [
        ScopeEvent::Request,
        ScopeEvent::Cancel,
        ScopeEvent::Grant,
        ScopeEvent::Revoke,
        ScopeEvent::GrantAny,
        ScopeEvent::RevokeAny,
    ];
    for (from, to) in [
        (Unknown, [Requested, Unknown, Granted, Denied, Unknown, Unknown]),
        (Requested, [Requested, Unknown, Granted, Denied, Unknown, Unknown]),
        (Granted, [Granted, Granted, Granted, Denied, Unknown, Unknown]),
        (Denied, [DeniedRequested, Denied, Granted, Denied, Denied, Denied]),
        (DeniedRequested, [DeniedRequested, Denied, Granted, Denied, DeniedRequested, Denied]),
    ] {
        assert_eq!(events.map(|event| from.after(event)), to, "{from:?}");
        for event in events {
            assert_eq!(from.after(event).after(event), from.after(event), "{from:?} {event:?} twice");
        }
    }
}

#[test]
fn a_refusal_of_key_material_has_a_code_that_a_provider_may_coarsen() {
    // req: MP06-5.2-36, MP06-5.2-37, MP06-8-07
    for apart in [false, true] {
        assert_eq!(Consent::Granted.refusal(apart), None);
        assert_eq!(Consent::Denied.refusal(apart), Some(KeyMaterialUserCode::NoConsent));
        assert_eq!(Consent::Unknown.refusal(apart), Some(KeyMaterialUserCode::NoConsent));
    }
    assert_eq!(Consent::DeniedForThisRoom.refusal(false), Some(KeyMaterialUserCode::NoConsent));
    assert_eq!(Consent::DeniedForThisRoom.refusal(true), Some(KeyMaterialUserCode::NoConsentForThisRoom));
}

const AMPLE: Limits = Limits { requests: 1000, decisions: 1000 };

fn after(events: &[(ConsentOperation, &str)]) -> ConsentStates {
    let mut states = ConsentStates::new(Keeper::TargetProvider, AMPLE);
    for (operation, name) in events {
        states.apply(*operation, &scope(name));
    }
    states
}

fn may(states: &ConsentStates, name: &str) -> Consent {
    states.may(&alice(), &bob(), (!name.is_empty()).then(|| room(name)).as_ref())
}

#[test]
fn the_examples_of_the_draft() {
    // req: MP06-5.7-20, MP06-8-02, MP06-8-03, MP06-8-04, MP06-8-05, MP06-8-06
    let asked_for_room = after(&[(Request, "x"), (Grant, "")]);
    assert_eq!((may(&asked_for_room, "x"), may(&asked_for_room, "y")), (Consent::Granted, Consent::Granted));
    assert_eq!(asked_for_room.requested(&bob()).count(), 0);
    let revoked = after(&[(Request, "x"), (Revoke, "")]);
    assert_eq!((may(&revoked, "x"), may(&revoked, "")), (Consent::Denied, Consent::Denied));
    let knock = after(&[(Request, ""), (Grant, "x")]);
    assert_eq!((may(&knock, "x"), may(&knock, "y")), (Consent::Granted, Consent::Unknown));
    assert_eq!(knock.requested(&bob()).collect::<Vec<_>>(), [(&alice(), None)]);
    assert_eq!(may(&after(&[(Grant, "")]), "x"), Consent::Granted);
    assert_eq!(may(&after(&[(Revoke, "")]), "x"), Consent::Denied);
}

#[test]
fn a_cancellation_takes_back_only_a_request_with_the_same_scope() {
    // req: MP06-5.7-06, MP06-5.7-12
    let mut states = after(&[(Request, "x")]);
    let before = states.clone();
    for other in ["", "y"] {
        assert_eq!(states.apply(Cancel, &scope(other)), Outcome::NothingToCancel);
    }
    let swapped = ConsentScope::new(bob(), alice(), Some(room("x")));
    assert_eq!(states.apply(Cancel, &swapped), Outcome::NothingToCancel);
    assert_eq!(states, before);
    let spelt = b"\x18mimi://A.example/u/alice\x16mimi://b.example/u/bob\x01\x14mimi://a.example/r/x";
    assert_eq!(states.apply(Cancel, &ConsentScope::from_bytes(spelt).unwrap()), Outcome::Cancelled);
    assert_eq!(states, after(&[]));
    let mut granted = after(&[(Request, "x"), (Grant, "x")]);
    assert_eq!(granted.apply(Cancel, &scope("x")), Outcome::NothingToCancel);
    assert_eq!(may(&granted, "x"), Consent::Granted);
}

#[test]
fn a_decision_on_a_room_goes_before_one_on_any_room() {
    // req: MP06-8-01, MP06-8-04
    use Consent::{Denied, DeniedForThisRoom, Granted, Unknown};
    for (events, x, y, any) in [
        (&[(Grant, ""), (Revoke, "x")][..], DeniedForThisRoom, Granted, Granted),
        (&[(Revoke, "x"), (Grant, "")], DeniedForThisRoom, Granted, Granted),
        (&[(Revoke, ""), (Grant, "x")], Granted, DeniedForThisRoom, Denied),
        (&[(Grant, "x"), (Revoke, "")], Denied, Denied, Denied),
        (&[(Grant, ""), (Revoke, "x"), (Grant, "x")], Granted, Granted, Granted),
        (&[(Grant, ""), (Grant, "x"), (Revoke, "")], Denied, Denied, Denied),
        (&[(Revoke, "x"), (Revoke, ""), (Grant, "")], DeniedForThisRoom, Granted, Granted),
        (&[(Grant, "x")], Granted, Unknown, Unknown),
        (&[(Revoke, "x")], DeniedForThisRoom, Unknown, Unknown),
        (&[(Revoke, "x"), (Revoke, "")], Denied, Denied, Denied),
    ] {
        let states = after(events);
        assert_eq!((may(&states, "x"), may(&states, "y"), may(&states, "")), (x, y, any), "{events:?}");
    }
}

#[test]
fn consent_is_not_mutual() {
    // req: MP06-5.7-05, MP06-5.7-19
    let states = after(&[(Grant, "")]);
    assert_eq!(states.may(&bob(), &alice(), None), Consent::Unknown);
}

#[test]
fn asking_again_after_a_denial_waits_without_lifting_it() {
    let mut states = after(&[(Revoke, "x")]);
    assert_eq!(states.apply(Request, &scope("x")), Outcome::Requested);
    assert_eq!(may(&states, "x"), Consent::DeniedForThisRoom);
    assert_eq!(states.apply(Request, &scope("x")), Outcome::AlreadyRequested);
    assert_eq!(states.apply(Grant, &scope("")), Outcome::Granted { solicited: false });
    assert_eq!(states.requested(&bob()).count(), 1);
    assert_eq!(states.apply(Grant, &scope("x")), Outcome::Granted { solicited: true });
    assert_eq!(states.apply(Request, &scope("x")), Outcome::AlreadyGranted);
}

#[test]
fn limits_hold_for_each_user_and_apart_for_requests_and_decisions() {
    let limits = Limits { requests: 2, decisions: 1 };
    let mut states = ConsentStates::new(Keeper::TargetProvider, limits);
    assert_eq!(states.apply(Request, &scope("x")), Outcome::Requested);
    assert_eq!(states.apply(Request, &scope("y")), Outcome::Requested);
    let full = states.clone();
    assert_eq!(states.apply(Request, &scope("z")), Outcome::RequestNotKept);
    let cathy = user("mimi://c.example/u/cathy");
    assert_eq!(states.apply(Request, &ConsentScope::new(cathy.clone(), bob(), None)), Outcome::RequestNotKept);
    assert_eq!(states, full);
    assert_eq!(states.apply(Request, &ConsentScope::new(alice(), cathy, None)), Outcome::Requested);
    assert_eq!(states.apply(Request, &scope("x")), Outcome::AlreadyRequested);
    assert_eq!(states.apply(Grant, &scope("x")), Outcome::Granted { solicited: true });
    assert_eq!(states.apply(Revoke, &scope("y")), Outcome::DecisionNotKept);
    assert_eq!(states.kept(&bob()), Limits { requests: 1, decisions: 1 });
    assert_eq!(states.apply(Revoke, &scope("")), Outcome::Revoked { solicited: true });
    assert_eq!(states.kept(&bob()), Limits { requests: 0, decisions: 1 });
    assert_eq!(may(&states, "x"), Consent::Denied);
    states.forget(&bob());
    assert_eq!(may(&states, "x"), Consent::Unknown);
    let none = Limits { requests: 0, decisions: 0 };
    let mut nothing = ConsentStates::new(Keeper::RequesterProvider, none);
    assert_eq!(nothing.apply(Grant, &scope("")), Outcome::DecisionNotKept);
    assert_eq!(nothing, ConsentStates::new(Keeper::RequesterProvider, none));
}

#[test]
fn a_list_of_key_packages_ends_where_its_length_says() {
    // req: MP06-5.7-14
    let entry = ConsentEntry::new(action(Grant), scope("x"));
    let mut list = Vec::new();
    codec::put_list(&mut list, entry.client_key_packages()).unwrap();
    let bytes = entry.to_bytes().unwrap();
    assert_eq!(crate::testing::position(&bytes, &list) + list.len() + 1, bytes.len());
}

/// What happened to one pair, and the answers read off from it, without states.
struct History(Vec<(ConsentOperation, usize)>);

/// The scopes of the model: 0 is any room.
const NAMES: [&str; 4] = ["", "x", "y", "z"];

impl History {
    /// The last decision on exactly this scope before `end`, and when it was.
    fn own_decision(&self, scope: usize, end: usize) -> Option<(usize, bool)> {
        let found = (0..end).rev().find(|&at| self.0[at].1 == scope && matches!(self.0[at].0, Grant | Revoke))?;
        Some((found, self.0[found].0 == Grant))
    }

    /// Whether the scope is granted or denied before `end`, whichever decision says so.
    fn decided(&self, scope: usize, end: usize) -> Option<bool> {
        let any = self.own_decision(0, end).map(|(_, granted)| granted);
        match self.own_decision(scope, end) {
            Some((_, false)) => Some(false),
            Some((at, true)) if !(at..end).any(|later| self.0[later] == (Revoke, 0)) => Some(true),
            _ => any,
        }
    }

    fn requested(&self, scope: usize) -> bool {
        let end = self.0.len();
        (0..end).any(|at| {
            self.0[at] == (Request, scope)
                && self.decided(scope, at) != Some(true)
                && (at + 1..end).all(|later| match self.0[later] {
                    (Request, _) => true,
                    (_, of) if of == scope => false,
                    (Revoke, 0) => false,
                    (Grant, 0) => self.decided(scope, later + 1) != Some(true),
                    _ => true,
                })
        })
    }

    fn may(&self, scope: usize) -> Consent {
        let end = self.0.len();
        let elsewhere = self.decided(0, end) != Some(false) || (1..4).any(|room| self.decided(room, end) == Some(true));
        match self.decided(scope, end) {
            None => Consent::Unknown,
            Some(true) => Consent::Granted,
            Some(false) if scope != 0 && elsewhere => Consent::DeniedForThisRoom,
            Some(false) => Consent::Denied,
        }
    }
}

fn events(length: usize) -> impl Strategy<Value = Vec<(ConsentOperation, usize)>> {
    prop::collection::vec((prop::sample::select(OPERATIONS.to_vec()), 0..NAMES.len()), 0..length)
}

fn run(events: &[(ConsentOperation, usize)]) -> ConsentStates {
    after(&events.iter().map(|&(operation, scope)| (operation, NAMES[scope])).collect::<Vec<_>>())
}

/// Whether the order of two operations on different scopes counts: only a grant for a room and a revocation for any.
fn order_counts(a: (ConsentOperation, usize), b: (ConsentOperation, usize)) -> bool {
    let of_two = |a: (_, usize), b: (_, usize)| a == (Revoke, 0) && b.0 == Grant && b.1 != 0;
    a.1 == b.1 || of_two(a, b) || of_two(b, a)
}

proptest! {
    #[test]
    fn states_answer_as_the_whole_history_does(events in events(24)) {
        // req: MP06-5.7-06, MP06-5.7-12, MP06-8-01
        let states = run(&events);
        let history = History(events);
        let waiting: Vec<_> = states.requested(&bob()).map(|(_, room)| room.cloned()).collect();
        for (scope, name) in NAMES.iter().enumerate() {
            prop_assert_eq!(may(&states, name), history.may(scope), "{:?}", name);
            let named = (!name.is_empty()).then(|| room(name));
            prop_assert_eq!(waiting.contains(&named), history.requested(scope), "{:?}", name);
        }
    }

    #[test]
    fn an_operation_done_twice_is_as_done_once(events in events(16), last in (prop::sample::select(OPERATIONS.to_vec()), 0usize..4)) {
        let once = run(&[&events[..], &[last]].concat());
        prop_assert_eq!(run(&[&events[..], &[last, last]].concat()), once);
    }

    #[test]
    fn decisions_on_different_scopes_can_change_places(
        before in events(12),
        a in (prop::sample::select(vec![Grant, Revoke]), 0usize..4),
        b in (prop::sample::select(vec![Grant, Revoke]), 0usize..4),
    ) {
        prop_assume!(!order_counts(a, b));
        prop_assert_eq!(run(&[&before[..], &[a, b]].concat()), run(&[&before[..], &[b, a]].concat()));
    }

    #[test]
    fn requests_and_cancellations_change_nobodys_consent(events in events(24)) {
        // req: MP06-5.7-12
        let decisions: Vec<_> = events.iter().copied().filter(|event| matches!(event.0, Grant | Revoke)).collect();
        let (with, without) = (run(&events), run(&decisions));
        for name in NAMES {
            prop_assert_eq!(may(&with, name), may(&without, name));
        }
    }

    #[test]
    fn both_providers_come_to_the_same_consent_however_requests_and_decisions_cross(
        requests in prop::collection::vec((prop::sample::select(vec![Request, Cancel]), 0usize..4), 0..8),
        decisions in prop::collection::vec((prop::sample::select(vec![Grant, Revoke]), 0usize..4), 0..8),
        order in prop::collection::vec(any::<bool>(), 16),
    ) {
        let (mut r, mut d) = (requests.iter(), decisions.iter());
        let crossed: Vec<_> = order.iter().filter_map(|first| if *first { r.next() } else { d.next() }).copied().collect();
        let crossed = [crossed, r.copied().collect(), d.copied().collect()].concat();
        let straight = [&requests[..], &decisions[..]].concat();
        for name in NAMES {
            prop_assert_eq!(may(&run(&crossed), name), may(&run(&straight), name));
        }
    }

    #[test]
    fn what_is_written_down_scope_by_scope_is_put_back(events in events(24)) {
        let states = run(&events);
        let mut restored = ConsentStates::new(Keeper::TargetProvider, AMPLE);
        for (other, pair) in states.pairs(&bob()) {
            for (room, state) in pair.scopes() {
                restored.restore(bob(), other.clone(), room.cloned(), state);
            }
        }
        prop_assert_eq!(restored.kept(&bob()), states.kept(&bob()));
        prop_assert_eq!(restored, states);
    }

    #[test]
    fn what_happens_between_two_users_leaves_others_alone(events in events(12), others in events(12)) {
        let cathy = user("mimi://a.example/u/cathy");
        let mut mixed = ConsentStates::new(Keeper::TargetProvider, AMPLE);
        for pair in 0..events.len().max(others.len()) {
            if let Some(&(operation, at)) = events.get(pair) {
                mixed.apply(operation, &scope(NAMES[at]));
            }
            if let Some(&(operation, at)) = others.get(pair) {
                mixed.apply(operation, &ConsentScope::new(cathy.clone(), bob(), scope(NAMES[at]).room().cloned()));
            }
        }
        let alone = run(&events);
        prop_assert_eq!(mixed.pair(&alice(), &bob()), alone.pair(&alice(), &bob()));
    }

    #[test]
    fn no_more_is_kept_than_the_limits_say_and_what_is_not_kept_changes_nothing(
        events in prop::collection::vec((prop::sample::select(OPERATIONS.to_vec()), 0usize..4, any::<bool>()), 0..40),
        requests in 0usize..4,
        decisions in 0usize..4,
        of_target in any::<bool>(),
    ) {
        let limits = Limits { requests, decisions };
        let (keeper, own) =
            if of_target { (Keeper::TargetProvider, bob()) } else { (Keeper::RequesterProvider, alice()) };
        let mut states = ConsentStates::new(keeper, limits);
        let cathy = user("mimi://c.example/u/cathy");
        for (operation, at, of_cathy) in events {
            let room = scope(NAMES[at]).room().cloned();
            let (requester, target) = match (of_cathy, of_target) {
                (false, _) => (alice(), bob()),
                (true, true) => (cathy.clone(), bob()),
                (true, false) => (alice(), cathy.clone()),
            };
            let before = states.clone();
            let granted = before.may(&requester, &target, room.as_ref()) == Consent::Granted;
            let outcome = states.apply(operation, &ConsentScope::new(requester.clone(), target.clone(), room.clone()));
            if matches!(outcome, Outcome::RequestNotKept | Outcome::DecisionNotKept | Outcome::NothingToCancel) {
                prop_assert_eq!(&states, &before);
            }
            if let Outcome::Granted { .. } = outcome {
                prop_assert_eq!(states.may(&requester, &target, room.as_ref()), Consent::Granted);
            }
            if let Outcome::Revoked { .. } = outcome {
                prop_assert_ne!(states.may(&requester, &target, room.as_ref()), Consent::Granted);
            }
            if outcome == Outcome::AlreadyGranted {
                prop_assert!(granted);
            }
            let kept = states.kept(&own);
            prop_assert!(kept.requests <= requests && kept.decisions <= decisions);
            prop_assert!(outcome != Outcome::Requested || kept.requests > 0);
            prop_assert_eq!(kept.requests, states.requested(&own).count());
        }
    }
}
