//! What a check is: one question to a provider, with the place in the drafts that it comes from.

use std::fmt;
use std::time::Duration;

use crate::scenario::{Asked, Scenario};

/// The draft that a check comes from, in the revision that the suite was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Draft {
    /// draft-ietf-mimi-protocol-06.
    Protocol,
    /// draft-ietf-mimi-content-08.
    Content,
    /// draft-mahy-mimi-message-status-01.
    MessageStatus,
    /// draft-ietf-mimi-room-policy-03.
    RoomPolicy,
    /// draft-mahy-mls-semiprivatemessage-07.
    SemiPrivateMessage,
    /// draft-interop-mimi-discovery-requirements-03; how it is done is the project's own profile.
    Discovery,
}

impl Draft {
    /// Name with the revision.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "draft-ietf-mimi-protocol-06",
            Self::Content => "draft-ietf-mimi-content-08",
            Self::MessageStatus => "draft-mahy-mimi-message-status-01",
            Self::RoomPolicy => "draft-ietf-mimi-room-policy-03",
            Self::SemiPrivateMessage => "draft-mahy-mls-semiprivatemessage-07",
            Self::Discovery => "draft-interop-mimi-discovery-requirements-03",
        }
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How binding the text is that a check comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The draft says MUST, or nothing works without it.
    Must,
    /// The draft says SHOULD.
    Should,
    /// The draft says MAY.
    May,
    /// The draft is silent or unclear; the ID names the entry in `docs/interpretations.md` that says what we chose.
    Interpretation(&'static str),
}

impl Level {
    /// One word: `MUST`, `SHOULD`, `MAY` or `interpretation`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Interpretation(_) => "interpretation",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interpretation(id) => write!(f, "interpretation {id}"),
            other => f.write_str(other.word()),
        }
    }
}

/// One question to the providers under test.
///
/// IDs are never renumbered and never given to another check.
pub struct Check {
    /// `GROUP.sSECTION.NAME`, for instance `flow.s3.2.welcome-routed`.
    pub id: &'static str,
    /// What has to be so, in one sentence.
    pub sentence: &'static str,
    /// What is done, what is expected, and what a failure means.
    pub explanation: &'static str,
    /// The draft that says so.
    pub draft: Draft,
    /// The section of that draft.
    pub section: &'static str,
    /// How binding that text is.
    pub level: Level,
    /// IDs out of `docs/requirements`.
    pub requirements: &'static [&'static str],
    /// Checks that have to pass before this one can be asked.
    pub needs: &'static [&'static str],
    /// How the question is asked.
    pub(crate) ask: for<'a> fn(&'a mut Scenario) -> Asked<'a>,
}

impl Check {
    /// How long an answer may take before the check counts as failed.
    pub const TIME_LIMIT: Duration = Duration::from_secs(15);

    /// The first part of the ID: `flow`, `transport`, `input`, `franking` or `content`.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }
}

/// Two checks are the same when their IDs are.
impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Check {}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}
