use super::*;
use crate::attestation::MAX_ATTESTATION;
use crate::profile::SignatureError;
use crate::record::{RecordError, Statement};
use mimi_arch::codec::Wire;

fn error(record: Record) -> RecordError {
    record.verify(&anchors(), NOW).unwrap_err()
}

fn with(attestation: CsiAttestation, holder: &Key) -> Record {
    let mapping = mapping(&attestation, holder, &new_mapping("", 1, vec![entry("b.example", 0)]));
    Record::Mapping(Box::new(attestation), mapping)
}

#[test]
fn r1_only_the_holder_of_the_attested_key_authorizes_a_mapping() {
    // req: UD03-6-01, UD03-6-02, UD03-9-01, UD03-9-02
    let record = verified(mapping_record(1, &bob(), &new_mapping("", 1, vec![entry("b.example", 0)])));
    let Statement::Mapping(mapping) = record.statement() else { panic!("a mapping") };
    assert_eq!(mapping.entries(), [entry("b.example", 0)]);

    let mallory = Key::from_seed([0x66; 32]);
    let forged = by(&attested_at(1, &bob()), &mallory);
    fn by(attestation: &CsiAttestation, signer: &Key) -> Record {
        let mapping = new_mapping("", 1, vec![entry("evil.example", 0)]).sign(attestation, signer).unwrap();
        Record::Mapping(Box::new(attestation.clone()), mapping)
    }
    assert_eq!(error(forged), RecordError::Signature(SignatureError::Invalid));
}

#[test]
fn r4_every_changed_octet_of_a_record_is_noticed() {
    // req: UD03-9-01
    let bytes = mapping_record(1, &bob(), &new_mapping("n", 1, vec![entry("b.example", 0)])).to_bytes().unwrap();
    let mut read = 0;
    for place in 0..bytes.len() {
        for bit in [1, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[place] ^= bit;
            let Ok(record) = Record::from_bytes(&changed) else { continue };
            read += 1;
            assert!(record.verify(&anchors(), NOW).is_err(), "octet {place}");
        }
    }
    assert!(read > bytes.len(), "most changes read well and are noticed by a signature");
}

#[test]
fn an_attestation_by_an_unknown_issuer_does_not_count() {
    let stranger = Key::from_seed([0x55; 32]);
    let attestation = attestation(&number(), 1, &bob(), validity(), &stranger);
    assert!(matches!(error(with(attestation, &bob())), RecordError::UnknownIssuer { .. }));
}

#[test]
fn an_issuer_speaks_only_for_its_own_identifiers() {
    let other = Csi::parse("+4930901820").unwrap();
    let foreign = attestation(&other, 1, &bob(), validity(), &carrier());
    assert!(matches!(error(with(foreign, &bob())), RecordError::OutOfScope { .. }));
    let mail = Csi::parse("bob@example.com").unwrap();
    let of_other_kind = attestation(&mail, 1, &bob(), validity(), &carrier());
    assert!(matches!(error(with(of_other_kind, &bob())), RecordError::OutOfScope { .. }));

    let mut anchors = anchors();
    anchors.trust(domain("carrier.example"), carrier().public(), CsiKind::MAIL, Scope::Domain(domain("example.com")));
    let verify = |csi: &str| {
        with(attestation(&Csi::parse(csi).unwrap(), 1, &bob(), validity(), &carrier()), &bob()).verify(&anchors, NOW)
    };
    verify("bob@example.com").unwrap();
    for other in ["bob@sub.example.com", "bob@notexample.com"] {
        assert!(matches!(verify(other), Err(RecordError::OutOfScope { .. })), "{other}");
    }
}

#[test]
fn an_attestation_with_a_broken_signature_does_not_count() {
    let mut attestation = attested_at(1, &bob());
    attestation.signature.0[0] ^= 1;
    assert!(matches!(error(with(attestation, &bob())), RecordError::AttestationSignature(_)));
}

#[test]
fn an_attestation_counts_within_its_time() {
    let at = |from, to| {
        let validity = Validity { not_before: Seconds(from), not_after: Seconds(to) };
        error(with(attestation(&number(), 1, &bob(), validity, &carrier()), &bob()))
    };
    assert!(matches!(at(NOW.0 - 10, NOW.0 - 1), RecordError::AttestationExpired { .. }));
    assert!(matches!(at(NOW.0 + 301, NOW.0 + 400), RecordError::AttestationInFuture { .. }));
    assert_eq!(at(NOW.0 - 1, NOW.0 + MAX_ATTESTATION), RecordError::AttestationTooLong);
}

#[test]
fn a_mapping_counts_within_its_time() {
    let attestation = attested_at(1, &bob());
    let at = |from, to| {
        let validity = Validity { not_before: Seconds(from), not_after: Seconds(to) };
        let new = NewMapping { validity, ..new_mapping("", 1, vec![]) };
        error(Record::Mapping(Box::new(attestation.clone()), mapping(&attestation, &bob(), &new)))
    };
    assert!(matches!(at(NOW.0 - 10, NOW.0 - 1), RecordError::Expired { .. }));
    assert!(matches!(at(NOW.0 + 301, NOW.0 + 400), RecordError::InFuture { .. }));
}

#[test]
fn an_attestation_for_another_key_epoch_or_identifier_does_not_carry_a_mapping() {
    let carol = Key::from_seed([0xca; 32]);
    let bobs = mapping(&attested_at(1, &bob()), &bob(), &new_mapping("", 1, vec![]));
    let swapped = |attestation: CsiAttestation| error(Record::Mapping(Box::new(attestation), bobs.clone()));
    assert_eq!(swapped(attested_at(1, &carol)), RecordError::OtherAttestation);
    assert!(matches!(swapped(attested_at(2, &bob())), RecordError::OtherAssignment { .. }));
    let other = Csi::parse("+12125551213").unwrap();
    assert_eq!(swapped(attestation(&other, 1, &bob(), validity(), &carrier())), RecordError::OtherCsi);
}

#[test]
fn r10_only_the_recipient_or_the_issuer_removes() {
    // req: UD03-14-02, UD03-14-03, UD03-14-06, UD03-14-07
    verified(removal_record(1, &bob(), 2, None));
    verified(csip_removal(1));
    let mallory = Key::from_seed([0x66; 32]);
    let attestation = attested_at(1, &bob());
    let by_stranger = Removal::by_recipient(&attestation, Sequence(2), None, NOW, &mallory).unwrap();
    let record = Record::RecipientRemoval(Box::new(attestation), by_stranger);
    assert_eq!(error(record), RecordError::Signature(SignatureError::Invalid));
    let by_other_issuer =
        Removal::by_csip(&number(), AssignmentEpoch(1), &domain("carrier.example"), NOW, &mallory).unwrap();
    assert!(matches!(error(Record::CsipRemoval(by_other_issuer)), RecordError::UnknownIssuer { .. }));
}

#[test]
fn a_removal_of_the_future_does_not_count() {
    let attestation = attested_at(1, &bob());
    let removal = Removal::by_recipient(&attestation, Sequence(2), None, NOW.plus(301), &bob()).unwrap();
    assert!(matches!(error(Record::RecipientRemoval(Box::new(attestation), removal)), RecordError::InFuture { .. }));
}

#[test]
fn a_signature_over_one_kind_of_object_is_none_over_another() {
    // The same key and the same octets under another label.
    let key = bob();
    let signature = key.sign("Mapping", b"octets");
    assert_eq!(key.public().verify("Mapping", b"octets", &signature), Ok(()));
    for label in ["Removal", "CsiAttestation", "Snapshot", "Mappin"] {
        assert_eq!(key.public().verify(label, b"octets", &signature), Err(SignatureError::Invalid));
    }
}
