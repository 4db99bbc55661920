//! The report on the wire (draft-mahy-mimi-message-status-01 section 4).

use alloc::vec::Vec;

use crate::{
    DecodeError, Field, MessageId, Rule,
    cbor::{Reader, Writer},
};

use super::MessageStatus;

/// One message and its status at the sender of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PerMessageStatus {
    /// The message.
    pub message_id: MessageId,
    /// Its status.
    pub status: MessageStatus,
}

/// The statuses of any number of messages of one room, as one member reports them.
///
/// The draft neither forbids an empty list nor a message that is listed twice; both are kept as they are. Of two entries for
/// a message the later one counts as the later report.
///
/// ```
/// use mimi_content::{MessageId, status::{MessageStatus, MessageStatusReport}};
///
/// let id = MessageId::from_bytes([1; 32]);
/// let report = MessageStatusReport::from_iter([(id, MessageStatus::Read)]);
/// assert_eq!(MessageStatusReport::decode(&report.encode())?, report);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MessageStatusReport {
    /// The entries, in the order of the report.
    pub statuses: Vec<PerMessageStatus>,
}

impl MessageStatusReport {
    /// Reads a report, in deterministic encoding and nothing after it.
    ///
    /// # Errors
    /// The first rule that is broken, and where.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        // req: MS01-3-03
        let mut reader = Reader::new(octets);
        let (offset, count) = reader.array(Field::StatusReport)?;
        // An entry takes 36 octets at least, so a count that is a lie fails before anything is reserved for it.
        let fits = usize::try_from(count).ok().filter(|count| *count <= reader.rest().len() / ENTRY_LEN);
        let Some(count) = fits else {
            return Err(Self::first_broken(reader, count).unwrap_or(DecodeError::new(offset, Rule::Truncated)));
        };
        let mut statuses = Vec::with_capacity(count);
        for _ in 0..count {
            statuses.push(PerMessageStatus::read(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self { statuses })
    }

    /// A list that is shorter than its count may be wrong before it ends.
    fn first_broken(mut reader: Reader<'_>, count: u64) -> Option<DecodeError> {
        (0..count).find_map(|_| PerMessageStatus::read(&mut reader).err())
    }

    /// Writes the report.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(9 + self.statuses.len() * (ENTRY_LEN + 1));
        writer.array(self.statuses.len());
        for entry in &self.statuses {
            writer.array(2);
            writer.bytes(entry.message_id.as_bytes());
            writer.unsigned(entry.status.value().into());
        }
        writer.into_octets()
    }
}

/// Octets of the shortest entry: array head, byte string head in two octets, message ID, status.
const ENTRY_LEN: usize = 36;

impl PerMessageStatus {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // req: MS01-3-02, MS01-4-01
        let (offset, length) = reader.array(Field::PerMessageStatus)?;
        if length != 2 {
            return Err(DecodeError::new(offset, Rule::ArrayLength(Field::PerMessageStatus)));
        }
        let message_id = MessageId::from_bytes(*reader.array_of_bytes(Field::StatusMessageId)?);
        let status = reader.unsigned(Field::MessageStatus, u8::MAX.into())?;
        // The limit makes the default unreachable.
        let status = MessageStatus::from(u8::try_from(status).unwrap_or(u8::MAX));
        Ok(Self { message_id, status })
    }
}

impl FromIterator<(MessageId, MessageStatus)> for MessageStatusReport {
    fn from_iter<I: IntoIterator<Item = (MessageId, MessageStatus)>>(entries: I) -> Self {
        let statuses =
            entries.into_iter().map(|(message_id, status)| PerMessageStatus { message_id, status }).collect();
        Self { statuses }
    }
}
