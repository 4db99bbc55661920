//! The body of a message and the parts nested in it, sections 4.4 and 4.5.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::Writer;
use crate::{Disposition, Language, MAX_PART_DEPTH, MAX_PARTS};

/// A part of a message: what it is for, its languages, and the part proper.
#[derive(Clone, PartialEq, Eq, Debug)]
// req: MC08-4.4-01
pub struct NestedPart {
    /// What it is for.
    pub disposition: Disposition,
    /// Languages of the content.
    pub language: Language,
    /// The part proper.
    pub part: Part,
}

/// The four kinds of parts, by cardinality.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// No content: the body of a message that deletes another.
    Null,
    /// Content within the message.
    Single(SinglePart),
    /// Content somewhere else.
    External(Box<ExternalPart>),
    /// Two or more parts.
    Multi(MultiPart),
}

/// Content within the message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinglePart {
    /// Media type with its parameters.
    pub content_type: String,
    /// The octets.
    pub content: Vec<u8>,
}

/// Content somewhere else, section 4.5.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalPart {
    /// Media type of the content; may be empty.
    pub content_type: String,
    /// Where the content can be fetched.
    pub url: String,
    /// Seconds since the Unix epoch after which there is nothing any more, or 0.
    pub expires: u32,
    /// Octets of the content, or 0 if not known.
    pub size: u64,
    /// AEAD algorithm by its number at IANA, or 0 for none.
    pub enc_alg: u16,
    /// AEAD key.
    pub key: Vec<u8>,
    /// AEAD nonce.
    pub nonce: Vec<u8>,
    /// AEAD additional authenticated data.
    pub aad: Vec<u8>,
    /// Hash algorithm by its number in IANA's named information registry, or 0 for none.
    pub hash_alg: u8,
    /// Hash of what lies at the URL.
    pub content_hash: Vec<u8>,
    /// Description for people.
    pub description: String,
    /// Suggested name of a file.
    pub filename: String,
}

/// Two or more parts and how they belong together.
///
/// There is none with fewer than two parts, with more than 1024 parts of all levels, or that is too deep to
/// stand in a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MultiPart {
    semantics: PartSemantics,
    parts: Vec<NestedPart>,
    height: usize,
    count: usize,
}

/// How the parts of a multi part belong together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PartSemantics {
    /// 0: the receiver picks one.
    ChooseOne,
    /// 1: all of them are one thing, or none is processed.
    SingleUnit,
    /// 2: as many as can be.
    ProcessAll,
}

/// Parts that cannot stand together in a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartsError {
    /// Fewer than two.
    #[error("{count} parts instead of two or more (draft-ietf-mimi-content-08 section 4.4)")]
    TooFew {
        /// How many there are.
        count: usize,
    },
    /// More than 1024, on all levels together.
    #[error("{count} parts; at most {MAX_PARTS} are allowed (draft-ietf-mimi-content-08 section 9.1)")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// More than four levels.
    #[error("{levels} levels of parts; at most {MAX_PART_DEPTH} are allowed (draft-ietf-mimi-content-08 section 6.3)")]
    TooDeep {
        /// How many there are.
        levels: usize,
    },
}

impl NestedPart {
    /// A part without a language.
    pub const fn new(disposition: Disposition, part: Part) -> Self {
        Self { disposition, language: Language::NONE, part }
    }

    /// A part with content.
    pub fn single(disposition: Disposition, content_type: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self::new(disposition, Part::Single(SinglePart { content_type: content_type.into(), content: content.into() }))
    }

    /// The same part in some languages.
    #[must_use]
    pub fn with_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Levels of parts, this one counted: 1 to 4.
    pub fn height(&self) -> usize {
        match &self.part {
            Part::Multi(multi) => multi.height,
            _ => 1,
        }
    }

    /// Number of parts, this one and those on all levels below it counted: 1 to 1024.
    pub fn count(&self) -> usize {
        match &self.part {
            Part::Multi(multi) => multi.count,
            _ => 1,
        }
    }

    /// Media type, if there is content.
    // req: MC08-4.4-06
    pub fn content_type(&self) -> Option<&str> {
        match &self.part {
            Part::Single(single) => Some(&single.content_type),
            Part::External(external) => Some(&external.content_type),
            Part::Null | Part::Multi(_) => None,
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.array(match &self.part {
            Part::Null => 3,
            Part::Single(_) | Part::Multi(_) => 5,
            Part::External(_) => 15,
        });
        writer.unsigned(u64::from(self.disposition.value()));
        writer.text(self.language.as_str());
        match &self.part {
            Part::Null => writer.unsigned(0),
            Part::Single(single) => {
                writer.unsigned(1);
                writer.text(&single.content_type);
                writer.bytes(&single.content);
            }
            Part::External(external) => {
                writer.unsigned(2);
                external.write(writer);
            }
            Part::Multi(multi) => {
                writer.unsigned(3);
                writer.unsigned(multi.semantics.value());
                writer.array(multi.parts.len());
                for part in &multi.parts {
                    part.write(writer);
                }
            }
        }
    }
}

impl MultiPart {
    /// Puts parts together.
    ///
    /// # Errors
    /// Fewer than two parts, more than 1024 on all levels together, more than four levels.
    // req: MC08-6.3-01, MC08-9.1-09
    pub fn new(semantics: PartSemantics, parts: Vec<NestedPart>) -> Result<Self, PartsError> {
        if parts.len() < 2 {
            return Err(PartsError::TooFew { count: parts.len() });
        }
        let count = 1 + parts.iter().map(NestedPart::count).sum::<usize>();
        if count > MAX_PARTS {
            return Err(PartsError::TooMany { count });
        }
        let height = 1 + parts.iter().map(NestedPart::height).max().unwrap_or(0);
        if height > MAX_PART_DEPTH {
            return Err(PartsError::TooDeep { levels: height });
        }
        Ok(Self { semantics, parts, height, count })
    }

    /// How the parts belong together.
    pub const fn semantics(&self) -> PartSemantics {
        self.semantics
    }

    /// The parts, in the sender's order.
    pub fn parts(&self) -> &[NestedPart] {
        &self.parts
    }

    /// Gives the parts back.
    pub fn into_parts(self) -> Vec<NestedPart> {
        self.parts
    }
}

impl ExternalPart {
    /// A service, or content that is not private: nothing is encrypted, size and hash are not told.
    // req: MC08-4.5-05
    pub fn unencrypted(content_type: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            content_type: content_type.into(),
            url: url.into(),
            expires: 0,
            size: 0,
            enc_alg: 0,
            key: Vec::new(),
            nonce: Vec::new(),
            aad: Vec::new(),
            hash_alg: 0,
            content_hash: Vec::new(),
            description: String::new(),
            filename: String::new(),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.text(&self.content_type);
        writer.text(&self.url);
        writer.unsigned(u64::from(self.expires));
        writer.unsigned(self.size);
        writer.unsigned(u64::from(self.enc_alg));
        writer.bytes(&self.key);
        writer.bytes(&self.nonce);
        writer.bytes(&self.aad);
        writer.unsigned(u64::from(self.hash_alg));
        writer.bytes(&self.content_hash);
        writer.text(&self.description);
        writer.text(&self.filename);
    }
}

impl PartSemantics {
    /// The semantics of a value, if it has any.
    pub const fn from_value(value: u64) -> Option<Self> {
        match value {
            0 => Some(Self::ChooseOne),
            1 => Some(Self::SingleUnit),
            2 => Some(Self::ProcessAll),
            _ => None,
        }
    }

    /// Its value.
    pub const fn value(self) -> u64 {
        match self {
            Self::ChooseOne => 0,
            Self::SingleUnit => 1,
            Self::ProcessAll => 2,
        }
    }
}

impl From<SinglePart> for Part {
    fn from(single: SinglePart) -> Self {
        Self::Single(single)
    }
}

impl From<ExternalPart> for Part {
    fn from(external: ExternalPart) -> Self {
        Self::External(Box::new(external))
    }
}

impl From<MultiPart> for Part {
    fn from(multi: MultiPart) -> Self {
        Self::Multi(multi)
    }
}
