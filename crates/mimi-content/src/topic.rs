//! Topics, section 4.1.

use alloc::vec::Vec;

use crate::MAX_TOPIC;

/// Octets that messages of one topic share; none at all when there is no topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct TopicId(Vec<u8>);

/// A topic of more octets than section 9.1 lets pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("a topic of {octets} octets; at most {MAX_TOPIC} are allowed (draft-ietf-mimi-content-08 section 9.1)")]
pub struct TopicIdError {
    octets: usize,
}

impl TopicId {
    /// No topic.
    pub const NONE: Self = Self(Vec::new());

    /// A topic of at most 4096 octets.
    ///
    /// # Errors
    /// When there are more.
    pub fn new(octets: impl Into<Vec<u8>>) -> Result<Self, TopicIdError> {
        let octets = octets.into();
        // req: MC08-9.1-06
        if octets.len() > MAX_TOPIC {
            return Err(TopicIdError { octets: octets.len() });
        }
        Ok(Self(octets))
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no topic.
    // req: MC08-4.1-04
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<crate::MessageId> for TopicId {
    /// The topic that a message starts, section 5.11.
    // req: MC08-5.11-01
    fn from(id: crate::MessageId) -> Self {
        Self(id.as_bytes().to_vec())
    }
}
