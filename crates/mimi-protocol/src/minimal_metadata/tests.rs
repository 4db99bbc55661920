#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{ClientUri, RoleIndex, UserUri};

use super::profile::{
    LinkKey, LinkKeyEntry, LinkKeyRing, RING_EXPORTER_LABEL, RING_NOT_SORTED, RingError, SealedRing, ring_key_length,
};
use super::*;
use crate::codec::{TRAILING, Wire};
use crate::crypto::{AeadError, Ed25519Signer, LabelSigner, SignatureError};
use crate::identifier_uri::IdentifierUri;
use crate::mls::{Credential, LeafNode, LeafNodeSource};
use crate::participant_list::{ParticipantListData, UserRolePair};
use crate::testing::{laws, leaf, refused};
use crate::values::{CipherSuite, Epoch};

const SUITE: CipherSuite = CipherSuite(1);
const USER: &str = "mimi://b.example/u/0f8fad5b-d9cb-469f-a165-70867728950e";
const PHONE: &str = "mimi://b.example/d/7c9e6679-7425-40de-944b-e07fc1f90ae7";
const TABLET: &str = "mimi://b.example/d/6fa459ea-ee8a-4ca4-894e-db77e160355e";
const OTHER_USER: &str = "mimi://b.example/u/16fd2706-8baf-433b-82eb-8c7fada847da";

fn tbs(client: &str, user: &str) -> PseudonymousCredentialTbs {
    PseudonymousCredentialTbs {
        client_pseudonym: IdentifierUri::new(client),
        user_pseudonym: IdentifierUri::new(user),
        signature_public_key: vec![0x51; 32],
    }
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([0xb0; 32])
}

fn key() -> LinkKey {
    LinkKey::new([0x4b; 32])
}

fn make(tbs: PseudonymousCredentialTbs) -> Result<PseudonymousCredential, IdentityLinkError> {
    let client_credential = Credential::basic(*b"mimi://b.example/d/bob/phone");
    let link = NewIdentityLink {
        suite: SUITE,
        client_credential: &client_credential,
        signer: &signer(),
        link_key: &key(),
        nonce: &[3; 12],
    };
    link.credential(tbs)
}

fn credential() -> PseudonymousCredential {
    make(tbs(PHONE, USER)).unwrap()
}

fn bob() -> (ClientUri, UserUri) {
    ("mimi://b.example/d/bob/phone".parse().unwrap(), "mimi://b.example/u/bob".parse().unwrap())
}

fn linked(client: &str, user: &str, real: &str) -> LinkedIdentity {
    let link = make(tbs(client, user)).unwrap().open_link(SUITE, &key()).unwrap();
    link.verify(&bob().0, &real.parse().unwrap(), signer().public_key()).unwrap()
}

fn leaf_of(client: &str, user: &str) -> LeafNode {
    LeafNode { credential: Credential::pseudonymous(make(tbs(client, user)).unwrap()), ..leaf(LeafNodeSource::Update) }
}

fn participants(users: &[&str]) -> ParticipantListData {
    let entry = |user: &&str| UserRolePair::new(user.parse().unwrap(), RoleIndex(2));
    ParticipantListData::new(users.iter().map(entry).collect()).unwrap()
}

#[test]
fn a_pseudonymous_credential_keeps_the_laws_alone_and_as_credential() {
    // req: MP06-6.1-03, MP06-6.1-10, MP06-6.1-11
    let bytes = laws(&credential());
    laws(&credential().tbs());
    laws(&IdentityLinkTbe {
        pseudonymous_credential_signature: vec![1; 64],
        client_credential: Credential::x509(vec![]),
    });
    let wrapped = Credential::pseudonymous(credential());
    let mut expected = vec![0xf5, 0xe1];
    crate::codec::put_opaque(&mut expected, &bytes).unwrap();
    assert_eq!(laws(&wrapped), expected);
    assert_eq!(wrapped.credential_type(), Credential::PSEUDONYMOUS);
    assert_eq!(wrapped.as_pseudonymous(), Some(&credential()));
    assert_eq!((wrapped.as_basic(), wrapped.as_x509()), (None, None));
    assert_eq!(Credential::basic(*b"x").as_pseudonymous(), None);
    // One octet more inside the wrapping.
    let mut longer = vec![0xf5, 0xe1];
    crate::codec::put_opaque(&mut longer, &[&bytes[..], &[0]].concat()).unwrap();
    refused::<Credential>(&longer, longer.len() - 1, &TRAILING);
}

#[test]
fn a_link_says_who_is_behind_the_pseudonyms() {
    // req: MP06-6.1-01, MP06-6.1-12, MP06-6.1-13
    let link = credential().open_link(SUITE, &key()).unwrap();
    assert_eq!(link.unverified_credential().as_basic(), Some(&b"mimi://b.example/d/bob/phone"[..]));
    let (client, user) = bob();
    let identity = link.verify(&client, &user, signer().public_key()).unwrap();
    assert_eq!((identity.client(), identity.user()), (&client, &user));
    assert_eq!(identity.pseudonyms().user.as_str(), USER);
    assert_eq!(identity.pseudonyms().client.as_str(), PHONE);
}

#[test]
fn a_link_does_not_show_who_it_is_about() {
    // req: MP06-6.1-01, MP06-6.1-07
    let bytes = credential().to_bytes().unwrap();
    assert!(!bytes.windows(3).any(|part| part == b"bob"));
}

#[test]
fn a_link_opens_with_its_key_and_beside_its_pseudonyms_only() {
    // req: MP06-6.1-12
    let open = |credential: &PseudonymousCredential| credential.open_link(SUITE, &key());
    let does_not_open = |outcome| matches!(outcome, Err(IdentityLinkError::Aead(AeadError::Open)));
    assert!(does_not_open(credential().open_link(SUITE, &LinkKey::new([0; 32]))));
    let borrowed = PseudonymousCredential { user_pseudonym: IdentifierUri::new(OTHER_USER), ..credential() };
    assert!(does_not_open(open(&borrowed)));
    let borrowed = PseudonymousCredential { client_pseudonym: IdentifierUri::new(TABLET), ..credential() };
    assert!(does_not_open(open(&borrowed)));
    let borrowed = PseudonymousCredential { signature_public_key: vec![0x66; 32], ..credential() };
    assert!(does_not_open(open(&borrowed)));
    let length = credential().identity_link_ciphertext.len();
    for place in 0..length {
        let mut altered = credential();
        altered.identity_link_ciphertext[place] ^= 1;
        assert!(does_not_open(open(&altered)), "octet {place}");
        altered.identity_link_ciphertext.truncate(place);
        assert!(does_not_open(open(&altered)), "{place} octets");
    }
}

#[test]
fn a_link_that_the_real_credential_did_not_sign_does_not_hold() {
    // req: MP06-6.1-13
    let (client, user) = bob();
    let other = Ed25519Signer::from_seed([1; 32]);
    let link = || credential().open_link(SUITE, &key()).unwrap();
    let outcome = link().verify(&client, &user, other.public_key());
    assert_eq!(outcome, Err(IdentityLinkVerifyError::Signature(SignatureError::Invalid)));

    // Mallory signs other pseudonyms and encrypts the signature beside these.
    let foreign = tbs(TABLET, USER).to_bytes().unwrap();
    let tbe = IdentityLinkTbe {
        pseudonymous_credential_signature: signer().sign_with_label(PSEUDONYMOUS_CREDENTIAL_LABEL, &foreign).unwrap(),
        client_credential: Credential::basic(*b"mimi://b.example/d/bob/phone"),
    };
    let signed = tbs(PHONE, USER).to_bytes().unwrap();
    let mut forged = credential();
    forged.identity_link_ciphertext = key().seal(SUITE, &[4; 12], &signed, &tbe.to_bytes().unwrap()).unwrap();
    let outcome = forged.open_link(SUITE, &key()).unwrap().verify(&client, &user, signer().public_key());
    assert_eq!(outcome, Err(IdentityLinkVerifyError::Signature(SignatureError::Invalid)));

    forged.identity_link_ciphertext = key().seal(SUITE, &[5; 12], &signed, b"nonsense").unwrap();
    assert!(matches!(forged.open_link(SUITE, &key()), Err(IdentityLinkError::Malformed(_))));
}

#[test]
fn pseudonyms_are_at_the_users_provider() {
    // req: MP06-6.1-01
    let link = || credential().open_link(SUITE, &key()).unwrap();
    let (client, user) = bob();
    let elsewhere: UserUri = "mimi://c.example/u/bob".parse().unwrap();
    let signature_key = signer().public_key().to_vec();
    assert_eq!(link().verify(&client, &elsewhere, &signature_key), Err(IdentityLinkVerifyError::OtherProvider));
    let elsewhere: ClientUri = "mimi://c.example/d/bob/phone".parse().unwrap();
    assert_eq!(link().verify(&elsewhere, &user, &signature_key), Err(IdentityLinkVerifyError::OtherProvider));
}

#[test]
fn pseudonyms_are_random_uuids() {
    // req: MP06-6.1-01
    let with_user = format!("mimi://b.example/d/{}/{}", &USER[19..], &PHONE[19..]);
    let fine = tbs(&with_user, USER).pseudonyms().unwrap();
    assert_eq!(fine.client.user(), Some(fine.user));
    for (client, user, expected) in [
        (PHONE, "mimi://b.example/u/bob", PseudonymError::User),
        // Version 1; a wrong variant; capitals; without hyphens; one digit more; a client.
        (PHONE, "mimi://b.example/u/0f8fad5b-d9cb-169f-a165-70867728950e", PseudonymError::User),
        (PHONE, "mimi://b.example/u/0f8fad5b-d9cb-469f-c165-70867728950e", PseudonymError::User),
        (PHONE, "mimi://b.example/u/0F8FAD5B-D9CB-469F-A165-70867728950E", PseudonymError::User),
        (PHONE, "mimi://b.example/u/0f8fad5bd9cb469fa16570867728950e", PseudonymError::User),
        (PHONE, "mimi://b.example/u/0f8fad5b-d9cb-469f-a165-70867728950e0", PseudonymError::User),
        (PHONE, PHONE, PseudonymError::User),
        ("", USER, PseudonymError::Client),
        ("mimi://b.example/d/phone", USER, PseudonymError::Client),
        ("mimi://c.example/d/7c9e6679-7425-40de-944b-e07fc1f90ae7", USER, PseudonymError::Unrelated),
        (with_user.as_str(), OTHER_USER, PseudonymError::Unrelated),
    ] {
        assert_eq!(tbs(client, user).pseudonyms(), Err(expected), "{client} {user}");
        assert!(matches!(make(tbs(client, user)), Err(IdentityLinkError::Pseudonym(_))));
    }
}

#[test]
fn every_leaf_is_pseudonymous_and_its_user_a_participant() {
    // req: MP06-6-01, MP06-6.1-02, MP06-6.1-04, MP06-6.1-05, MP06-6.1-06, MP06-6.1-09
    let check = |leaves: &[LeafNode], users: &[&str]| check_leaves((0u32..).zip(leaves), &participants(users));
    let (phone, tablet) = (leaf_of(PHONE, USER), leaf_of(TABLET, USER));
    assert_eq!(check(&[phone.clone(), tablet.clone()], &[OTHER_USER, USER]), Ok(()));
    assert_eq!(check(&[], &[USER]), Ok(()));
    let basic = leaf(LeafNodeSource::Update);
    assert_eq!(check(&[phone.clone(), basic], &[USER]), Err(LeavesError::NotPseudonymous { leaf_index: 1 }));
    assert_eq!(check(std::slice::from_ref(&phone), &[OTHER_USER]), Err(LeavesError::NotAParticipant { leaf_index: 0 }));
    let real = "mimi://b.example/u/bob";
    let expected = Err(LeavesError::ParticipantNotPseudonymous { index: 1 });
    assert_eq!(check(std::slice::from_ref(&phone), &[USER, real]), expected);
    let other_key = LeafNode { signature_key: vec![0; 32], ..phone.clone() };
    assert_eq!(check(&[other_key], &[USER]), Err(LeavesError::OtherKey { leaf_index: 0 }));
    let twice = check(&[phone.clone(), tablet, phone.clone()], &[USER]);
    assert_eq!(twice, Err(LeavesError::ClientTwice { leaf_index: 2 }));
    let PseudonymousCredential { signature_public_key, identity_link_ciphertext, .. } = credential();
    let bad = PseudonymousCredential {
        client_pseudonym: IdentifierUri::new("mimi://b.example/d/phone"),
        user_pseudonym: IdentifierUri::new(USER),
        signature_public_key,
        identity_link_ciphertext,
    };
    let bad = LeafNode { credential: Credential::pseudonymous(bad), ..phone };
    let expected = LeavesError::Pseudonym { leaf_index: 0, error: PseudonymError::Client };
    assert_eq!(check(&[bad], &[USER]), Err(expected));
}

#[test]
fn one_user_has_one_pseudonym() {
    // req: MP06-6.1-08
    let phone = linked(PHONE, USER, "mimi://b.example/u/bob");
    let tablet = linked(TABLET, USER, "mimi://b.example/u/bob");
    assert_eq!(check_identities([&phone, &tablet]), Ok(()));
    let second = linked(TABLET, OTHER_USER, "mimi://b.example/u/bob");
    let user = "mimi://b.example/u/bob".parse().unwrap();
    assert_eq!(check_identities([&phone, &second]), Err(IdentitiesError::TwoPseudonyms { user }));
    let stolen = linked(TABLET, USER, "mimi://b.example/u/mallory");
    let pseudonym = USER.parse().unwrap();
    assert_eq!(check_identities([&phone, &stolen]), Err(IdentitiesError::TwoUsers { pseudonym }));
}

#[test]
fn a_ring_opens_for_its_group_and_epoch_with_the_exported_key_only() {
    // req: MP06-6-02
    let own = Credential::pseudonymous(credential());
    let entry = |octet: u8| LinkKeyEntry { credential_hash: vec![octet; 32], link_key: LinkKey::new([octet; 32]) };
    let ring = LinkKeyRing::new(vec![entry(0xff), LinkKeyEntry::of(SUITE, &own, key()).unwrap(), entry(0)]).unwrap();
    laws(&ring);
    assert_eq!(ring.key_of(SUITE, &own), Some(&key()));
    assert_eq!(ring.key_of(SUITE, &Credential::basic(*b"x")), None);
    assert_eq!((ring_key_length(SUITE), RING_EXPORTER_LABEL), (Some(16), "MIMI identity link keys"));
    let sealed = SealedRing::seal(SUITE, b"group", Epoch(7), &[1; 16], &[2; 12], &ring).unwrap();
    laws(&sealed);
    assert_eq!(sealed.open(SUITE, &[1; 16]), Ok(ring.clone()));
    let failed = Err(RingError::Aead(AeadError::Open));
    assert_eq!(sealed.open(SUITE, &[9; 16]), failed);
    assert_eq!(SealedRing { epoch: Epoch(8), ..sealed.clone() }.open(SUITE, &[1; 16]), failed);
    assert_eq!(SealedRing { group_id: vec![], ..sealed.clone() }.open(SUITE, &[1; 16]), failed);
    let short = SealedRing::seal(SUITE, b"group", Epoch(7), &[1; 15], &[2; 12], &ring);
    assert_eq!(short, Err(RingError::Aead(AeadError::MalformedKey)));
    assert!(LinkKeyRing::new(vec![entry(1), entry(1)]).is_err());
    let mut unsorted = Vec::new();
    crate::codec::put_list(&mut unsorted, &[entry(2), entry(1)]).unwrap();
    refused::<LinkKeyRing>(&unsorted, 0, &RING_NOT_SORTED);
    assert_eq!(format!("{:?}", key()), "LinkKey { .. }");
}
