//! What comes next on the way from an identifier to a conversation, as a function of how far one got.

use mimi_arch::{Domain, UserUri};
use mimi_discovery::selection::Selection;
use mimi_protocol::consent::ScopeState;

/// How far one got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What discovery came to.
    pub selection: Selection,
    /// Whom the service named, once it was asked.
    pub user: Option<UserUri>,
    /// Where consent to be added stands, once it is known.
    pub consent: Option<ScopeState>,
}

/// Why nobody can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotReachable {
    /// There is no mapping.
    #[error("nobody has registered this identifier")]
    NoMapping,
    /// The holder does not want to be found.
    #[error("the holder of this identifier does not want to be found")]
    OptedOut,
    /// There are entries, and none for this asker.
    #[error("the holder of this identifier is not to be reached from here")]
    NotForThisSender,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: this is the end.
    Stop(NotReachable),
    /// To ask the service for the user (draft-ietf-mimi-protocol-06 section 5.8).
    AskService(Domain),
    /// To look where consent stands.
    LookForConsent(UserUri),
    /// To ask the user for consent (section 5.7).
    AskForConsent(UserUri),
    /// To wait until the user consents. A denial is usually not told, so that this may be for ever.
    Wait(UserUri),
    /// To talk: the user may be added.
    Talk(UserUri),
}

impl Progress {
    /// What comes next.
    #[must_use]
    pub fn next(&self) -> Next {
        let service = match &self.selection {
            Selection::NoMapping => return Next::Stop(NotReachable::NoMapping),
            Selection::OptedOut => return Next::Stop(NotReachable::OptedOut),
            Selection::NotForThisSender => return Next::Stop(NotReachable::NotForThisSender),
            Selection::Entry { entry, .. } => &entry.msp,
        };
        // A service speaks for its own users alone.
        let Some(user) = self.user.as_ref().filter(|user| user.domain() == service) else {
            return Next::AskService(service.clone());
        };
        match self.consent {
            None => Next::LookForConsent(user.clone()),
            Some(ScopeState::Granted) => Next::Talk(user.clone()),
            Some(ScopeState::Requested | ScopeState::DeniedRequested) => Next::Wait(user.clone()),
            Some(ScopeState::Unknown | ScopeState::Denied) => Next::AskForConsent(user.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_discovery::mapping::MappingEntry;

    use super::*;

    fn at(selection: Selection, user: Option<&str>, consent: Option<ScopeState>) -> Next {
        Progress { selection, user: user.map(|user| user.parse().unwrap()), consent }.next()
    }

    fn b() -> Selection {
        Selection::Entry { entry: MappingEntry::new("b.example".parse().unwrap(), 0), sealed: false }
    }

    #[test]
    fn one_service_is_asked_then_its_user_then_they_talk() {
        const BOB: &str = "mimi://b.example/u/bob";
        let bob: UserUri = BOB.parse().unwrap();
        assert_eq!(at(b(), None, None), Next::AskService("b.example".parse().unwrap()));
        assert_eq!(at(b(), Some(BOB), None), Next::LookForConsent(bob.clone()));
        assert_eq!(at(b(), Some(BOB), Some(ScopeState::Unknown)), Next::AskForConsent(bob.clone()));
        assert_eq!(at(b(), Some(BOB), Some(ScopeState::Requested)), Next::Wait(bob.clone()));
        assert_eq!(at(b(), Some(BOB), Some(ScopeState::Granted)), Next::Talk(bob));
    }

    #[test]
    fn who_is_not_there_or_does_not_want_to_be_found_is_asked_nothing() {
        for (selection, why) in [
            (Selection::NoMapping, NotReachable::NoMapping),
            (Selection::OptedOut, NotReachable::OptedOut),
            (Selection::NotForThisSender, NotReachable::NotForThisSender),
        ] {
            assert_eq!(at(selection, Some("mimi://b.example/u/bob"), Some(ScopeState::Granted)), Next::Stop(why));
        }
    }

    #[test]
    fn a_service_does_not_name_users_of_another_one() {
        let next = at(b(), Some("mimi://c.example/u/bob"), Some(ScopeState::Granted));
        assert_eq!(next, Next::AskService("b.example".parse().unwrap()));
    }
}
