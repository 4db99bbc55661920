//! When a message is to vanish, sections 4.1 and 5.8.

use crate::cbor::{Reader, Writer};
use crate::error::{DecodeError, Field, Rule};

/// A hint that the message be deleted. Nothing makes a client do so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expiration {
    /// At a time, in seconds since the Unix epoch.
    Absolute(u32),
    /// So many seconds after the receiver read it.
    Relative(u32),
}

impl Expiration {
    #[inline]
    // req: MC08-4.1-05
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        if reader.null() {
            return Ok(None);
        }
        let (offset, elements) = reader.array(Field::Expiration)?;
        if elements != 2 {
            return Err(DecodeError::new(offset, Rule::ArrayLength(Field::Expiration)));
        }
        let relative = reader.bool(Field::ExpirationRelative)?;
        let time = reader.unsigned(Field::ExpirationTime, u64::from(u32::MAX))? as u32;
        Ok(Some(if relative { Self::Relative(time) } else { Self::Absolute(time) }))
    }

    pub(crate) fn write(this: Option<Self>, writer: &mut Writer) {
        let (relative, time) = match this {
            None => return writer.null(),
            Some(Self::Absolute(time)) => (false, time),
            Some(Self::Relative(time)) => (true, time),
        };
        writer.array(2);
        writer.bool(relative);
        writer.unsigned(u64::from(time));
    }
}
