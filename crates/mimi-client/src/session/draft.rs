//! What a user writes: a message, or something about another message (draft-ietf-mimi-content-08 section 5).

use mimi_arch::RoomUri;
use mimi_content::{MessageId, MimiContent, Salt};

/// A message before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Draft {
    /// A text.
    Text(String),
    /// A text in Markdown.
    Markdown(String),
    /// An answer to a message, by the version that was seen last (section 4.1).
    Reply {
        /// The message.
        to: MessageId,
        /// The answer.
        text: String,
    },
    /// A reaction, usually one emoji.
    Reaction {
        /// The message.
        to: MessageId,
        /// The reaction.
        reaction: String,
    },
    /// Takes an own reaction back.
    Unreaction {
        /// The message that reacted.
        reaction: MessageId,
        /// The one it reacted to.
        to: MessageId,
    },
    /// Another text in place of an earlier one.
    Edit {
        /// The first version.
        first: MessageId,
        /// The text.
        text: String,
    },
    /// Deletes a message.
    Deletion {
        /// The first version.
        first: MessageId,
    },
}

impl Draft {
    /// The content, which names its sender and room so that it can be franked.
    // req: MP06-5.4.1.1-01, MC08-5.2-01, MC08-5.3-01, MC08-5.5-01, MC08-5.6-01
    pub(super) fn build(&self, salt: Salt, sender: &str, room: &RoomUri) -> MimiContent {
        macro_rules! signed {
            ($builder:expr) => {
                $builder.sender_uri(sender).room_uri(room.as_str()).build()
            };
        }
        match self {
            Self::Text(text) => signed!(MimiContent::text(text, salt)),
            Self::Markdown(text) => signed!(MimiContent::markdown(text.as_str(), salt)),
            Self::Reply { to, text } => signed!(MimiContent::text(text, salt).reply_to(*to)),
            Self::Reaction { to, reaction } => signed!(MimiContent::react(reaction, *to, salt)),
            Self::Unreaction { reaction, to } => signed!(MimiContent::unreact(*reaction, *to, salt)),
            Self::Edit { first, text } => signed!(MimiContent::text(text, salt).edit(*first)),
            Self::Deletion { first } => signed!(MimiContent::delete(*first, salt)),
        }
    }

    /// What a person sees of it when it comes back.
    pub(super) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Markdown(text) | Self::Reply { text, .. } | Self::Edit { text, .. } => text,
            Self::Reaction { reaction, .. } => reaction,
            Self::Unreaction { .. } | Self::Deletion { .. } => super::content::DELETED,
        }
    }
}
