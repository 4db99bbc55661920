//! What discovery providers send each other, and what one who registers is answered (discovery profile 0 sections 14 and 17).

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use crate::freshness::Merged;
use crate::record::Record;

/// How many records a push has at most.
pub const MAX_PUSH: usize = 1024;

rules! {
    PUSH_COUNT = "a push has more than 1024 records", "discovery profile 0 section 14";
    REGISTER_CODE_UNKNOWN = "a code of an answer to a registration is unknown", "discovery profile 0 section 17";
}

/// Records that one provider sends to another. The receiver verifies each, and takes up what is fresh.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Push {
    /// In the order in which they changed at the sender.
    pub records: Vec<Record>,
}

impl Wire for Push {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let records: Vec<Record> = r.list()?;
        if records.len() > MAX_PUSH {
            return Err(start.error(&PUSH_COUNT));
        }
        Ok(Self { records })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.records.len() > MAX_PUSH {
            return Err(EncodeError::new(&PUSH_COUNT));
        }
        codec::put_list(out, &self.records)
    }
}

/// What became of a push: nothing of it has to be sent again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PushResponse {
    /// Records that stand now.
    pub applied: u32,
    /// Records that were refused: by somebody who is not trusted here, or over by now.
    pub refused: u32,
}

impl Wire for PushResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { applied: r.u32()?, refused: r.u32()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.applied.encode(out)?;
        self.refused.encode(out)
    }
}

/// The answer to somebody who registers a statement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RegisterResponse {
    /// It stands, and is durable.
    Registered,
    /// It stood already.
    Known,
    /// It is not verified, or not fresh; the reason is for a person.
    Refused {
        /// Why.
        reason: String,
    },
}

impl From<Merged> for RegisterResponse {
    fn from(merged: Merged) -> Self {
        match merged {
            Merged::Applied => Self::Registered,
            Merged::Known => Self::Known,
            Merged::Stale => Self::Refused { reason: "a fresher statement stands".to_owned() },
        }
    }
}

impl Wire for RegisterResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            0 => Ok(Self::Registered),
            1 => Ok(Self::Known),
            2 => Ok(Self::Refused { reason: r.text()?.to_owned() }),
            _ => Err(start.error(&REGISTER_CODE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Registered => out.push(0),
            Self::Known => out.push(1),
            Self::Refused { reason } => {
                out.push(2);
                codec::put_opaque(out, reason.as_bytes())?;
            }
        }
        Ok(())
    }
}
