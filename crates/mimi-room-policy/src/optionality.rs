//! Whether something is left to the client, required, or forbidden (draft-ietf-mimi-room-policy-03 section 6.1), and settings that
//! exist only unless it is forbidden.
//!
//! The enumeration of the draft has optional, required and forbidden; its structures select on mandatory, optional and forbidden. Mandatory
//! is read as required. A structure that is empty when something is forbidden has no octets then, although the text calls its fields empty
//! or zero: [`Conditional::terms`] has none, and accessors of the components give the empty values.

use std::fmt;

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};

rules! {
    OPTIONALITY_INVALID = "the value is none of optional, required and forbidden", "draft-ietf-mimi-room-policy-03 section 6.1";
}

/// Whether something is left to the client, required, or forbidden (draft-ietf-mimi-room-policy-03 section 6.1).
// req: RP03-6.1-01
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Optionality {
    /// Up to the client.
    Optional,
    /// Everyone does it. The structures of the draft call this mandatory.
    Required,
    /// No one does it.
    Forbidden,
}

impl Optionality {
    /// All values, in order.
    pub const ALL: [Self; 3] = [Self::Optional, Self::Required, Self::Forbidden];

    /// The value on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Optional => 0,
            Self::Required => 1,
            Self::Forbidden => 2,
        }
    }

    /// The draft's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
            Self::Forbidden => "forbidden",
        }
    }
}

impl fmt::Display for Optionality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Wire for Optionality {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let value = r.u8()?;
        Self::ALL.into_iter().find(|known| known.value() == value).ok_or(start.error(&OPTIONALITY_INVALID))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.value());
        Ok(())
    }
}

/// An [`Optionality`] with settings that exist unless it is forbidden. When it is, no octets follow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Conditional<T> {
    /// Up to the client, on these terms.
    Optional(T),
    /// Everyone does it, on these terms.
    Required(T),
    /// No one does it.
    Forbidden,
}

impl<T> Conditional<T> {
    /// Which of the three it is.
    pub const fn optionality(&self) -> Optionality {
        match self {
            Self::Optional(_) => Optionality::Optional,
            Self::Required(_) => Optionality::Required,
            Self::Forbidden => Optionality::Forbidden,
        }
    }

    /// The settings.
    pub const fn terms(&self) -> Option<&T> {
        match self {
            Self::Optional(terms) | Self::Required(terms) => Some(terms),
            Self::Forbidden => None,
        }
    }

    /// Whether no one may do it.
    pub const fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden)
    }
}

impl<T: Wire> Wire for Conditional<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match Optionality::decode(r)? {
            Optionality::Optional => Self::Optional(T::decode(r)?),
            Optionality::Required => Self::Required(T::decode(r)?),
            Optionality::Forbidden => Self::Forbidden,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.optionality().encode(out)?;
        self.terms().map_or(Ok(()), |terms| terms.encode(out))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::testing::{laws, refused};

    use super::*;

    #[test]
    fn optionality_is_one_octet_and_knows_three_values() {
        // req: RP03-6.1-01
        for (value, optionality) in (0u8..).zip(Optionality::ALL) {
            assert_eq!(laws(&optionality), [value]);
        }
        refused::<Optionality>(&[3], 0, &OPTIONALITY_INVALID);
        refused::<Optionality>(&[255], 0, &OPTIONALITY_INVALID);
    }

    #[test]
    fn settings_stand_there_unless_forbidden() {
        assert_eq!(laws(&Conditional::Optional(7u16)), [0, 0, 7]);
        assert_eq!(laws(&Conditional::Required(7u16)), [1, 0, 7]);
        assert_eq!(laws(&Conditional::<u16>::Forbidden), [2]);
        assert_eq!(Conditional::Required(7).terms(), Some(&7));
        assert_eq!(Conditional::<u8>::Forbidden.terms(), None);
    }
}
