//! A join link as people pass it on: the room's URI with the joining code behind it (draft-ietf-mimi-room-policy-03 section 6.2).
//!
//! The drafts leave the form open. Ours is the room's URI with a fragment: `mimi://a.example/r/clubhouse#join=` and the code in
//! hexadecimal digits. What stands in a fragment is sent to nobody who resolves the URI.

use std::{fmt, str::FromStr};

use mimi_arch::RoomUri;
use mimi_room_policy::join_code::JoiningCode;

/// What stands between the room and the code.
const MARK: &str = "#join=";
/// More octets than any code of ours.
const LONGEST: usize = 64;

/// A room and a code with which one may join it. `Display` is the link, for the one who is to have it; `Debug` does not show the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The room.
    pub room: RoomUri,
    /// The code.
    pub code: JoiningCode,
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{MARK}", self.room)?;
        self.code.as_bytes().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// A text that is no join link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvitationError {
    /// The part in front of the code is no room.
    #[error("a join link begins with the URI of a room, then `#join=` and the code")]
    Room,
    /// The code is not one in hexadecimal digits.
    #[error("a joining code consists of pairs of hexadecimal digits")]
    Code,
}

impl Invitation {
    /// Reads a code as it stands in a link.
    ///
    /// # Errors
    /// When it does not consist of pairs of hexadecimal digits.
    pub fn code(text: &str) -> Result<JoiningCode, InvitationError> {
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let digits =
            digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2) && digits.len() <= 2 * LONGEST);
        let octets = digits.ok_or(InvitationError::Code)?;
        let octets = octets.chunks_exact(2).filter_map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        });
        Ok(JoiningCode::from_octets(octets.collect::<Vec<u8>>()))
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let (room, code) = text.split_once(MARK).ok_or(InvitationError::Room)?;
        Ok(Self { room: room.parse().map_err(|_| InvitationError::Room)?, code: Self::code(code)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_link_is_the_room_and_the_code() {
        let link = Invitation {
            room: "mimi://a.example/r/clubhouse".parse().unwrap(),
            code: JoiningCode::from_random([0xa7; 16]),
        };
        let text = link.to_string();
        assert_eq!(text, format!("mimi://a.example/r/clubhouse#join={}", "a7".repeat(16)));
        assert_eq!(text.parse(), Ok(link.clone()));
        assert_eq!(text.replace("a7", "A7").parse(), Ok(link.clone()));
        assert!(!format!("{link:?}").contains("a7a7"));
    }

    #[test]
    fn what_is_no_link_is_refused() {
        for (text, error) in [
            ("mimi://a.example/r/clubhouse", InvitationError::Room),
            ("mimi://a.example/u/alice#join=00", InvitationError::Room),
            ("mimi://a.example/r/clubhouse#join=", InvitationError::Code),
            ("mimi://a.example/r/clubhouse#join=0", InvitationError::Code),
            ("mimi://a.example/r/clubhouse#join=0g", InvitationError::Code),
            ("mimi://a.example/r/clubhouse#join=00#join=00", InvitationError::Code),
        ] {
            assert_eq!(text.parse::<Invitation>(), Err(error), "{text}");
        }
        assert_eq!(Invitation::code(&"0".repeat(2 * LONGEST + 2)), Err(InvitationError::Code));
    }
}
