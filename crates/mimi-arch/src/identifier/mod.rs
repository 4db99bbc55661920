//! Identifiers: MIMI URIs and the domain in them (draft-mahy-mimi-identity-05 section 4,
//! draft-ietf-mimi-protocol-06 section 3, on the grammar of RFC 3986).
//!
//! Each kind of identifier has a type; [`MimiUri`] is for places that take any of them. A value is
//! always in the normal form of RFC 3986 section 6.2.2: scheme and host in lower case,
//! percent-encoding in upper-case digits, unreserved characters plain. Values compare by that form,
//! so `mimi://A.example/u/%61lice` equals `mimi://a.example/u/alice`; the case of names counts,
//! and so does whether `@` or another reserved character is percent-encoded.

mod domain;
mod error;
mod kinds;
mod parser;
mod segment;

use std::fmt;
use std::str::FromStr;

pub use domain::Domain;
pub use error::{UriError, UriRule};
pub use kinds::{ClientUri, GroupUri, ProviderUri, PseudonymUri, RoomUri, TeamUri, UserUri};
pub use parser::MAX_URI;

use parser::Normal;

/// An identifier of any kind, told apart by its first path segment
/// (draft-mahy-mimi-identity-05 section 4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MimiUri {
    /// No path: a provider.
    Provider(ProviderUri),
    /// `u`: a user.
    User(UserUri),
    /// `p`: a pseudonym.
    Pseudonym(PseudonymUri),
    /// `d`: a client.
    Client(ClientUri),
    /// `r`: a room.
    Room(RoomUri),
    /// `g`: an MLS group.
    Group(GroupUri),
    /// `t`: a team.
    Team(TeamUri),
}

impl MimiUri {
    /// Reads an identifier from octets as they came over the wire.
    ///
    /// # Errors
    /// The first place that breaks a rule, see [`UriRule`].
    // req: ID05-4-01
    // req: ID05-4-02
    pub fn from_bytes(octets: &[u8]) -> Result<Self, UriError> {
        let (kind, normal) = Normal::read(octets)?;
        Ok(match kind {
            UriKind::Provider => Self::Provider(ProviderUri(normal)),
            UriKind::User => Self::User(UserUri(normal)),
            UriKind::Pseudonym => Self::Pseudonym(PseudonymUri(normal)),
            UriKind::Client => Self::Client(ClientUri(normal)),
            UriKind::Room => Self::Room(RoomUri(normal)),
            UriKind::Group => Self::Group(GroupUri(normal)),
            UriKind::Team => Self::Team(TeamUri(normal)),
        })
    }

    /// The kind of identifier.
    #[must_use]
    pub const fn kind(&self) -> UriKind {
        match self {
            Self::Provider(_) => UriKind::Provider,
            Self::User(_) => UriKind::User,
            Self::Pseudonym(_) => UriKind::Pseudonym,
            Self::Client(_) => UriKind::Client,
            Self::Room(_) => UriKind::Room,
            Self::Group(_) => UriKind::Group,
            Self::Team(_) => UriKind::Team,
        }
    }

    /// The URI in its normal form (RFC 3986 section 6.2.2).
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.normal().as_str()
    }

    /// The domain of the provider that this identifier belongs to.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        self.normal().domain()
    }

    fn normal(&self) -> &Normal {
        match self {
            Self::Provider(uri) => &uri.0,
            Self::User(uri) => &uri.0,
            Self::Pseudonym(uri) => &uri.0,
            Self::Client(uri) => &uri.0,
            Self::Room(uri) => &uri.0,
            Self::Group(uri) => &uri.0,
            Self::Team(uri) => &uri.0,
        }
    }
}

impl FromStr for MimiUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl AsRef<str> for MimiUri {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for MimiUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MimiUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MimiUri({self})")
    }
}

macro_rules! into_mimi_uri {
    ($($variant:ident($name:ident)),*) => {$(
        impl From<$name> for MimiUri {
            fn from(uri: $name) -> Self {
                Self::$variant(uri)
            }
        }
    )*};
}

into_mimi_uri!(
    Provider(ProviderUri),
    User(UserUri),
    Pseudonym(PseudonymUri),
    Client(ClientUri),
    Room(RoomUri),
    Group(GroupUri),
    Team(TeamUri)
);

/// The kinds of identifier (draft-mahy-mimi-identity-05 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UriKind {
    /// A provider.
    Provider,
    /// A user.
    User,
    /// A pseudonym.
    Pseudonym,
    /// A client.
    Client,
    /// A room.
    Room,
    /// An MLS group.
    Group,
    /// A team.
    Team,
}

impl UriKind {
    /// All kinds, in the order of the draft's table.
    pub const ALL: [Self; 7] =
        [Self::Provider, Self::User, Self::Pseudonym, Self::Client, Self::Room, Self::Group, Self::Team];

    /// The first path segment of this kind; none for a provider, which has no path.
    // req: ID05-4-04
    // req: ID05-4-07
    // req: ID05-4-08
    // req: ID05-4-09
    #[must_use]
    pub const fn discriminator(self) -> Option<&'static str> {
        match self {
            Self::Provider => None,
            Self::User => Some("u"),
            Self::Pseudonym => Some("p"),
            Self::Client => Some("d"),
            Self::Room => Some("r"),
            Self::Group => Some("g"),
            Self::Team => Some("t"),
        }
    }

    fn of_discriminator(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.discriminator() == Some(segment))
    }

    /// How many names may follow the first path segment.
    // req: ID05-4-05
    const fn most_names(self) -> usize {
        match self {
            Self::Provider => 0,
            Self::Client => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for UriKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "provider",
            Self::User => "user",
            Self::Pseudonym => "pseudonym",
            Self::Client => "client",
            Self::Room => "room",
            Self::Group => "group",
            Self::Team => "team",
        })
    }
}
