//! The objects of discovery: values of every type, made or taken out of the vectors, and what the vectors say of them.

use mimi_arch::Domain;
use mimi_discovery::answer::{ANSWER_SIZE, Answer};
use mimi_discovery::config::{DpConfig, Modes, TokenIssuer};
use mimi_discovery::directory::{ListedProvider, PrefixDirectory};
use mimi_discovery::lookup::Refusal;
use mimi_discovery::lookup::b::{
    Bucket, BucketKey, BucketParameters, BucketRequest, BucketResponse, EvaluateRequest, EvaluateResponse, Maker,
    ProvenBucket, Transcript,
};
use mimi_discovery::lookup::s::{LookupRequest, LookupResponse};
use mimi_discovery::oblivious::ObliviousKey;
use mimi_discovery::profile::{Key, Signature, Validity};
use mimi_discovery::push::{Push, PushResponse, RegisterResponse};
use mimi_discovery::sealed::{Capability, SealedEntries};
use mimi_discovery::token::{Day, IssuingKey, Token, TokenChallenge, TokenRequest, TokenResponse};
use mimi_discovery::{Csi, Record, Seconds, Seed};
use mimi_protocol::Wire;
use spec_vectors::{TestCase, VectorFile};

use super::super::registry::{self, Recognised, ShowType, recognise};
use super::is_accepted;
use super::samples::{Sample, of, value};

const RECORDS: &str = "mimi-discovery/profile-0/records.json";
const ANSWERS: &str = "mimi-discovery/profile-0/answers.json";
const DIRECTORIES: &str = "mimi-discovery/profile-0/prefix-directory.json";

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn csi() -> Csi {
    Csi::parse("+12125551212").unwrap()
}

/// A token, with what was sent for it.
fn tokens() -> (TokenRequest, TokenResponse, Token) {
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let key = IssuingKey::derive(&[1; 32], &msp, &dp).unwrap();
    let (request, pending) = key.public().request(&dp, &msp, Day(20_833), 2, &Seed::new([2; 32])).unwrap();
    let response = key.issue(&request, &Seed::new([3; 32])).unwrap();
    let token = pending.finish(&response).unwrap().remove(0);
    (request, response, token)
}

fn statements() -> Vec<Sample> {
    let named: Record = value(RECORDS, 3);
    let Record::Mapping(attestation, mapping) = &named else { panic!("a mapping") };
    let Record::RecipientRemoval(_, all) = value(RECORDS, 6) else { panic!("a removal") };
    let Record::RecipientRemoval(_, one) = value(RECORDS, 7) else { panic!("a removal") };
    let ended: Record = value(RECORDS, 8);
    let Record::CsipRemoval(by_issuer) = &ended else { panic!("a removal by the issuer") };
    let entries = mapping.unverified().entries;
    let sealed = SealedEntries::seal(&csi(), &Capability::new([4; 32]), [5; 12], &entries[..1]).unwrap();
    vec![
        of("Csi", &csi()),
        of("Csi", &Csi::parse("bob@example.com").unwrap()),
        of("Csi", &Csi::parse("mimi://a.example/u/bob").unwrap()),
        of("CsiAttestation", &**attestation),
        of("Mapping", mapping),
        of("MappingEntry", &entries[0]),
        of("SealedEntries", &sealed),
        of("Removal", &all),
        of("Removal", &one),
        of("Removal", by_issuer),
        of("Record", &named),
        of("Record", &value::<Record>(RECORDS, 2)),
        of("Record", &value::<Record>(RECORDS, 7)),
        of("Record", &ended),
        of("Push", &Push { records: vec![named.clone(), ended.clone()] }),
        of("PushResponse", &PushResponse { applied: 2, refused: 1 }),
        of("RegisterResponse", &RegisterResponse::Registered),
        of("RegisterResponse", &RegisterResponse::Refused { reason: "a fresher statement stands".to_owned() }),
    ]
}

fn published() -> Vec<Sample> {
    let answer: Answer = value(ANSWERS, 1);
    let elsewhere: Answer = value(ANSWERS, 11);
    let directory: PrefixDirectory = value(DIRECTORIES, 1);
    let range = directory.unverified().ranges[0].clone();
    let listed: ListedProvider = range.providers[0].clone();
    let oblivious_key = ObliviousKey { key_id: 7, public: [6; 32] };
    let (dp, msp) = (domain("dp.example"), domain("a.example"));
    let validity = Validity { not_before: Seconds(0), not_after: Seconds(1_800_086_400) };
    let issuer = TokenIssuer { key: IssuingKey::derive(&[1; 32], &msp, &dp).unwrap().public(), msp, validity };
    let buckets = BucketParameters::for_records(BucketKey::derive(&[7; 32]).unwrap().public(), 100);
    let config = DpConfig {
        domain: dp,
        snapshot_key: Key::from_seed([8; 32]).public(),
        modes: Modes { s: true, b: true, p: false },
        oblivious_key,
        buckets: Some(buckets),
        issuers: vec![issuer.clone()],
        validity: Validity { not_before: Seconds(1_800_000_000), not_after: Seconds(1_800_086_400) },
        signature: Signature([0; 64]),
    };
    vec![
        of("Snapshot", &answer.snapshot),
        of("Proof", &answer.proof),
        of("Proof", &value::<Answer>(ANSWERS, 3).proof),
        of("Proof", &elsewhere.proof),
        of("Answer", &value::<Answer>(ANSWERS, 3)),
        ("Answer", answer.to_padded().unwrap()),
        of("PrefixDirectory", &directory),
        of("Range", &range),
        of("ListedProvider", &listed),
        of("ObliviousKey", &oblivious_key),
        of("TokenIssuer", &issuer),
        of("BucketParameters", &buckets),
        of("DpConfig", &config.sign(&Key::from_seed([8; 32])).unwrap()),
    ]
}

fn look_ups() -> Vec<Sample> {
    let (request, response, token) = tokens();
    let answer: Answer = value(ANSWERS, 1);
    let key = BucketKey::derive(&[7; 32]).unwrap();
    // Any element will do for a blinded one.
    let evaluation = key.evaluate(&key.public(), &Seed::new([9; 32])).unwrap();
    let transcript = [[10; 32].as_slice(), &evaluation.to_bytes().unwrap()].concat();
    let parameters = BucketParameters { key: key.public(), bits: 0, rows: 2 };
    let secret = key.secret_of(&csi()).unwrap();
    let maker = Maker { parameters, snapshot: 7, filler: Seed::new([11; 32]) };
    let bucket: Bucket = maker.bucket(0, [(&secret, answer.records.as_slice())]).unwrap();
    let proven =
        ProvenBucket { snapshot: answer.snapshot.clone(), bucket: bucket.clone(), inclusion: vec![[12; 32], [13; 32]] };
    vec![
        of("TokenChallenge", &TokenChallenge::new(&domain("dp.example"), &domain("a.example"), Day(20_833))),
        of("Token", &token),
        of("TokenRequest", &request),
        of("TokenResponse", &response),
        of("LookupRequest", &LookupRequest { token: token.clone(), csi: csi() }),
        of("LookupResponse", &LookupResponse::Answer(Box::new(answer))),
        of("LookupResponse", &LookupResponse::Refused(Refusal::Token)),
        of("EvaluateRequest", &EvaluateRequest { token, blinded: key.public() }),
        of("EvaluateResponse", &EvaluateResponse::Evaluated(evaluation)),
        of("EvaluateResponse", &EvaluateResponse::Refused(Refusal::Unavailable)),
        of("Evaluation", &evaluation),
        of("Transcript", &Transcript::from_bytes(&transcript).unwrap()),
        of("BucketRequest", &BucketRequest { index: 3 }),
        of("BucketResponse", &BucketResponse::Bucket(Box::new(proven.clone()))),
        of("BucketResponse", &BucketResponse::Refused(Refusal::Unavailable)),
        of("ProvenBucket", &proven),
        of("Bucket", &bucket),
    ]
}

/// Values of every type of discovery.
pub(super) fn parts() -> Vec<Sample> {
    let mut samples = statements();
    samples.extend(published());
    samples.extend(look_ups());
    samples
}

/// The tests of discovery that are about the octets of one type, with the type.
fn vectors() -> impl Iterator<Item = (String, &'static ShowType, TestCase)> {
    spec_vectors::files().filter(|(path, _)| path.starts_with("mimi-discovery/")).flat_map(|(path, text)| {
        let file = VectorFile::parse(text).unwrap();
        let one = registry::find(&file.r#type);
        let tests = file.test_groups.into_iter().flat_map(|group| group.tests);
        let tests = tests.filter(|test| test.fields.contains_key("encoded"));
        tests.map(move |test| (format!("{path} {}", test.tc_id), one.unwrap_or_else(|| panic!("{path}")), test))
    })
}

#[test]
fn vectors_of_discovery_are_shown_and_recognised_and_refused_for_their_rule_at_their_offset() {
    let (mut shown, mut refused) = (0, 0);
    for (place, one, test) in vectors() {
        let octets = test.octets("encoded").unwrap();
        // Padding of sealed entries shows when they are opened, which `show` does not do; signatures it does not verify.
        let offset = test.error.as_ref().and_then(|error| error.offset).filter(|_| one.name != "SealedEntries");
        let Some(offset) = offset else {
            assert!((one.read)(&octets).is_ok(), "{place}");
            let Recognised::Is(found, _) = recognise(&octets, &octets) else { panic!("{place} is not recognised") };
            assert_eq!(found.name, one.name, "{place}");
            shown += 1;
            continue;
        };
        assert!(!is_accepted(&test));
        let error = (one.read)(&octets).expect_err(&place);
        let section = test.error.unwrap().section;
        assert_eq!((error.offset, error.section), (Some(offset), section.as_str()), "{place}: {error}");
        refused += 1;
    }
    assert!(shown > 60 && refused > 8, "{shown} shown, {refused} refused");
}

#[test]
fn what_is_shown_of_a_mapping_is_what_it_says() {
    let named: Record = value(RECORDS, 3);
    let one = registry::find("record").unwrap();
    let shown = serde_json::to_value((one.read)(&named.to_bytes().unwrap()).unwrap()).unwrap();
    assert_eq!((&shown["record"], &shown["mapping"]["csi"]["value"]), (&"mapping".into(), &"+12125551212".into()));
    let Record::Mapping(attestation, mapping) = &named else { panic!("a mapping") };
    let hash = hex::encode(attestation.hash().unwrap().0);
    assert_eq!(shown["mapping"]["attestation"], hash);
    let entries = mapping.unverified().entries;
    for (entry, shown) in entries.iter().zip(shown["mapping"]["entries"].as_array().unwrap()) {
        assert_eq!((&shown["msp"], &shown["priority"]), (&entry.msp.as_str().into(), &entry.priority.into()));
        assert_eq!(shown["tags"].as_array().unwrap().len(), entry.tags.len());
        assert_eq!(shown["flags"]["same_service_only"], entry.flags.same_service_only);
    }
    assert_eq!(entries.len(), 2);
}

#[test]
fn an_answer_is_the_same_padded_and_not_and_its_padding_is_zero() {
    let answer: Answer = value(ANSWERS, 1);
    let one = registry::find("Answer").unwrap();
    let json = |octets: &[u8]| serde_json::to_string(&(one.read)(octets).unwrap()).unwrap();
    let mut padded = answer.to_padded().unwrap();
    assert_eq!(json(&padded), json(&answer.to_bytes().unwrap()));
    *padded.last_mut().unwrap() = 1;
    let error = (one.read)(&padded).expect_err("padding");
    assert_eq!((error.offset, error.section), (Some(ANSWER_SIZE - 1), "discovery profile 0 section 9"));
}
