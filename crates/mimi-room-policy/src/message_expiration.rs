//! Messages that vanish after a while (draft-ietf-mimi-room-policy-03 section 6.8).

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};

use crate::fields::replaced_as_a_whole;
use crate::optionality::{Conditional, Optionality};

rules! {
    EXPIRATION_BOUNDS_CROSSED = "the shortest expiration is longer than the longest",
        "draft-ietf-mimi-room-policy-03 section 6.8";
    EXPIRATION_DEFAULT_OUTSIDE = "the default expiration is not between the shortest and the longest",
        "draft-ietf-mimi-room-policy-03 section 6.8";
}

/// How long expiring messages last, in seconds (draft-ietf-mimi-room-policy-03 section 6.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExpirationTerms {
    /// The shortest duration that is accepted.
    pub min_expiration_duration: u32,
    /// The longest duration that is accepted.
    pub max_expiration_duration: u32,
    /// The duration that is preferred; between the two others.
    pub default_expiration_duration: Option<u32>,
}

impl ExpirationTerms {
    fn check(&self) -> Result<(), &'static Rule> {
        let range = self.min_expiration_duration..=self.max_expiration_duration;
        if range.is_empty() {
            return Err(&EXPIRATION_BOUNDS_CROSSED);
        }
        match self.default_expiration_duration {
            Some(default) if !range.contains(&default) => Err(&EXPIRATION_DEFAULT_OUTSIDE),
            _ => Ok(()),
        }
    }
}

impl Wire for ExpirationTerms {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let terms = Self {
            min_expiration_duration: r.u32()?,
            max_expiration_duration: r.u32()?,
            default_expiration_duration: r.optional()?,
        };
        terms.check().map(|()| terms).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        self.min_expiration_duration.encode(out)?;
        self.max_expiration_duration.encode(out)?;
        codec::put_optional(out, self.default_expiration_duration.as_ref())
    }
}

/// Whether messages expire (draft-ietf-mimi-room-policy-03 section 6.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MessageExpiration {
    /// Whether, and on which terms.
    pub expiring_messages: Conditional<ExpirationTerms>,
}

impl MessageExpiration {
    /// No message expires.
    pub const FORBIDDEN: Self = Self { expiring_messages: Conditional::Forbidden };

    /// The shortest and the longest duration that are accepted, in seconds; both zero when expiring messages are forbidden.
    // req: RP03-6.8-05
    pub fn bounds(&self) -> (u32, u32) {
        self.expiring_messages
            .terms()
            .map_or((0, 0), |terms| (terms.min_expiration_duration, terms.max_expiration_duration))
    }

    /// The preferred duration in seconds; absent when expiring messages are forbidden.
    // req: RP03-6.8-04, RP03-6.8-05
    pub fn default_expiration_duration(&self) -> Option<u32> {
        self.expiring_messages.terms().and_then(|terms| terms.default_expiration_duration)
    }

    /// Whether a message that expires after this many seconds, or not at all, is in order.
    // req: RP03-6.8-01, RP03-6.8-02, RP03-6.8-03
    pub fn permits(&self, duration: Option<u32>) -> bool {
        match (duration, self.expiring_messages.optionality()) {
            (None, optionality) => optionality != Optionality::Required,
            (Some(_), Optionality::Forbidden) => false,
            (Some(duration), _) => {
                let (shortest, longest) = self.bounds();
                (shortest..=longest).contains(&duration)
            }
        }
    }
}

// req: RP03-6.8-06
impl Wire for MessageExpiration {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { expiring_messages: Conditional::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.expiring_messages.encode(out)
    }
}

replaced_as_a_whole!(
    MessageExpiration,
    MESSAGE_EXPIRATION_POLICY,
    "message_expiration_policy",
    "draft-ietf-mimi-room-policy-03 section 6.8"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, not_written, refused};

    use super::*;

    fn terms(shortest: u32, longest: u32, default: Option<u32>) -> ExpirationTerms {
        ExpirationTerms {
            min_expiration_duration: shortest,
            max_expiration_duration: longest,
            default_expiration_duration: default,
        }
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.8-06
        let optional = MessageExpiration { expiring_messages: Conditional::Optional(terms(60, 256, Some(60))) };
        assert_eq!(laws(&optional), [0, 0, 0, 0, 60, 0, 0, 1, 0, 1, 0, 0, 0, 60]);
        let required = MessageExpiration { expiring_messages: Conditional::Required(terms(60, 60, None)) };
        assert_eq!(laws(&required), [1, 0, 0, 0, 60, 0, 0, 0, 60, 0]);
    }

    #[test]
    fn forbidden_expiration_means_zeros_and_no_default() {
        // req: RP03-6.8-05
        let forbidden = MessageExpiration::FORBIDDEN;
        assert_eq!(laws(&forbidden), [2]);
        assert_eq!((forbidden.bounds(), forbidden.default_expiration_duration()), ((0, 0), None));
        refused::<MessageExpiration>(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1, &mimi_arch::codec::TRAILING);
    }

    #[test]
    fn durations_are_in_order() {
        // req: RP03-6.8-04
        refused::<MessageExpiration>(&[0, 0, 0, 0, 2, 0, 0, 0, 1, 0], 1, &EXPIRATION_BOUNDS_CROSSED);
        refused::<MessageExpiration>(&[1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 3], 1, &EXPIRATION_DEFAULT_OUTSIDE);
        not_written(&terms(2, 1, None), &EXPIRATION_BOUNDS_CROSSED);
        not_written(&terms(1, 2, Some(0)), &EXPIRATION_DEFAULT_OUTSIDE);
        laws(&terms(1, 2, Some(1)));
        laws(&terms(1, 2, Some(2)));
    }

    #[test]
    fn messages_are_held_against_the_bounds() {
        // req: RP03-6.8-01, RP03-6.8-02, RP03-6.8-03
        let required = MessageExpiration { expiring_messages: Conditional::Required(terms(10, 20, None)) };
        let optional = MessageExpiration { expiring_messages: Conditional::Optional(terms(10, 20, None)) };
        for (duration, by_required, by_optional, by_forbidden) in [
            (None, false, true, true),
            (Some(9), false, false, false),
            (Some(10), true, true, false),
            (Some(20), true, true, false),
            (Some(21), false, false, false),
        ] {
            assert_eq!(required.permits(duration), by_required);
            assert_eq!(optional.permits(duration), by_optional);
            assert_eq!(MessageExpiration::FORBIDDEN.permits(duration), by_forbidden);
        }
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let after = MessageExpiration { expiring_messages: Conditional::Required(terms(1, 2, None)) };
        assert_eq!(MessageExpiration::apply(Some(&MessageExpiration::FORBIDDEN), &[after]), Ok(after));
    }
}
