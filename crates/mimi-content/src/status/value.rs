//! The status of a message at its recipient (draft-mahy-mimi-message-status-01 section 3).

use core::fmt;

/// What the sender of a report says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageStatus {
    /// 0: not read yet, or marked so again.
    Unread,
    /// 1: one of the user's clients has received it.
    Delivered,
    /// 2: read.
    Read,
    /// 3: expired, and no longer there to be read. After an absolute expiry this does not tell whether it was read before.
    Expired,
    /// 4: deleted by the local client or by somebody in the room who may retract it.
    Deleted,
    /// 5: hidden by the local client, for example archived.
    Hidden,
    /// 6: the client knows of the message ID, but something went wrong with its reception.
    Error,
    /// 7 to 255: not defined yet, and kept.
    Unknown(UnknownStatus),
}

/// A status value between 7 and 255, which the draft leaves for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownStatus(u8);

impl UnknownStatus {
    /// The value.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

/// Whether a report changes the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// The reported status is the new one.
    Taken,
    /// The report makes no sense after what is known, and the status stays.
    Ignored,
}

impl MessageStatus {
    /// What the draft defines, in the order of the values.
    pub const DEFINED: [Self; 7] =
        [Self::Unread, Self::Delivered, Self::Read, Self::Expired, Self::Deleted, Self::Hidden, Self::Error];

    /// The value on the wire.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Delivered => 1,
            Self::Read => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Hidden => 5,
            Self::Error => 6,
            Self::Unknown(unknown) => unknown.0,
        }
    }

    /// Whether this status makes sense after `before`. The draft leaves the choice to the implementer and gives one example, that
    /// nothing is delivered after it was deleted. Ours:
    ///
    /// | before \ after | delivered, error | unread, read, hidden, unknown | expired | deleted |
    /// |---|---|---|---|---|
    /// | nothing known | taken | taken | taken | taken |
    /// | delivered, error | taken | taken | taken | taken |
    /// | unread, read, hidden, unknown | ignored | taken | taken | taken |
    /// | expired | ignored | ignored | taken | taken |
    /// | deleted | ignored | ignored | ignored | taken |
    ///
    /// So a second device that receives what the first has read does not take the reading back, but the user can: read and unread
    /// follow each other freely. Because a status only ever gives way to the same or a later column, the outcome of several reports
    /// is the last one of the rightmost column, in whatever order they arrive.
    ///
    /// ```
    /// use mimi_content::status::{MessageStatus, Transition};
    ///
    /// assert_eq!(MessageStatus::Unread.after(Some(MessageStatus::Read)), Transition::Taken);
    /// assert_eq!(MessageStatus::Delivered.after(Some(MessageStatus::Read)), Transition::Ignored);
    /// ```
    #[must_use]
    pub const fn after(self, before: Option<Self>) -> Transition {
        match before {
            // req: MS01-3-13, MS01-3-14
            Some(before) if before.rank() > self.rank() => Transition::Ignored,
            _ => Transition::Taken,
        }
    }

    /// The column of the table above.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Delivered | Self::Error => 0,
            Self::Unread | Self::Read | Self::Hidden | Self::Unknown(_) => 1,
            Self::Expired => 2,
            Self::Deleted => 3,
        }
    }
}

impl From<u8> for MessageStatus {
    fn from(value: u8) -> Self {
        match value {
            // req: MS01-3-06, MS01-3-07, MS01-3-08, MS01-3-09, MS01-3-10, MS01-3-11, MS01-3-12
            0 => Self::Unread,
            1 => Self::Delivered,
            2 => Self::Read,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Hidden,
            6 => Self::Error,
            value => Self::Unknown(UnknownStatus(value)),
        }
    }
}

impl From<MessageStatus> for u8 {
    fn from(status: MessageStatus) -> Self {
        status.value()
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unread => "unread",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Hidden => "hidden",
            Self::Error => "error",
            Self::Unknown(unknown) => return write!(f, "unknown ({})", unknown.0),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn every_octet_is_a_status_and_comes_back() {
        // req: MS01-3-06, MS01-3-07, MS01-3-08, MS01-3-09, MS01-3-10, MS01-3-11, MS01-3-12
        for value in 0..=u8::MAX {
            assert_eq!(MessageStatus::from(value).value(), value);
        }
        assert_eq!(MessageStatus::DEFINED.map(u8::from), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn transitions_are_those_of_the_table() {
        // req: MS01-3-13, MS01-3-14
        use MessageStatus::{Deleted, Delivered, Error, Expired, Hidden, Read, Unread};
        let unknown = MessageStatus::from(7);
        // Rows and columns: one letter per transition, `+` taken and `-` ignored.
        let columns = [Delivered, Error, Unread, Read, Hidden, unknown, Expired, Deleted];
        let rows = [
            (None, "++++++++"),
            (Some(Delivered), "++++++++"),
            (Some(Error), "++++++++"),
            (Some(Unread), "--++++++"),
            (Some(Read), "--++++++"),
            (Some(Hidden), "--++++++"),
            (Some(unknown), "--++++++"),
            (Some(Expired), "------++"),
            (Some(Deleted), "-------+"),
        ];
        for (before, row) in rows {
            for (status, expected) in columns.into_iter().zip(row.chars()) {
                let taken = status.after(before) == Transition::Taken;
                assert_eq!(taken, expected == '+', "{before:?} then {status}");
            }
        }
    }
}
