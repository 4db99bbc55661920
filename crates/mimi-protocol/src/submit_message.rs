//! Submitting an application message (draft-ietf-mimi-protocol-06 section 5.4): `POST /submitMessage/{roomId}`.

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::identifier_uri::IdentifierUri;
use crate::mls::{ContentType, MlsMessage};
use crate::protocol::Protocol;
use crate::values::{AcceptedTimestamp, CipherSuite, Epoch};

rules! {
    NOT_AN_APPLICATION_MESSAGE = "the message is not a PrivateMessage with application content",
        "draft-ietf-mimi-protocol-06 section 5.4";
    SENDING_URI_EMPTY = "the sending URI is empty", "draft-ietf-mimi-protocol-06 section 5.4";
    SUBMIT_RESPONSE_CODE_UNKNOWN = "the response code is not one that is defined",
        "draft-ietf-mimi-protocol-06 section 5.4";
}

/// An application message on its way to the hub (draft-ietf-mimi-protocol-06 section 5.4).
// req: MP06-5.4-02
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubmitMessageRequest {
    /// A PrivateMessage with application content.
    pub app_message: MlsMessage,
    /// The participant who sends it.
    pub sending_uri: IdentifierUri,
}

impl SubmitMessageRequest {
    fn check(&self) -> Result<(), &'static Rule> {
        check_application_message(&self.app_message)?;
        // req: MP06-5.4-04
        if self.sending_uri.is_empty() { Err(&SENDING_URI_EMPTY) } else { Ok(()) }
    }
}

impl Wire for SubmitMessageRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Protocol::decode(r)?;
        let start = r.clone();
        let app_message = MlsMessage::decode(r)?;
        check_application_message(&app_message).map_err(|rule| start.error(rule))?;
        let start = r.clone();
        let request = Self { app_message, sending_uri: IdentifierUri::decode(r)? };
        request.check().map(|()| request).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        Protocol::Mls10.encode(out)?;
        self.app_message.encode(out)?;
        self.sending_uri.encode(out)
    }
}

// req: MP06-5.4-03
pub(crate) fn check_application_message(message: &MlsMessage) -> Result<(), &'static Rule> {
    match message.as_private() {
        Some(private) if private.content_type == ContentType::Application => Ok(()),
        _ => Err(&NOT_AN_APPLICATION_MESSAGE),
    }
}

/// The hub's stamp on a message (draft-ietf-mimi-protocol-06 section 5.4).
// req: MP06-5.4-08
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Frank {
    /// The tag that only the hub can check.
    pub server_frank: [u8; 32],
    /// The cipher suite whose signature scheme signed the stamp.
    pub franking_signature_ciphersuite: CipherSuite,
    /// The signature over the stamp and its context.
    pub franking_integrity_signature: Vec<u8>,
}

impl Wire for Frank {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            server_frank: r.array()?,
            franking_signature_ciphersuite: CipherSuite::decode(r)?,
            franking_integrity_signature: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.server_frank);
        self.franking_signature_ciphersuite.encode(out)?;
        codec::put_opaque(out, &self.franking_integrity_signature)
    }
}

/// What the hub made of a message (draft-ietf-mimi-protocol-06 section 5.4).
// req: MP06-5.4-07, MP06-5.4-09, MP06-5.4-10, MP06-5.4-15
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SubmitMessageResponse {
    /// Accepted; it will be distributed.
    Accepted {
        /// When the hub accepted it.
        accepted_timestamp: AcceptedTimestamp,
        /// The hub's stamp, if the message asked for one.
        frank: Option<Frank>,
    },
    /// Policy or authorization forbids it.
    NotAllowed,
    /// The hub is in a newer epoch.
    EpochTooOld {
        /// The epoch the hub is in.
        current_epoch: Epoch,
    },
}

impl Wire for SubmitMessageResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Protocol::decode(r)?;
        let start = r.clone();
        match r.u8()? {
            0 => Ok(Self::Accepted { accepted_timestamp: AcceptedTimestamp::decode(r)?, frank: r.optional()? }),
            1 => Ok(Self::NotAllowed),
            2 => Ok(Self::EpochTooOld { current_epoch: Epoch::decode(r)? }),
            _ => Err(start.error(&SUBMIT_RESPONSE_CODE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Protocol::Mls10.encode(out)?;
        match self {
            Self::Accepted { accepted_timestamp, frank } => {
                out.push(0);
                accepted_timestamp.encode(out)?;
                codec::put_optional(out, frank.as_ref())
            }
            Self::NotAllowed => {
                out.push(1);
                Ok(())
            }
            Self::EpochTooOld { current_epoch } => {
                out.push(2);
                current_epoch.encode(out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::PRESENCE_INVALID;
    use crate::protocol::PROTOCOL_UNKNOWN;
    use crate::testing::{application, commit, laws, not_written, private, proposal, refused, welcome};

    pub(super) fn frank() -> Frank {
        Frank {
            server_frank: [0xf4; 32],
            franking_signature_ciphersuite: CipherSuite(1),
            franking_integrity_signature: vec![0x51; 64],
        }
    }

    #[test]
    fn a_request_is_protocol_message_and_sender() {
        // req: MP06-5.4-02, MP06-5-01
        let request = SubmitMessageRequest { app_message: application(), sending_uri: IdentifierUri::new("mimi:") };
        let expected = [&[1], application().as_bytes(), b"\x05mimi:"].concat();
        assert_eq!(laws(&request), expected);
        refused::<SubmitMessageRequest>(&[2], 0, &PROTOCOL_UNKNOWN);
    }

    #[test]
    fn only_private_messages_with_application_content_are_submitted() {
        // req: MP06-5.4-03
        for message in [
            proposal(7),
            commit(7),
            private(ContentType::Commit),
            private(ContentType::Proposal),
            MlsMessage::from(welcome()),
        ] {
            let bytes = [&[1], message.as_bytes(), b"\x05mimi:"].concat();
            refused::<SubmitMessageRequest>(&bytes, 1, &NOT_AN_APPLICATION_MESSAGE);
            let request = SubmitMessageRequest { app_message: message, sending_uri: IdentifierUri::new("mimi:") };
            not_written(&request, &NOT_AN_APPLICATION_MESSAGE);
        }
    }

    #[test]
    fn the_sending_uri_is_not_empty() {
        // req: MP06-5.4-04
        let bytes = [&[1], application().as_bytes(), &[0]].concat();
        refused::<SubmitMessageRequest>(&bytes, bytes.len() - 1, &SENDING_URI_EMPTY);
        let request = SubmitMessageRequest { app_message: application(), sending_uri: IdentifierUri::default() };
        not_written(&request, &SENDING_URI_EMPTY);
    }

    #[test]
    fn a_frank_has_a_fixed_and_a_variable_part() {
        // req: MP06-5.4-08
        let bytes = laws(&frank());
        assert_eq!((bytes.len(), &bytes[32..36]), (32 + 2 + 2 + 64, &[0, 1, 0x40, 64][..]));
    }

    #[test]
    fn responses_have_protocol_code_and_what_the_code_calls_for() {
        // req: MP06-5.4-07, MP06-5.4-09, MP06-5.4-10, MP06-5.4-15
        let accepted = |frank| SubmitMessageResponse::Accepted { accepted_timestamp: AcceptedTimestamp(0x0102), frank };
        assert_eq!(laws(&accepted(None)), [1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0]);
        let franked = laws(&accepted(Some(frank())));
        assert_eq!(franked[..11], [1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1]);
        assert_eq!(franked[11..], frank().to_bytes().unwrap());
        assert_eq!(laws(&SubmitMessageResponse::NotAllowed), [1, 1]);
        let too_old = SubmitMessageResponse::EpochTooOld { current_epoch: Epoch(9) };
        assert_eq!(laws(&too_old), [1, 2, 0, 0, 0, 0, 0, 0, 0, 9]);
        refused::<SubmitMessageResponse>(&[1, 3], 1, &SUBMIT_RESPONSE_CODE_UNKNOWN);
        refused::<SubmitMessageResponse>(&[1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2], 10, &PRESENCE_INVALID);
    }
}
