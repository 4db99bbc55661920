//! One type per kind of identifier (draft-mahy-mimi-identity-05 section 4,
//! draft-ietf-mimi-protocol-06 section 3).

use std::fmt;
use std::str::FromStr;

use super::parser::Normal;
use super::{Domain, UriError, UriKind, segment};

/// What all identifier types have in common.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) Normal);

        impl $name {
            /// Reads the identifier from octets as they came over the wire.
            ///
            /// # Errors
            /// The first place that breaks a rule, see [`UriRule`](super::UriRule).
            pub fn from_bytes(octets: &[u8]) -> Result<Self, UriError> {
                Normal::read_kind(octets, UriKind::$kind).map(Self)
            }

            /// The URI in its normal form (RFC 3986 section 6.2.2).
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The domain of the provider that this identifier belongs to.
            #[must_use]
            pub fn domain(&self) -> &Domain {
                self.0.domain()
            }
        }

        impl FromStr for $name {
            type Err = UriError;

            fn from_str(text: &str) -> Result<Self, UriError> {
                Self::from_bytes(text.as_bytes())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

/// An identifier type that is a domain, a discriminator and one name.
macro_rules! named_identifier {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $letter:literal) => {
        identifier! { $(#[$doc])* $name, $kind }

        impl $name {
            /// Makes the identifier from a name in plain text; what may not stand in a path
            /// segment is percent-encoded as UTF-8.
            ///
            /// # Errors
            /// A name that is empty, `.` or `..`, holds U+0000 or makes the URI too long. The
            /// offset counts in the URI that would have come out.
            pub fn new(domain: &Domain, name: &str) -> Result<Self, UriError> {
                Normal::of_name(domain, $letter, name).map(Self)
            }

            /// The name with its percent-encoding undone. It is text from outside: it may hold
            /// slashes and control characters, so it is for people to read and not for paths.
            #[must_use]
            pub fn name(&self) -> String {
                segment::decode(self.0.segment(0))
            }
        }
    };
}

identifier! {
    /// A provider, `mimi://a.example`.
    ProviderUri, Provider
}

named_identifier! {
    /// A user, `mimi://a.example/u/alice`: who takes part in rooms, with any number of clients.
    // req: AR02-2-01
    UserUri, User, 'u'
}

named_identifier! {
    /// A pseudonym, `mimi://a.example/p/crazykoala75`: a user who does not say who they are.
    /// A provider may as well give a pseudonym the form of a [`UserUri`].
    // req: ID05-4-10
    PseudonymUri, Pseudonym, 'p'
}

identifier! {
    /// A client, in one of two forms: `mimi://a.example/d/ClientA1` or, with its user named,
    /// `mimi://a.example/d/alice/ClientA1`.
    ///
    /// ```
    /// use mimi_arch::{ClientUri, UserUri};
    ///
    /// let alice: UserUri = "mimi://a.example/u/alice".parse()?;
    /// let phone = ClientUri::of_user(&alice, "phone")?;
    /// assert_eq!(phone.as_str(), "mimi://a.example/d/alice/phone");
    /// assert_eq!(phone.user(), Some(alice));
    /// # Ok::<(), mimi_arch::UriError>(())
    /// ```
    // req: AR02-2-02
    ClientUri, Client
}

named_identifier! {
    /// A room, `mimi://a.example/r/clubhouse`. Its domain is its hub's.
    // req: AR02-2-07
    RoomUri, Room, 'r'
}

named_identifier! {
    /// An MLS group, `mimi://a.example/g/clubhouse`. The octets of its normal form are the MLS
    /// group ID.
    GroupUri, Group, 'g'
}

named_identifier! {
    /// A team or workspace, `mimi://a.example/t/engineering`: a set of users.
    TeamUri, Team, 't'
}

impl ProviderUri {
    /// The identifier of the provider with this domain.
    #[must_use]
    pub fn new(domain: &Domain) -> Self {
        Self(Normal::of_domain(domain))
    }
}

impl UserUri {
    /// The provider that this user has an account with.
    #[must_use]
    pub fn provider(&self) -> ProviderUri {
        ProviderUri::new(self.domain())
    }
}

impl ClientUri {
    /// Makes the form with one name, which does not say whose client it is.
    ///
    /// # Errors
    /// As for [`UserUri::new`].
    pub fn new(domain: &Domain, device: &str) -> Result<Self, UriError> {
        Normal::of_name(domain, 'd', device).map(Self)
    }

    /// Makes the form with two names, the user's and the client's among that user's.
    ///
    /// # Errors
    /// As for [`UserUri::new`].
    pub fn of_user(user: &UserUri, device: &str) -> Result<Self, UriError> {
        user.0.with_segment('d', device).map(Self)
    }

    /// The user, when the identifier names one.
    #[must_use]
    pub fn user(&self) -> Option<UserUri> {
        (self.0.segments() > 1).then(|| UserUri(self.0.below('u')))
    }

    /// The client's own name, its percent-encoding undone.
    #[must_use]
    pub fn device(&self) -> String {
        segment::decode(self.0.segment(self.0.segments().saturating_sub(1)))
    }
}

impl RoomUri {
    /// The MLS group of this room: the same name below `/g/`
    /// (draft-ietf-mimi-protocol-06 section 3).
    #[must_use]
    pub fn group(&self) -> GroupUri {
        GroupUri(self.0.below('g'))
    }

    /// The MLS group identifier of this room's `number`th group, counted from 1. Most rooms have one group for all their life, whose identifier is
    /// the octets of [`RoomUri::group`]. The groups after it have their number behind that, after a `#`, which no URI of ours can hold: the name of
    /// another room never leads to the same octets (interpretation IP-103).
    #[must_use]
    pub fn group_id(&self, number: u32) -> Vec<u8> {
        let first = self.group();
        if number <= 1 { first.as_str().as_bytes().to_vec() } else { format!("{first}#{number}").into_bytes() }
    }

    /// Which of this room's groups an MLS group identifier names; `None` when it is of another room.
    #[must_use]
    pub fn group_number(&self, group_id: &[u8]) -> Option<u32> {
        let group = self.group();
        let rest = group_id.strip_prefix(group.as_str().as_bytes())?;
        if rest.is_empty() {
            return Some(1);
        }
        let digits = std::str::from_utf8(rest.strip_prefix(b"#")?).ok()?;
        let number = digits.parse().ok().filter(|number| *number > 1)?;
        // No sign and no leading zero: one number has one form.
        (self.group_id(number) == group_id).then_some(number)
    }
}
