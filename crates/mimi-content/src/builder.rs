//! Builders for the messages of section 5.
//!
//! Each kind of message has a builder with only the fields it may have: what deletes has no body and no language,
//! what reacts always says to what.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::part::{ExternalPart, MultiPart, NestedPart, Part, PartSemantics, PartsError};
use crate::{
    Disposition, Expiration, ExtensionError, ExtensionKey, Extensions, Language, MessageId, MimiContent, Salt,
    TEXT_PLAIN, TopicId, Value,
};

/// A message with content of its own.
#[derive(Clone, Debug)]
#[must_use]
pub struct ContentBuilder(MimiContent);

/// A reaction, section 5.3.
#[derive(Clone, Debug)]
#[must_use]
pub struct ReactionBuilder(MimiContent);

/// A deletion or the removal of a reaction, sections 5.6 and 5.7.
#[derive(Clone, Debug)]
#[must_use]
pub struct DeletionBuilder(MimiContent);

impl MimiContent {
    /// Plain text.
    ///
    /// ```
    /// use mimi_content::{MimiContent, Salt};
    /// let content = MimiContent::text("Hello", Salt::new([7; 16]))
    ///     .sender_uri("mimi://example.com/u/alice")
    ///     .room_uri("mimi://example.com/r/engineering")
    ///     .build();
    /// let octets = content.encode();
    /// assert_eq!(MimiContent::decode(&octets)?, content);
    /// # Ok::<(), mimi_content::DecodeError>(())
    /// ```
    pub fn text(text: impl Into<String>, salt: Salt) -> ContentBuilder {
        let text: String = text.into();
        Self::single(TEXT_PLAIN, text, salt)
    }

    /// Markdown of the GFM-MIMI variant (section 7.1.1). Text is taken as its author wrote it, and raw HTML in it escaped.
    #[cfg(feature = "markdown")]
    pub fn markdown(markdown: impl Into<crate::markdown::Markdown>, salt: Salt) -> ContentBuilder {
        let markdown: crate::markdown::Markdown = markdown.into();
        Self::single(crate::TEXT_MARKDOWN, markdown.into_string(), salt)
    }

    /// Content of any media type, to be rendered.
    pub fn single(content_type: impl Into<String>, content: impl Into<Vec<u8>>, salt: Salt) -> ContentBuilder {
        let body = NestedPart::single(Disposition::Render, content_type, content);
        Self::with_body(body, salt)
    }

    /// A file or other content that lies somewhere else, section 5.9.
    ///
    /// ```
    /// use mimi_content::{ExternalPart, MimiContent, Salt};
    /// let mut picture = ExternalPart::unencrypted("image/png", "https://example.com/logo.png");
    /// picture.description = "Our logo".into();
    /// let content = MimiContent::attachment(picture, Salt::new([7; 16])).build();
    /// assert_eq!(content.body.content_type(), Some("image/png"));
    /// ```
    // req: MC08-5.9-01
    pub fn attachment(external: ExternalPart, salt: Salt) -> ContentBuilder {
        let part = Part::External(Box::new(external));
        Self::with_body(NestedPart::new(Disposition::Attachment, part), salt)
    }

    /// Several parts.
    pub fn multi(parts: MultiPart, salt: Salt) -> ContentBuilder {
        Self::with_body(NestedPart::new(Disposition::Render, parts.into()), salt)
    }

    /// Any body.
    pub fn with_body(body: NestedPart, salt: Salt) -> ContentBuilder {
        ContentBuilder(Self::empty(body, salt))
    }

    /// A reaction, usually one emoji, to a message.
    ///
    /// ```
    /// use mimi_content::{Disposition, MessageId, MimiContent, Salt};
    /// let id = MessageId::from_bytes([1; 32]);
    /// let content = MimiContent::react("❤", id, Salt::new([7; 16])).build();
    /// assert_eq!(content.body.disposition, Disposition::Reaction);
    /// assert_eq!(content.in_reply_to, Some(id));
    /// ```
    // req: MC08-5.3-01
    pub fn react(reaction: impl Into<String>, to: MessageId, salt: Salt) -> ReactionBuilder {
        let reaction: String = reaction.into();
        let body = NestedPart::single(Disposition::Reaction, TEXT_PLAIN, reaction);
        let mut content = Self::empty(body, salt);
        content.in_reply_to = Some(to);
        ReactionBuilder(content)
    }

    /// Takes a reaction back: `reaction` is the message that reacted, `to` the one it reacted to.
    ///
    /// ```
    /// use mimi_content::{MessageId, MimiContent, Part, Salt};
    /// let (like, liked) = (MessageId::from_bytes([1; 32]), MessageId::from_bytes([2; 32]));
    /// let content = MimiContent::unreact(like, liked, Salt::new([7; 16])).build();
    /// assert_eq!((content.replaces, content.body.part), (Some(like), Part::Null));
    /// ```
    // req: MC08-5.7-01
    pub fn unreact(reaction: MessageId, to: MessageId, salt: Salt) -> DeletionBuilder {
        let mut builder = Self::delete(reaction, salt).reply_to(to);
        builder.0.body.disposition = Disposition::Reaction;
        builder
    }

    /// Deletes a message. The ID is that of the message's first instance.
    ///
    /// ```
    /// use mimi_content::{MessageId, MimiContent, Part, Salt};
    /// let content = MimiContent::delete(MessageId::from_bytes([1; 32]), Salt::new([7; 16])).build();
    /// assert_eq!(content.body.part, Part::Null);
    /// ```
    // req: MC08-5.6-01, MC08-5.6-02, MC08-4.4-05
    pub fn delete(first_instance: MessageId, salt: Salt) -> DeletionBuilder {
        let body = NestedPart::new(Disposition::Render, Part::Null);
        let mut content = Self::empty(body, salt);
        content.replaces = Some(first_instance);
        DeletionBuilder(content)
    }

    fn empty(body: NestedPart, salt: Salt) -> Self {
        Self {
            salt,
            replaces: None,
            topic_id: TopicId::NONE,
            expires: None,
            in_reply_to: None,
            extensions: Extensions::new(),
            body,
        }
    }
}

impl ContentBuilder {
    /// Answers a message, by the ID of the version that the sender saw last (section 4.1).
    // req: MC08-4.1-07, MC08-5.2-01
    pub fn reply_to(mut self, id: MessageId) -> Self {
        self.0.in_reply_to = Some(id);
        self
    }

    /// Replaces a message, by the ID of its first instance (section 5.5).
    ///
    /// ```
    /// use mimi_content::{MessageId, MimiContent, Salt};
    /// let first = MessageId::from_bytes([1; 32]);
    /// let content = MimiContent::text("Right on!", Salt::new([7; 16])).edit(first).build();
    /// assert_eq!(content.replaces, Some(first));
    /// ```
    // req: MC08-5.5-01
    pub fn edit(mut self, first_instance: MessageId) -> Self {
        self.0.replaces = Some(first_instance);
        self
    }

    /// What the body is for.
    pub fn disposition(mut self, disposition: Disposition) -> Self {
        self.0.body.disposition = disposition;
        self
    }

    /// Languages of the body.
    pub fn language(mut self, language: Language) -> Self {
        self.0.body.language = language;
        self
    }
}

impl ReactionBuilder {
    /// Adds a reaction of its own part (section 5.3): text reactions are never joined.
    ///
    /// # Errors
    /// [`PartsError::TooMany`]
    // req: MC08-5.3-02, MC08-5.3-03
    pub fn and(mut self, reaction: impl Into<String>) -> Result<Self, PartsError> {
        let reaction: String = reaction.into();
        let body = core::mem::replace(&mut self.0.body, NestedPart::new(Disposition::Reaction, Part::Null));
        let mut parts = match body.part {
            Part::Multi(multi) => multi.into_parts(),
            _ => alloc::vec![body],
        };
        parts.push(NestedPart::single(Disposition::Reaction, TEXT_PLAIN, reaction));
        self.0.body.part = MultiPart::new(PartSemantics::ProcessAll, parts)?.into();
        Ok(self)
    }

    /// Replaces an earlier reaction, by the ID of its first instance.
    pub fn edit(mut self, first_instance: MessageId) -> Self {
        self.0.replaces = Some(first_instance);
        self
    }
}

impl DeletionBuilder {
    /// Keeps what the deleted message answered: section 9.3 lets a new version change nothing but the body.
    pub fn reply_to(mut self, id: MessageId) -> Self {
        self.0.in_reply_to = Some(id);
        self
    }
}

macro_rules! common {
    ($($builder:ident),+) => {$(
        impl $builder {
            /// Files the message under a topic.
            pub fn topic(mut self, topic: TopicId) -> Self {
                self.0.topic_id = topic;
                self
            }

            /// Says when the message is to vanish.
            pub fn expires(mut self, expiration: Expiration) -> Self {
                self.0.expires = Some(expiration);
                self
            }

            /// Names the sender.
            pub fn sender_uri(mut self, uri: impl Into<String>) -> Self {
                self.0.extensions.set_sender_uri(uri);
                self
            }

            /// Names the room.
            pub fn room_uri(mut self, uri: impl Into<String>) -> Self {
                self.0.extensions.set_room_uri(uri);
                self
            }

            /// Adds an extension.
            ///
            /// # Errors
            /// What is wrong with key or value.
            pub fn extension(
                mut self,
                key: impl Into<ExtensionKey>,
                value: impl Into<Value>,
            ) -> Result<Self, ExtensionError> {
                self.0.extensions.insert(key, value)?;
                Ok(self)
            }

            /// The message.
            #[must_use]
            pub fn build(self) -> MimiContent {
                self.0
            }
        }

        impl From<$builder> for MimiContent {
            fn from(builder: $builder) -> Self {
                builder.0
            }
        }
    )+};
}

common!(ContentBuilder, ReactionBuilder, DeletionBuilder);
