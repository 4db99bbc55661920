//! Reporting abuse to the hub (draft-ietf-mimi-protocol-06 section 5.9): `POST /reportAbuse/{roomId}`.
//!
//! The answer has no body: its HTTP status only says whether the report was taken. Whether a message that is reported was
//! really sent is checked by its frank (section 5.4.1), for which it carries what the hub stamped.

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::identifier_uri::IdentifierUri;
use crate::mls::AppDataDictionary;
use crate::submit_message::Frank;
use crate::values::AcceptedTimestamp;
use mimi_arch::wire_newtype;

rules! {
    ALLEGED_ABUSER_EMPTY = "the URI of the alleged abuser is empty", "draft-ietf-mimi-protocol-06 section 5.9";
}

/// Why something is reported (draft-ietf-mimi-protocol-06 section 5.9).
///
/// The draft defines no value yet and only reserves 0, so that every value is kept and 0 means that no reason is given.
// req: MP06-5.9-04, MP06-5.9-12
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AbuseType(pub u8);

impl AbuseType {
    /// The one value that the draft names.
    pub const RESERVED: Self = Self(0);
}

wire_newtype!(AbuseType(u8));

/// A message that is reported (draft-ietf-mimi-protocol-06 section 5.9).
// req: MP06-5.9-05, MP06-5.9-06
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AbusiveMessage {
    /// The message in the clear, as it was inside the encryption.
    pub message_content: Vec<u8>,
    /// The hub's stamp on it.
    pub frank: Frank,
    /// When the hub accepted it.
    pub accepted_timestamp: AcceptedTimestamp,
}

impl Wire for AbusiveMessage {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            message_content: r.opaque()?.to_vec(),
            frank: Frank::decode(r)?,
            accepted_timestamp: AcceptedTimestamp::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.message_content)?;
        self.frank.encode(out)?;
        self.accepted_timestamp.encode(out)
    }
}

/// A report of abuse in a room (draft-ietf-mimi-protocol-06 section 5.9).
// req: MP06-5.9-02, MP06-5.9-03, MP06-5.9-05, MP06-5.9-07, MP06-5.9-10, MP06-5.9-11
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AbuseReport {
    /// Who reports; empty if that is not told. See [`AbuseReport::reporter`].
    pub reporting_user: IdentifierUri,
    /// Who is said to have sent the messages; not empty.
    pub alleged_abuser_uri: IdentifierUri,
    /// Why.
    pub reason_code: AbuseType,
    /// For a person to read; may be empty.
    pub note: String,
    /// The messages; may be none.
    pub messages: Vec<AbusiveMessage>,
    /// For extensions.
    pub abuse_extensions: AppDataDictionary,
}

impl AbuseReport {
    /// Who reports, if that is told.
    ///
    /// The draft calls it optional and gives it a vector without a presence octet, so that absent is empty.
    pub fn reporter(&self) -> Option<&IdentifierUri> {
        Some(&self.reporting_user).filter(|uri| !uri.is_empty())
    }
}

impl Wire for AbuseReport {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let reporting_user = IdentifierUri::decode(r)?;
        let start = r.clone();
        let alleged_abuser_uri = IdentifierUri::decode(r)?;
        if alleged_abuser_uri.is_empty() {
            return Err(start.error(&ALLEGED_ABUSER_EMPTY));
        }
        Ok(Self {
            reporting_user,
            alleged_abuser_uri,
            reason_code: AbuseType::decode(r)?,
            note: r.text()?.to_owned(),
            messages: r.list()?,
            abuse_extensions: AppDataDictionary::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.alleged_abuser_uri.is_empty() {
            return Err(EncodeError::new(&ALLEGED_ABUSER_EMPTY));
        }
        self.reporting_user.encode(out)?;
        self.alleged_abuser_uri.encode(out)?;
        self.reason_code.encode(out)?;
        codec::put_opaque(out, self.note.as_bytes())?;
        codec::put_list(out, &self.messages)?;
        self.abuse_extensions.encode(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::{NOT_UTF8, VECTOR_TOO_LONG};
    use crate::mls::{ComponentData, ComponentId};
    use crate::testing::{laws, not_written, refused};
    use crate::values::CipherSuite;

    fn message(content: &[u8]) -> AbusiveMessage {
        AbusiveMessage {
            message_content: content.to_vec(),
            frank: Frank {
                server_frank: [0xf4; 32],
                franking_signature_ciphersuite: CipherSuite(1),
                franking_integrity_signature: vec![0x51; 64],
            },
            accepted_timestamp: AcceptedTimestamp(0x0102),
        }
    }

    fn report(reporter: &str, note: &str, messages: Vec<AbusiveMessage>) -> AbuseReport {
        AbuseReport {
            reporting_user: IdentifierUri::new(reporter),
            alleged_abuser_uri: IdentifierUri::new("mimi:"),
            reason_code: AbuseType::RESERVED,
            note: note.to_owned(),
            messages,
            abuse_extensions: AppDataDictionary::default(),
        }
    }

    #[test]
    fn the_smallest_report_names_the_alleged_abuser_alone() {
        // req: MP06-5.9-02, MP06-5.9-03, MP06-5.9-07, MP06-5.9-11
        let smallest = report("", "", vec![]);
        assert_eq!(laws(&smallest), b"\x00\x05mimi:\x00\x00\x00\x00");
        assert_eq!(smallest.reporter(), None);
    }

    #[test]
    fn a_report_is_its_fields_in_order() {
        // req: MP06-5.9-02, MP06-5.9-04, MP06-5.9-05, MP06-5.9-06, MP06-5.9-07, MP06-5.9-10
        let mut full = report("im:b", "n\u{f6}", vec![message(b"one"), message(b"")]);
        full.reason_code = AbuseType(7);
        let entry = ComponentData { component_id: ComponentId(0x8000), data: vec![9] };
        full.abuse_extensions = AppDataDictionary::new(vec![entry]).unwrap();
        let frank = message(b"").frank.to_bytes().unwrap();
        let time = [0, 0, 0, 0, 0, 0, 1, 2];
        let messages = [&b"\x03one"[..], &frank, &time, &[0], &frank, &time].concat();
        assert_eq!(messages.len(), 221);
        let expected = [&b"\x04im:b\x05mimi:\x07\x03n\xc3\xb6"[..], &[0x40, 221], &messages, &[4, 0x80, 0, 1, 9]];
        assert_eq!(laws(&full), expected.concat());
        assert_eq!(full.reporter(), Some(&IdentifierUri::new("im:b")));
    }

    #[test]
    fn every_reason_is_kept() {
        // req: MP06-5.9-04, MP06-5.9-12
        for value in 0..=u8::MAX {
            let report = AbuseReport { reason_code: AbuseType(value), ..report("", "", vec![]) };
            assert_eq!(AbuseReport::from_bytes(&report.to_bytes().unwrap()).unwrap(), report);
        }
    }

    #[test]
    fn the_alleged_abuser_is_always_told() {
        // req: MP06-5.9-03
        refused::<AbuseReport>(b"\x04im:b\x00\x00\x00\x00\x00", 5, &ALLEGED_ABUSER_EMPTY);
        let nobody = AbuseReport { alleged_abuser_uri: IdentifierUri::default(), ..report("", "", vec![]) };
        not_written(&nobody, &ALLEGED_ABUSER_EMPTY);
    }

    #[test]
    fn a_note_is_utf8() {
        // req: MP06-5.9-11
        refused::<AbuseReport>(b"\x00\x05mimi:\x00\x02a\xff\x00\x00", 10, &NOT_UTF8);
    }

    #[test]
    fn a_message_does_not_reach_past_the_list() {
        let bytes = [&b"\x00\x05mimi:\x00\x00"[..], &[2, 0x30, 0], &[0; 64]].concat();
        refused::<AbuseReport>(&bytes, 10, &VECTOR_TOO_LONG);
    }
}
