//! Mode S, the configuration, and what relay and provider see.
use super::tokens::{issuing_key, redeemer, tokens};
use super::*;
use crate::answer::{ANSWER_SIZE, Answer, Finding, content};
use crate::config::{
    BUCKETS_MISPLACED, ConfigError, DpConfig, ISSUERS_NOT_SORTED, MODES_UNKNOWN, Modes, TokenIssuer, VerifiedConfig,
};
use crate::lookup::b::{BucketKey, BucketParameters};
use crate::lookup::{
    self, REQUEST_PADDING, REQUEST_SIZE, RESPONSE_PADDING, Refusal, Request, ResponseError, STATUS_UNKNOWN, s,
};
use crate::oblivious::{Endpoint, Gateway, ObliviousError, encapsulate};
use crate::profile::{Signature, SignatureError};
use crate::snapshot::{Snapshot, Tree, TreeSecret};
use crate::token::SpentTokens;
use mimi_arch::codec::Wire;
use mimi_arch::testing::{laws, not_written, refused};

pub(super) const DP: &str = "dp.example";

pub(super) fn dp_key() -> Key {
    Key::from_seed([0xd9; 32])
}

pub(super) fn gateway() -> Gateway {
    Gateway::new(domain(DP), 7, &[0x67; 32]).unwrap()
}

pub(super) fn bucket_key() -> BucketKey {
    BucketKey::derive(&[0xbb; 32]).unwrap()
}

pub(super) fn config(buckets: Option<BucketParameters>) -> DpConfig {
    let issuers = ["b.example", "a.example"].map(|msp| TokenIssuer {
        msp: domain(msp),
        key: issuing_key(msp, DP).public(),
        validity: Validity::ALWAYS,
    });
    let config = DpConfig {
        domain: domain(DP),
        snapshot_key: dp_key().public(),
        modes: Modes { s: true, b: buckets.is_some(), p: false },
        oblivious_key: gateway().key(),
        buckets,
        issuers: issuers.to_vec(),
        validity: validity(),
        signature: Signature([0; 64]),
    };
    config.sign(&dp_key()).unwrap()
}

pub(super) fn known(buckets: Option<BucketParameters>) -> VerifiedConfig {
    config(buckets).verify(&domain(DP), &dp_key().public(), NOW).unwrap()
}

fn two_buckets() -> BucketParameters {
    BucketParameters { key: bucket_key().public(), bits: 1, rows: 8 }
}

/// An answer about an identifier that has these records.
pub(super) fn answer(csi: &Csi, records: Vec<Record>) -> Answer {
    let mut tree = Tree::new(TreeSecret::new([1; 32]), []);
    tree.set(csi.key(), content(&records).unwrap());
    let validity = Validity { not_before: NOW.minus(10), not_after: NOW.plus(10) };
    let snapshot = Snapshot::sign(&domain(DP), 4, validity, tree.root(), [0; 32], &dp_key()).unwrap();
    Answer { snapshot, proof: tree.prove(&csi.key()), records }
}

/// What a provider does with what a relay forwards: token first, then the store.
fn serve(octets: &[u8], spent: &mut SpentTokens, store: impl FnOnce(&Csi) -> Vec<Record>) -> Vec<u8> {
    let (request, responder) = lookup::open(&gateway(), octets).unwrap();
    let Request::LookUp(look_up) = &request else { panic!("mode S") };
    let token = redeemer(DP).redeem(&look_up.token, NOW);
    if token.and_then(|token| spent.spend(&token)).is_err() {
        return responder.seal(&request.refuse(Refusal::Token).unwrap()).unwrap();
    }
    let answer = answer(&look_up.csi, store(&look_up.csi));
    responder.answer(&s::LookupResponse::Answer(Box::new(answer))).unwrap()
}

fn bobs() -> Vec<Record> {
    vec![mapping_record(1, &bob(), &new_mapping("", 1, vec![entry("b.example", 0)]))]
}

#[test]
fn r6_mode_s_answers_through_a_relay_and_all_messages_have_one_size() {
    // req: UD03-11-01, UD03-17-08, UD03-17-09
    let config = known(None);
    let mut spent = SpentTokens::default();
    let long = Csi::new(CsiKind::new(0xf000).unwrap(), &"x".repeat(320)).unwrap();
    let mut sizes = std::collections::BTreeSet::new();
    let mut used = tokens(DP, 4, 1).into_iter();
    for (csi, records, finding) in [
        (number(), bobs(), Finding::One),
        (number(), vec![], Finding::NoMapping),
        (Csi::parse("a@b.example").unwrap(), vec![], Finding::NoMapping),
        (long, vec![], Finding::NoMapping),
    ] {
        let (up, pending) = s::ask(&config, &csi, used.next().unwrap()).unwrap();
        let down = serve(&up, &mut spent, |asked| {
            assert_eq!(*asked, csi);
            records
        });
        sizes.insert((up.len(), down.len()));
        let answer = pending.open(&down).unwrap();
        assert_eq!(answer.verify(&csi, &config.provider(0), &anchors(), NOW).unwrap().finding(), finding);
    }
    // A token that was used before.
    let (up, pending) = s::ask(&config, &number(), tokens(DP, 1, 1).remove(0)).unwrap();
    let down = serve(&up, &mut spent, |_| panic!("nothing is looked up for a used token"));
    sizes.insert((up.len(), down.len()));
    assert_eq!(pending.open(&down).unwrap_err(), ResponseError::Refused(Refusal::Token));
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

#[test]
fn a_relay_sees_neither_the_identifier_nor_the_token() {
    let token = tokens(DP, 1, 1).remove(0);
    let octets = [token.to_bytes().unwrap(), number().to_bytes().unwrap()].concat();
    let (up, _) = s::ask(&known(None), &number(), token).unwrap();
    for part in octets.windows(8) {
        assert!(!up.windows(8).any(|window| window == part));
    }
}

#[test]
fn two_requests_of_one_asker_have_nothing_in_common_but_the_gateways_key() {
    let config = known(None);
    let ask = |token| s::ask(&config, &number(), token).unwrap().0;
    let [first, second] = [0, 1].map(|place| ask(tokens(DP, 2, 1).remove(place)));
    assert_eq!(first[..7], second[..7]);
    for part in first[7..].windows(8) {
        assert!(!second.windows(8).any(|window| window == part));
    }
}

#[test]
fn what_a_relay_changes_is_refused_on_both_sides() {
    let config = known(None);
    let (up, pending) = s::ask(&config, &number(), tokens(DP, 1, 1).remove(0)).unwrap();
    for place in [0, 3, 7, 40, up.len() - 1] {
        let mut changed = up.clone();
        changed[place] ^= 1;
        let error = lookup::open(&gateway(), &changed).unwrap_err();
        assert_eq!(error, ObliviousError::Encapsulation.into());
    }
    for length in 0..48 {
        assert!(lookup::open(&gateway(), &up[..length]).is_err());
    }
    let mut down = serve(&up, &mut SpentTokens::default(), |_| vec![]);
    *down.last_mut().unwrap() ^= 1;
    assert_eq!(pending.open(&down).unwrap_err(), ObliviousError::Encapsulation.into());
    // The answer to somebody else's request opens as little.
    let mut used = tokens(DP, 2, 2).into_iter();
    let (mine, _) = s::ask(&config, &number(), used.next().unwrap()).unwrap();
    let (_, other) = s::ask(&config, &number(), used.next().unwrap()).unwrap();
    let down = serve(&mine, &mut SpentTokens::default(), |_| bobs());
    assert_eq!(other.open(&down).unwrap_err(), ObliviousError::Encapsulation.into());
}

#[test]
fn inner_requests_have_one_form() {
    let key = gateway().key();
    let open = |octets: &[u8]| gateway().open(octets).map(|(endpoint, content, _)| (endpoint, content));
    for endpoint in Endpoint::ALL {
        let (octets, _) = encapsulate(&domain(DP), &key, endpoint, b"content").unwrap();
        assert_eq!(open(&octets).unwrap(), (endpoint, b"content".to_vec()));
        assert_eq!(endpoint.path().len(), Endpoint::LookUp.path().len());
    }
    let (elsewhere, _) = encapsulate(&domain("eve.example"), &key, Endpoint::LookUp, b"").unwrap();
    assert_eq!(open(&elsewhere), Err(ObliviousError::OtherAuthority));
    let raw = |inner: &[u8]| {
        let request = ohttp::ClientRequest::from_encoded_config(&key.to_bytes().unwrap()).unwrap();
        open(&request.encapsulate(inner).unwrap().0)
    };
    let post = b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/s\0\x00\0".as_slice();
    assert_eq!(raw(post).unwrap(), (Endpoint::LookUp, vec![]));
    for (inner, error) in [
        (b"\0\x03GET\x05https\x0adp.example\x13/mimi-discovery/0/s\0\0\0".as_slice(), ObliviousError::Message),
        (b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/x\0\0\0", ObliviousError::UnknownPath),
        (b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/s\x04\x01a\x01b\0\0", ObliviousError::Message),
        (b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/s\0\0\0\0", ObliviousError::Message),
        (b"\0\x04POST\x05https\x0adp.example\x13/mimi-discovery/0/s\0\0", ObliviousError::Message),
        (b"\x01\x40\xc8\0\0\0", ObliviousError::Message),
        (b"\x09", ObliviousError::Message),
        (b"", ObliviousError::Message),
    ] {
        assert_eq!(raw(inner).unwrap_err(), error, "{inner:?}");
    }
}

#[test]
fn look_ups_keep_the_laws() {
    let token = tokens(DP, 1, 1).remove(0);
    let request = s::LookupRequest { token, csi: number() };
    assert_eq!(laws(&request).len(), REQUEST_SIZE);
    let response = s::LookupResponse::Refused(Refusal::Unavailable).to_bytes().unwrap();
    assert_eq!(response.len(), 1 + ANSWER_SIZE);
    let answered = s::LookupResponse::Answer(Box::new(answer(&number(), bobs())));
    assert_eq!(s::LookupResponse::from_bytes(&answered.to_bytes().unwrap()).unwrap(), answered);
    let mut padding = request.to_bytes().unwrap();
    padding[REQUEST_SIZE - 1] = 1;
    refused::<s::LookupRequest>(&padding, REQUEST_SIZE - 1, &REQUEST_PADDING);
    let mut padding = response;
    padding[0] = 9;
    refused::<s::LookupResponse>(&padding, 0, &STATUS_UNKNOWN);
    padding[0] = 1;
    padding[700] = 1;
    refused::<s::LookupResponse>(&padding, 700, &RESPONSE_PADDING);
}

#[test]
fn a_configuration_counts_when_its_provider_signed_it_and_it_holds() {
    let config = config(Some(two_buckets()));
    laws(&config);
    let verify = |config: DpConfig, now| config.verify(&domain(DP), &dp_key().public(), now);
    let verified = verify(config.clone(), NOW).unwrap();
    assert_eq!(verified.issuer_keys(&domain("a.example"), NOW).count(), 1);
    assert_eq!(verified.issuer_keys(&domain("eve.example"), NOW).count(), 0);
    assert!(config.issuers.is_sorted());
    let other = config.clone().verify(&domain("eve.example"), &dp_key().public(), NOW);
    assert_eq!(other, Err(ConfigError::OtherProvider(domain(DP))));
    let changed = DpConfig { oblivious_key: Gateway::new(domain(DP), 7, &[9; 32]).unwrap().key(), ..config.clone() };
    assert_eq!(verify(changed, NOW), Err(SignatureError::Invalid.into()));
    let ended = verify(config.clone(), NOW.plus(200_000));
    assert_eq!(ended, Err(ConfigError::Expired { ended: validity().not_after }));
    let begins = verify(config.clone(), NOW.minus(10_000));
    assert_eq!(begins, Err(ConfigError::InFuture { begins: validity().not_before }));
    // A configuration for one asker alone has another digest.
    let targeted = DpConfig { buckets: Some(BucketParameters { bits: 2, ..two_buckets() }), ..config };
    let targeted = verify(targeted.sign(&dp_key()).unwrap(), NOW).unwrap();
    assert_ne!(verified.digest(), targeted.digest());
}

#[test]
fn a_configuration_without_sense_is_not_written_and_not_read() {
    let config = config(None);
    not_written(&DpConfig { modes: Modes::default(), ..config.clone() }, &MODES_UNKNOWN);
    not_written(&DpConfig { buckets: Some(two_buckets()), ..config.clone() }, &BUCKETS_MISPLACED);
    let mut crossed = config.clone();
    crossed.issuers.reverse();
    not_written(&crossed, &ISSUERS_NOT_SORTED);
    let octets = config.to_bytes().unwrap();
    let modes_at = 1 + DP.len() + 32;
    let mut changed = octets.clone();
    changed[modes_at] = 8;
    refused::<DpConfig>(&changed, modes_at, &MODES_UNKNOWN);
    changed[modes_at] = 2;
    refused::<DpConfig>(&changed, modes_at + 1 + 41, &BUCKETS_MISPLACED);
}
