//! Whether conversations are logged, and by whom (draft-ietf-mimi-room-policy-03 section 6.5).

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::uri::Uri;

use crate::fields::{self, replaced_as_a_whole};
use crate::optionality::{Conditional, Optionality};

rules! {
    LOGGING_CLIENT_MISSING = "logging is required and no logging client is named",
        "draft-ietf-mimi-room-policy-03 section 6.5";
}

/// Who logs, and where that is explained (draft-ietf-mimi-room-policy-03 section 6.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LoggingTerms {
    /// The clients that log. Each provider should have one at most.
    pub logging_clients: Vec<Uri>,
    /// The hub's logging policy for programs; on the wire an empty URI if there is none.
    pub machine_readable_policy: Option<Uri>,
    /// The hub's logging policy for people; on the wire an empty URI if there is none.
    pub human_readable_policy: Option<Uri>,
}

// req: RP03-6.5-05
impl Wire for LoggingTerms {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            logging_clients: r.list()?,
            machine_readable_policy: fields::decode_uri_or_empty(r)?,
            human_readable_policy: fields::decode_uri_or_empty(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.logging_clients)?;
        fields::put_uri_or_empty(out, self.machine_readable_policy.as_ref())?;
        fields::put_uri_or_empty(out, self.human_readable_policy.as_ref())
    }
}

/// Whether conversations are logged (draft-ietf-mimi-room-policy-03 section 6.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LoggingPolicy {
    /// Whether, and on which terms. When it is required there is a logging client.
    pub logging: Conditional<LoggingTerms>,
}

impl LoggingPolicy {
    /// No one logs.
    pub const FORBIDDEN: Self = Self { logging: Conditional::Forbidden };

    /// The clients that log; none when it is forbidden.
    // req: RP03-6.5-02
    pub fn logging_clients(&self) -> &[Uri] {
        self.logging.terms().map(|terms| terms.logging_clients.as_slice()).unwrap_or_default()
    }

    /// Whether logging takes place: it is not forbidden and someone does it.
    // req: RP03-6.5-06
    pub fn is_active(&self) -> bool {
        !self.logging_clients().is_empty()
    }

    // req: RP03-6.5-03
    fn lacks_client(&self) -> bool {
        self.logging.optionality() == Optionality::Required && !self.is_active()
    }
}

// req: RP03-6.5-01, RP03-6.5-07
impl Wire for LoggingPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let policy = Self { logging: Conditional::decode(r)? };
        if policy.lacks_client() { Err(start.error(&LOGGING_CLIENT_MISSING)) } else { Ok(policy) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.lacks_client() {
            return Err(EncodeError::new(&LOGGING_CLIENT_MISSING));
        }
        self.logging.encode(out)
    }
}

replaced_as_a_whole!(LoggingPolicy, LOGGING_POLICY, "logging_policy", "draft-ietf-mimi-room-policy-03 section 6.5");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, not_written, refused};

    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::new(text).unwrap()
    }

    fn terms() -> LoggingTerms {
        LoggingTerms {
            logging_clients: vec![uri("m:a"), uri("m:b")],
            machine_readable_policy: Some(uri("h:m")),
            human_readable_policy: None,
        }
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.5-07, RP03-6.5-05, RP03-6.5-01
        let required = LoggingPolicy { logging: Conditional::Required(terms()) };
        assert_eq!(laws(&required), b"\x01\x08\x03m:a\x03m:b\x03h:m\x00");
        let optional = LoggingPolicy { logging: Conditional::Optional(LoggingTerms::default()) };
        assert_eq!(laws(&optional), [0, 0, 0, 0]);
    }

    #[test]
    fn nothing_is_named_when_logging_is_forbidden() {
        // req: RP03-6.5-02
        assert_eq!(laws(&LoggingPolicy::FORBIDDEN), [2]);
        assert_eq!(LoggingPolicy::FORBIDDEN.logging_clients(), &[]);
        refused::<LoggingPolicy>(&[2, 0, 0, 0], 1, &mimi_arch::codec::TRAILING);
    }

    #[test]
    fn required_logging_has_a_client() {
        // req: RP03-6.5-03
        refused::<LoggingPolicy>(&[1, 0, 0, 0], 0, &LOGGING_CLIENT_MISSING);
        not_written(
            &LoggingPolicy { logging: Conditional::Required(LoggingTerms::default()) },
            &LOGGING_CLIENT_MISSING,
        );
    }

    #[test]
    fn optional_logging_is_active_as_soon_as_a_client_is_named() {
        // req: RP03-6.5-06
        assert!(LoggingPolicy { logging: Conditional::Optional(terms()) }.is_active());
        assert!(!LoggingPolicy { logging: Conditional::Optional(LoggingTerms::default()) }.is_active());
        assert!(!LoggingPolicy::FORBIDDEN.is_active());
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let after = LoggingPolicy { logging: Conditional::Required(terms()) };
        let updated = LoggingPolicy::apply(Some(&LoggingPolicy::FORBIDDEN), std::slice::from_ref(&after));
        assert_eq!(updated, Ok(after));
    }
}
