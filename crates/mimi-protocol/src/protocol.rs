//! Which end-to-end protocol a request is about (draft-ietf-mimi-protocol-06 section 5).

use crate::codec::{DecodeError, EncodeError, Reader, Wire, rules};

rules! {
    PROTOCOL_UNKNOWN = "the end-to-end protocol is not one that is defined", "draft-ietf-mimi-protocol-06 section 5";
}

/// The end-to-end protocol (draft-ietf-mimi-protocol-06 section 5). What follows it on the wire depends on it, so an
/// unknown one cannot be read past.
// req: MP06-5-01, MP06-5-03
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Protocol {
    /// MLS 1.0 (RFC 9420).
    #[default]
    Mls10 = 1,
}

impl Wire for Protocol {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => Ok(Self::Mls10),
            _ => Err(start.error(&PROTOCOL_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::testing::{laws, refused};

    #[test]
    fn mls_1_0_is_one_and_nothing_else_is_known() {
        // req: MP06-5-03
        assert_eq!(laws(&Protocol::Mls10), [1]);
        refused::<Protocol>(&[0], 0, &PROTOCOL_UNKNOWN);
        refused::<Protocol>(&[2], 0, &PROTOCOL_UNKNOWN);
    }
}
