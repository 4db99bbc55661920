//! Key packages through the hub (section 5.2).

use mimi_ds::{
    Effect,
    follower::{ClaimPolicy, ClaimRefusal, TargetUser, answer_from_grant, claim_for_grant, claim_key_material},
    hub::key_material::{BadKeyMaterial, KeyMaterialRefusal, routes},
    store::{GrantedKeyPackage, StoredKeyPackage},
};
use mimi_protocol::{
    CipherSuite, IdentifierUri,
    consent::Consent,
    crypto::{Ed25519Signer, LabelSigner},
    key_material::{
        ClientKeyMaterial, KeyMaterialClientCode, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialUserCode,
    },
    mls::{Credential, RequiredCapabilities},
};
use openmls::prelude::Lifetime;

use crate::{flow::Signer, support::*};

const NOW_SECONDS: u64 = 1_800_000_000;

fn request(change: impl FnOnce(&mut KeyMaterialRequestTbs)) -> KeyMaterialRequest {
    request_signed(&Ed25519Signer::from_seed([3; 32]), change)
}

fn request_signed(signer: &dyn LabelSigner, change: impl FnOnce(&mut KeyMaterialRequestTbs)) -> KeyMaterialRequest {
    let mut tbs = KeyMaterialRequestTbs {
        requesting_user: IdentifierUri::new("mimi://b.example/u/bob"),
        target_user: IdentifierUri::new("mimi://c.example/u/cathy"),
        room_id: IdentifierUri::from(room_uri()),
        acceptable_ciphersuites: vec![SUITE],
        required_capabilities: RequiredCapabilities {
            extension_types: vec![6],
            proposal_types: vec![8, 10],
            credential_types: vec![1],
        },
        requester_signature_key: signer.public_key().to_vec(),
        requester_credential: Credential::basic(*b"mimi://b.example/d/bob/1"),
    };
    change(&mut tbs);
    tbs.sign(signer).unwrap()
}

fn stored(client: &Client, lifetime: (u64, u64), last_resort: bool) -> StoredKeyPackage {
    let key_package = client.key_package_for(Lifetime::init(lifetime.0, lifetime.1));
    StoredKeyPackage {
        client: client.uri.clone(),
        reference: key_package.reference().unwrap(),
        bytes: key_package.as_bytes().to_vec(),
        not_after: lifetime.1,
        last_resort,
    }
}

fn target(clients: &[&Client], key_packages: Vec<StoredKeyPackage>) -> TargetUser {
    TargetUser {
        user: user("mimi://c.example/u/cathy"),
        known: true,
        deleted: false,
        requires_consent: false,
        consent: Consent::Unknown,
        clients: clients.iter().map(|client| client.uri.clone()).collect(),
        key_packages,
    }
}

fn claim(
    request: &KeyMaterialRequest,
    target: &TargetUser,
) -> (KeyMaterialUserCode, Vec<KeyMaterialClientCode>, Vec<Effect>) {
    let (hub, own) = (domain("a.example"), domain("c.example"));
    let (response, effects) = claim_key_material(&hub, request, target, &own, TELLS_ALL, NOW_SECONDS).unwrap();
    let clients = response.clients.iter().map(ClientKeyMaterial::client_status).collect();
    (response.user_status, clients, effects)
}

const TELLS_ALL: ClaimPolicy = ClaimPolicy { reveals_unknown_users: true, tells_rooms_apart: true };

const GOOD: (u64, u64) = (NOW_SECONDS - 10, NOW_SECONDS + 10);

#[test]
fn one_key_package_of_each_client_is_claimed_the_oldest_first_and_the_last_resort_last() {
    // req: MP06-5.2-23
    // req: MP06-5.2-29
    // req: MP06-5.2-40
    // req: MP06-5.2-43
    let (one, two) = (Client::new("mimi://c.example/d/cathy/1"), Client::new("mimi://c.example/d/cathy/2"));
    let packages =
        vec![stored(&one, GOOD, true), stored(&one, GOOD, false), stored(&two, GOOD, false), stored(&two, GOOD, false)];
    let claimed = |index: usize| Effect::ClaimKeyPackage { reference: packages[index].reference.clone() };
    let (code, clients, effects) = claim(&request(|_| {}), &target(&[&one, &two], packages.clone()));
    assert_eq!(code, KeyMaterialUserCode::Success);
    assert_eq!(clients, [KeyMaterialClientCode::Success; 2]);
    assert_eq!(effects, [claimed(1), claimed(2)]);
    let (code, _, effects) = claim(&request(|_| {}), &target(&[&one], packages[..1].to_vec()));
    assert_eq!((code, effects), (KeyMaterialUserCode::Success, vec![claimed(0)]));
}

#[test]
fn what_is_missing_expired_or_incompatible_is_said_per_client() {
    // req: MP06-5.2-24
    // req: MP06-5.2-30
    // req: MP06-5.2-32
    // req: MP06-5.2-41
    // req: MP06-5.2-42
    let (one, two) = (Client::new("mimi://c.example/d/cathy/1"), Client::new("mimi://c.example/d/cathy/2"));
    let good = stored(&one, GOOD, false);
    let expired = stored(&two, (NOW_SECONDS - 20, NOW_SECONDS - 10), false);
    let (code, clients, effects) = claim(&request(|_| {}), &target(&[&one, &two], vec![good.clone(), expired]));
    assert_eq!(code, KeyMaterialUserCode::PartialSuccess);
    assert_eq!(clients, [KeyMaterialClientCode::Success, KeyMaterialClientCode::KeyMaterialExhausted]);
    assert_eq!(effects.len(), 1);

    let early = stored(&one, (NOW_SECONDS + 5, NOW_SECONDS + 10), false);
    let (code, clients, effects) = claim(&request(|_| {}), &target(&[&one], vec![early]));
    assert_eq!((code, effects.len()), (KeyMaterialUserCode::NoCompatibleMaterial, 0));
    assert_eq!(clients, [KeyMaterialClientCode::KeyMaterialExhausted]);

    let other_suite = request(|tbs| tbs.acceptable_ciphersuites = vec![CipherSuite(3)]);
    let unknown_extension = request(|tbs| tbs.required_capabilities.extension_types.push(0xff00));
    for request in [other_suite, unknown_extension] {
        let (code, clients, effects) = claim(&request, &target(&[&one], vec![good.clone()]));
        assert_eq!((code, effects.len()), (KeyMaterialUserCode::NoCompatibleMaterial, 0));
        assert_eq!(clients, [KeyMaterialClientCode::NothingCompatible]);
    }
}

#[test]
fn an_unknown_user_is_said_to_be_unknown_without_clients() {
    // req: MP06-5.2-22
    // req: MP06-5.2-33
    let unknown = TargetUser { known: false, ..target(&[], vec![]) };
    assert_eq!(claim(&request(|_| {}), &unknown), (KeyMaterialUserCode::UserUnknown, vec![], vec![]));
}

// req: DS06-9.5-01
#[test]
fn only_the_requesters_provider_or_the_rooms_hub_may_ask_the_target() {
    // req: MP06-3.2-10
    // req: MP06-5.2-05
    let target = target(&[], vec![]);
    let own = domain("c.example");
    let ask = |source: &str, request: &KeyMaterialRequest| {
        claim_key_material(&domain(source), request, &target, &own, TELLS_ALL, NOW_SECONDS).map(drop)
    };
    assert!(ask("a.example", &request(|_| {})).is_ok());
    assert!(ask("b.example", &request(|_| {})).is_ok());
    assert_eq!(ask("d.example", &request(|_| {})), Err(ClaimRefusal::Source(domain("d.example"))));
    let outside_a_room = request(|tbs| tbs.room_id = IdentifierUri::default());
    assert!(ask("b.example", &outside_a_room).is_ok());
    assert_eq!(ask("a.example", &outside_a_room), Err(ClaimRefusal::Source(domain("a.example"))));
    let somebody_else = request(|tbs| tbs.requester_credential = Credential::basic(*b"mimi://b.example/d/eve/1"));
    let bob = user("mimi://b.example/u/bob");
    assert_eq!(ask("a.example", &somebody_else), Err(ClaimRefusal::Credential(bob)));
    let other_target = request(|tbs| tbs.target_user = IdentifierUri::new("mimi://c.example/u/dora"));
    assert!(matches!(ask("a.example", &other_target), Err(ClaimRefusal::OtherTarget(_))));
    let no_uri = request(|tbs| tbs.room_id = IdentifierUri::new("nonsense"));
    assert!(matches!(ask("a.example", &no_uri), Err(ClaimRefusal::Identifier(..))));
    let foreign =
        claim_key_material(&domain("a.example"), &request(|_| {}), &target, &domain("d.example"), TELLS_ALL, 0);
    assert!(matches!(foreign, Err(ClaimRefusal::ForeignTarget(_))));
}

#[test]
fn the_hub_passes_on_what_participants_ask_for_this_room() {
    // req: MP06-3.3-01
    // req: MP06-3.3-03
    // req: MP06-5.2-08
    let mut world = World::three();
    let cathy = user("mimi://c.example/u/cathy");
    let signer = Signer(world.client("bob").signer.clone());
    let request = |change: &dyn Fn(&mut KeyMaterialRequestTbs)| request_signed(&signer, |tbs| change(tbs));
    let ask = |world: &World, source: &str, request: &KeyMaterialRequest| {
        world.room.key_material(&domain(source), &cathy, request)
    };
    assert_eq!(ask(&world, "b.example", &request(&|_| {})), Ok(domain("c.example")));
    let foreign = ask(&world, "c.example", &request(&|_| {}));
    assert!(matches!(foreign, Err(KeyMaterialRefusal::ForeignUser { .. })));
    for room in ["mimi://a.example/r/other", "", "nonsense"] {
        let other = request(&|tbs| tbs.room_id = IdentifierUri::new(room));
        assert_eq!(ask(&world, "b.example", &other), Err(KeyMaterialRefusal::OtherRoom(room_uri())));
    }
    let stranger = request(&|tbs| {
        tbs.requesting_user = IdentifierUri::new("mimi://b.example/u/eve");
        tbs.requester_credential = Credential::basic(*b"mimi://b.example/d/eve/1");
    });
    assert!(matches!(ask(&world, "b.example", &stranger), Err(KeyMaterialRefusal::Denied(_))));
    let borrowed = request(&|tbs| tbs.requester_credential = Credential::basic(*b"mimi://b.example/d/eve/1"));
    assert!(matches!(ask(&world, "b.example", &borrowed), Err(KeyMaterialRefusal::Credential(_))));
    let other_target = request(&|tbs| tbs.target_user = IdentifierUri::new("mimi://c.example/u/dora"));
    assert!(matches!(ask(&world, "b.example", &other_target), Err(KeyMaterialRefusal::OtherTarget(_))));

    // Who signs with another key than in the group is no member, whatever the credential says.
    let forged = request_signed(&Ed25519Signer::from_seed([3; 32]), |_| {});
    assert!(matches!(ask(&world, "b.example", &forged), Err(KeyMaterialRefusal::NotAMember(_))));
    let other_device = request(&|tbs| tbs.requester_credential = Credential::basic(*b"mimi://b.example/d/bob/9"));
    assert!(matches!(ask(&world, "b.example", &other_device), Err(KeyMaterialRefusal::NotAMember(_))));

    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    assert!(matches!(ask(&world, "b.example", &request(&|_| {})), Err(KeyMaterialRefusal::Leaving(_))));
}

#[test]
fn the_hub_remembers_where_key_packages_lead_and_passes_no_foreign_ones_on() {
    // req: MP06-3.2-12
    // req: MP06-5.2-44
    let one = Client::new("mimi://c.example/d/cathy/1");
    let package = stored(&one, GOOD, false);
    let (hub, own) = (domain("a.example"), domain("c.example"));
    let target = target(&[&one], vec![package.clone()]);
    let (response, _) = claim_key_material(&hub, &request(|_| {}), &target, &own, TELLS_ALL, NOW_SECONDS).unwrap();
    let route = Effect::PutRoute { reference: package.reference, provider: domain("c.example"), not_after: GOOD.1 };
    assert_eq!(routes(&target.user, &response), Ok(vec![route]));
    let other = user("mimi://c.example/u/dora");
    assert!(matches!(routes(&other, &response), Err(BadKeyMaterial::OtherUser(_))));
    let mut foreign = response;
    let ClientKeyMaterial::Success { client_uri, .. } = &mut foreign.clients[0] else { panic!() };
    *client_uri = IdentifierUri::new("mimi://c.example/d/cathy/2");
    assert!(matches!(routes(&target.user, &foreign), Err(BadKeyMaterial::OtherClient(_))));
}

/// What is answered by a provider that tells everything, and by one that tells nothing.
fn codes(target: &TargetUser) -> [KeyMaterialUserCode; 2] {
    [TELLS_ALL, ClaimPolicy::default()].map(|policy| {
        let (hub, own) = (domain("a.example"), domain("c.example"));
        let (response, effects) =
            claim_key_material(&hub, &request(|_| {}), target, &own, policy, NOW_SECONDS).unwrap();
        let refused = !response.user_status.allows_clients();
        assert!(!refused || (response.clients.is_empty() && effects.is_empty()), "{:?}", response.user_status);
        response.user_status
    })
}

// req: DS06-9.5-02
#[test]
fn consent_decides_before_any_client_is_looked_at() {
    // req: MP06-5.2-22
    // req: MP06-5.2-34
    // req: MP06-5.2-36
    // req: MP06-5.2-37
    // req: MP06-8-07
    use KeyMaterialUserCode::{NoConsent, NoConsentForThisRoom, Success};
    let one = Client::new("mimi://c.example/d/cathy/1");
    let open = target(&[&one], vec![stored(&one, GOOD, false)]);
    for (consent, requires_consent, expected) in [
        (Consent::Unknown, false, [Success; 2]),
        (Consent::Unknown, true, [NoConsent; 2]),
        (Consent::Granted, true, [Success; 2]),
        (Consent::Granted, false, [Success; 2]),
        (Consent::Denied, false, [NoConsent; 2]),
        (Consent::DeniedForThisRoom, false, [NoConsentForThisRoom, NoConsent]),
        (Consent::DeniedForThisRoom, true, [NoConsentForThisRoom, NoConsent]),
    ] {
        let target = TargetUser { consent, requires_consent, ..open.clone() };
        assert_eq!(codes(&target), expected, "{consent:?} {requires_consent}");
    }
}

#[test]
fn who_is_unknown_or_deleted_looks_like_who_does_not_consent_unless_that_is_told() {
    // req: MP06-5.2-33
    // req: MP06-5.2-35
    // req: MP06-5.2-38
    // req: MP06-5.2-39
    use KeyMaterialUserCode::{NoConsent, UserDeleted, UserUnknown};
    let unknown = TargetUser { known: false, ..target(&[], vec![]) };
    assert_eq!(codes(&unknown), [UserUnknown, NoConsent]);
    let deleted = TargetUser { deleted: true, ..target(&[], vec![]) };
    assert_eq!(codes(&deleted), [UserDeleted, NoConsent]);
}

#[test]
fn a_user_needs_no_consent_to_add_own_clients() {
    let one = Client::new("mimi://c.example/d/cathy/1");
    let open = target(&[&one], vec![stored(&one, GOOD, false)]);
    let denied = TargetUser { consent: Consent::Denied, requires_consent: true, ..open };
    let own = request(|tbs| {
        tbs.requesting_user = IdentifierUri::new("mimi://c.example/u/cathy");
        tbs.requester_credential = Credential::basic(*b"mimi://c.example/d/cathy/2");
    });
    assert_eq!(claim(&own, &denied).0, KeyMaterialUserCode::Success);
}

#[test]
fn every_code_of_key_material_is_given() {
    // incompatibleProtocol (2) is answered before the request is read; the provider's test of codes reaches it.
    // req: MP06-5.2-25
    // req: MP06-5.2-26
    let (one, two) = (Client::new("mimi://c.example/d/cathy/1"), Client::new("mimi://c.example/d/cathy/2"));
    let good = stored(&one, GOOD, false);
    let all = target(&[&one], vec![good.clone()]);
    let part = target(&[&one, &two], vec![good.clone()]);
    let with = |consent| TargetUser { consent, ..all.clone() };
    let mut user_codes: Vec<u8> = [
        all.clone(),
        part.clone(),
        target(&[&two], vec![]),
        TargetUser { known: false, ..all.clone() },
        TargetUser { deleted: true, ..all.clone() },
        with(Consent::Denied),
        with(Consent::DeniedForThisRoom),
    ]
    .iter()
    .map(|target| claim(&request(|_| {}), target).0 as u8)
    .collect();
    user_codes.sort_unstable();
    assert_eq!(user_codes, [0, 1, 3, 4, 5, 6, 7]);
    let unknown_extension = request(|tbs| tbs.required_capabilities.extension_types.push(0xff00));
    let mut client_codes = claim(&request(|_| {}), &part).1;
    client_codes.extend(claim(&unknown_extension, &all).1);
    assert_eq!(
        client_codes,
        [
            KeyMaterialClientCode::Success,
            KeyMaterialClientCode::KeyMaterialExhausted,
            KeyMaterialClientCode::NothingCompatible
        ]
    );
}

#[test]
fn a_grant_takes_one_key_package_of_each_client_and_none_of_last_resort() {
    // req: MP06-5.7-21
    // req: MP06-5.2-23
    let (one, two) = (Client::new("mimi://c.example/d/cathy/1"), Client::new("mimi://c.example/d/cathy/2"));
    let expired = stored(&one, (NOW_SECONDS - 20, NOW_SECONDS - 10), false);
    let packages = [expired, stored(&one, GOOD, false), stored(&one, GOOD, false), stored(&two, GOOD, true)];
    let clients = [one.uri.clone(), two.uri.clone()];
    let (given, effects) = claim_for_grant(&clients, &packages, NOW_SECONDS);
    assert_eq!(given.len(), 1);
    assert_eq!(effects, [Effect::ClaimKeyPackage { reference: packages[1].reference.clone() }]);
}

#[test]
fn key_packages_of_a_grant_are_used_once_for_the_room_they_are_for() {
    // req: MP06-5.7-21
    let one = Client::new("mimi://c.example/d/cathy/1");
    let of = |room: Option<&str>, lifetime| GrantedKeyPackage {
        room: room.map(|room| room.parse().unwrap()),
        key_package: stored(&one, lifetime, false),
    };
    let ask = |granted: &[GrantedKeyPackage]| answer_from_grant(&request(|_| {}), granted, NOW_SECONDS);
    for room in [None, Some(room_uri().as_str())] {
        let granted = of(room, GOOD);
        let (response, effects) = ask(std::slice::from_ref(&granted)).unwrap();
        assert_eq!((response.user_status, response.clients.len()), (KeyMaterialUserCode::Success, 1));
        let reference = granted.key_package.reference;
        assert_eq!(effects, [Effect::TakeGrantedKeyPackage { reference }]);
    }
    assert!(ask(&[]).is_none());
    assert!(ask(&[of(Some("mimi://a.example/r/other"), GOOD)]).is_none());
    assert!(ask(&[of(None, (NOW_SECONDS - 20, NOW_SECONDS - 10))]).is_none());
    let picky = request(|tbs| tbs.acceptable_ciphersuites = vec![CipherSuite(3)]);
    assert!(answer_from_grant(&picky, &[of(None, GOOD)], NOW_SECONDS).is_none());
}
