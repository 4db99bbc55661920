//! Who may change whose message (draft-ietf-mimi-content-08 section 9.3).

use super::order::Position;

/// What a message that replaces another one asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A new body for the message (section 5.5).
    Edit,
    /// Retraction: the replacement has no body (sections 5.6 and 5.7).
    Delete,
}

/// The facts an [`Authority`] decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Edit or delete.
    pub action: Action,
    /// Who sent the replacement.
    pub actor: &'a str,
    /// Who sent the first instance of the message.
    pub author: &'a str,
    /// Where the first instance stands.
    pub original: Position,
    /// Where the replacement stands: the roles and policies to judge by are those of this moment.
    pub replacement: Position,
    /// Whether the first instance is a reaction.
    pub reaction: bool,
}

/// Which portions of a message a replacement may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The `NestedPart`: what an author may change, and what a deletion removes.
    pub body: bool,
    /// The topic. Even the author needs a specific authorization for it.
    pub topic: bool,
}

impl Grant {
    /// Nothing: the replacement is refused.
    pub const NONE: Self = Self { body: false, topic: false };
    /// The body and nothing else, which is what an author has.
    pub const BODY: Self = Self { body: true, topic: false };
    /// The topic and nothing else, for example for a moderator.
    pub const TOPIC: Self = Self { body: false, topic: true };
}

/// Decides whether a replacement counts (draft-ietf-mimi-content-08 section 9.3). The seam to the room's policy.
///
/// The whole decision is the authority's, the author's own edits included, because a room's policy can forbid these too; an
/// implementation that only adds to the rights of authors starts from [`AuthorOnly`]. Every closure `Fn(&Request) -> Grant` is one.
///
/// The answer has to depend on the request alone (and on a history that does not change), or two clients will show different rooms:
/// a request is put once, when both messages have arrived, which may be long after they were sent.
///
/// ```
/// use mimi_content::timeline::{Action, AuthorOnly, Authority, Grant, Request, Timeline};
///
/// let moderated = Timeline::with_authority(|request: &Request<'_>| {
///     if request.action == Action::Delete && request.actor == "mimi://a.example/u/moderator" {
///         return Grant::BODY;
///     }
///     AuthorOnly.grant(request)
/// });
/// assert_eq!(moderated.len(), 0);
/// ```
pub trait Authority {
    /// What the replacement may change.
    fn grant(&self, request: &Request<'_>) -> Grant;
}

impl<F: Fn(&Request<'_>) -> Grant> Authority for F {
    fn grant(&self, request: &Request<'_>) -> Grant {
        self(request)
    }
}

/// The rule where no policy says otherwise: authors may edit the body of their own messages and delete them; nobody else may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthorOnly;

impl Authority for AuthorOnly {
    fn grant(&self, request: &Request<'_>) -> Grant {
        // req: MC08-9.3-02, MC08-9.3-03
        if request.actor == request.author { Grant::BODY } else { Grant::NONE }
    }
}
