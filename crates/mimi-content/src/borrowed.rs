//! A message read in place: every check, no copy, no allocation.
//!
//! [`MimiContentRef::decode`] is the one validator; [`crate::MimiContent::decode`] copies out of what it returns. Parts of a multi
//! part and extensions are checked at once and handed out later, out of the octets that were checked.

use alloc::vec::Vec;

use crate::cbor::{Major, Reader, Value, ValueRef};
use crate::error::{DecodeError, Field, Rule};
use crate::extension::ExtensionKey;
use crate::part::{ExternalPart, MultiPart, NestedPart, Part, PartSemantics, SinglePart};
use crate::{
    Disposition, Expiration, Extensions, Language, MAX_PART_DEPTH, MAX_PARTS, MAX_TOPIC, MessageId, MessageIdError,
    MimiContent, Salt, TopicId, language,
};

/// A message that was checked, over the octets it was read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MimiContentRef<'a> {
    octets: &'a [u8],
    salt: &'a [u8; 16],
    replaces: Option<&'a [u8; 32]>,
    topic_id: &'a [u8],
    expires: Option<Expiration>,
    in_reply_to: Option<&'a [u8; 32]>,
    extensions: ExtensionsRef<'a>,
    body: NestedPartRef<'a>,
}

/// [`NestedPart`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NestedPartRef<'a> {
    /// What it is for.
    pub disposition: Disposition,
    /// Languages: empty, or well-formed tags with commas between them.
    pub language: &'a str,
    /// The part proper.
    pub part: PartRef<'a>,
}

/// [`Part`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartRef<'a> {
    /// No content.
    Null,
    /// Content within the message.
    Single(SinglePartRef<'a>),
    /// Content somewhere else.
    External(ExternalPartRef<'a>),
    /// Two or more parts.
    Multi(MultiPartRef<'a>),
}

/// [`SinglePart`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SinglePartRef<'a> {
    /// Media type with its parameters.
    pub content_type: &'a str,
    /// The octets.
    pub content: &'a [u8],
}

/// [`ExternalPart`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExternalPartRef<'a> {
    /// Media type of the content; may be empty.
    pub content_type: &'a str,
    /// Where the content can be fetched.
    pub url: &'a str,
    /// Seconds since the Unix epoch after which there is nothing any more, or 0.
    pub expires: u32,
    /// Octets of the content, or 0 if not known.
    pub size: u64,
    /// AEAD algorithm, or 0 for none.
    pub enc_alg: u16,
    /// AEAD key.
    pub key: &'a [u8],
    /// AEAD nonce.
    pub nonce: &'a [u8],
    /// AEAD additional authenticated data.
    pub aad: &'a [u8],
    /// Hash algorithm, or 0 for none.
    pub hash_alg: u8,
    /// Hash of what lies at the URL.
    pub content_hash: &'a [u8],
    /// Description for people.
    pub description: &'a str,
    /// Suggested name of a file.
    pub filename: &'a str,
}

/// [`MultiPart`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MultiPartRef<'a> {
    semantics: PartSemantics,
    len: usize,
    parts: &'a [u8],
}

/// [`Extensions`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtensionsRef<'a> {
    entries: &'a [u8],
    len: usize,
}

/// [`ExtensionKey`] in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExtensionKeyRef<'a> {
    /// An integer.
    Int(i64),
    /// Text.
    Text(&'a str),
}

impl<'a> MimiContentRef<'a> {
    /// Reads a message; the octets have to be exactly one, in deterministic CBOR and within every limit of sections 4, 6
    /// and 9.1 that the octets alone can tell.
    ///
    /// ```
    /// use mimi_content::{MimiContent, MimiContentRef, PartRef, Salt};
    /// let octets = MimiContent::text("Hi", Salt::new([7; 16])).build().encode();
    /// let content = MimiContentRef::decode(&octets)?;
    /// let PartRef::Single(text) = content.body().part else { panic!() };
    /// assert_eq!(text.content, b"Hi");
    ///
    /// let mut longer = octets.clone();
    /// longer.push(0);
    /// let error = MimiContentRef::decode(&longer).unwrap_err();
    /// assert_eq!(error.offset(), octets.len());
    /// # Ok::<(), mimi_content::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// The rule that is broken, and where.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let r = &mut reader;
        let (offset, elements) = r.array(Field::MimiContent)?;
        if elements != 7 {
            let rule = Rule::ArrayLength(Field::MimiContent);
            return Err(DecodeError::new(offset, rule));
        }
        let content = Self {
            octets,
            salt: r.array_of_bytes(Field::Salt)?,
            replaces: message_id(r, Field::Replaces)?,
            topic_id: topic(r)?,
            expires: Expiration::read(r)?,
            in_reply_to: message_id(r, Field::InReplyTo)?,
            extensions: ExtensionsRef::read(r)?,
            body: NestedPartRef::read(r, 1, &mut 0)?,
        };
        r.finish()?;
        Ok(content)
    }

    /// The message's octets.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Random octets of this message alone.
    pub const fn salt(&self) -> Salt {
        Salt::new(*self.salt)
    }

    /// The message that this one edits or deletes.
    pub fn replaces(&self) -> Option<MessageId> {
        self.replaces.copied().map(MessageId::from_bytes)
    }

    /// Topic; empty for none.
    pub const fn topic_id(&self) -> &'a [u8] {
        self.topic_id
    }

    /// When the message is to vanish.
    pub const fn expires(&self) -> Option<Expiration> {
        self.expires
    }

    /// The message that this one answers or reacts to.
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.in_reply_to.copied().map(MessageId::from_bytes)
    }

    /// Extensions.
    pub const fn extensions(&self) -> ExtensionsRef<'a> {
        self.extensions
    }

    /// The body.
    pub const fn body(&self) -> NestedPartRef<'a> {
        self.body
    }

    /// ID of the message in a room, section 3.3.
    ///
    /// # Errors
    /// [`MessageIdError::UriTooLong`]
    pub fn message_id(&self, sender_uri: &str, room_uri: &str) -> Result<MessageId, MessageIdError> {
        MessageId::compute(self.octets, sender_uri, room_uri, &self.salt())
    }

    /// Copies it.
    pub fn to_owned(&self) -> MimiContent {
        MimiContent {
            salt: self.salt(),
            replaces: self.replaces(),
            // The reader refused a longer one.
            topic_id: TopicId::new(self.topic_id).unwrap_or_default(),
            expires: self.expires,
            in_reply_to: self.in_reply_to(),
            extensions: self.extensions.to_owned(),
            body: self.body.to_owned(),
        }
    }
}

// req: MC08-4.1-03, MC08-4.1-06
#[inline]
fn message_id<'a>(r: &mut Reader<'a>, field: Field) -> Result<Option<&'a [u8; 32]>, DecodeError> {
    if r.null() {
        return Ok(None);
    }
    r.array_of_bytes(field).map(Some)
}

#[inline]
fn topic<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let offset = r.offset();
    let topic = r.bytes(Field::TopicId)?;
    // req: MC08-9.1-06
    if topic.len() > MAX_TOPIC {
        return Err(DecodeError::new(offset, Rule::TopicLength));
    }
    Ok(topic)
}

impl<'a> NestedPartRef<'a> {
    /// `level` counts the body as 1; `count` is the number of parts that were met before.
    #[inline(always)]
    fn read(r: &mut Reader<'a>, level: usize, count: &mut usize) -> Result<Self, DecodeError> {
        let (offset, elements) = r.array(Field::NestedPart)?;
        // req: MC08-6.3-01
        if level > MAX_PART_DEPTH {
            return Err(DecodeError::new(offset, Rule::PartDepth));
        }
        // req: MC08-9.1-09
        *count += 1;
        if *count > MAX_PARTS {
            return Err(DecodeError::new(offset, Rule::TooManyParts));
        }
        let wrong_length = Err(DecodeError::new(offset, Rule::ArrayLength(Field::NestedPart)));
        if elements < 3 {
            return wrong_length;
        }
        let disposition = r.unsigned(Field::Disposition, u64::from(u8::MAX))? as u8;
        let language = r.text(Field::Language)?;
        // req: MC08-4.4-07
        if let Err(e) = language::check(language) {
            let start = r.offset() - language.len();
            return Err(DecodeError::new(start + e.offset(), Rule::LanguageSyntax));
        }
        let at = r.offset();
        let cardinality = r.unsigned(Field::Cardinality, u64::MAX)?;
        let expected = match cardinality {
            0 => 3,
            1 | 3 => 5,
            2 => 15,
            _ => return Err(DecodeError::new(at, Rule::Cardinality)),
        };
        if elements != expected {
            return wrong_length;
        }
        let part = match cardinality {
            0 => PartRef::Null,
            1 => PartRef::Single(SinglePartRef {
                content_type: r.text(Field::ContentType)?,
                content: r.bytes(Field::Content)?,
            }),
            2 => PartRef::External(ExternalPartRef::read(r)?),
            _ => PartRef::Multi(MultiPartRef::read(r, level, count)?),
        };
        Ok(Self { disposition: Disposition::from_value(disposition), language, part })
    }

    /// Copies it.
    pub fn to_owned(&self) -> NestedPart {
        NestedPart {
            disposition: self.disposition,
            language: Language::from_checked(self.language),
            part: match self.part {
                PartRef::Null => Part::Null,
                PartRef::Single(single) => Part::Single(SinglePart {
                    content_type: single.content_type.into(),
                    content: single.content.into(),
                }),
                PartRef::External(external) => external.to_owned().into(),
                PartRef::Multi(multi) => {
                    let parts: Vec<_> = multi.parts().map(|part| part.to_owned()).collect();
                    // The reader refused parts that do not fit together.
                    match MultiPart::new(multi.semantics, parts) {
                        Ok(multi) => Part::Multi(multi),
                        Err(_) => Part::Null,
                    }
                }
            },
        }
    }
}

impl<'a> ExternalPartRef<'a> {
    #[inline(never)]
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            content_type: r.text(Field::ContentType)?,
            url: r.text(Field::Url)?,
            expires: r.unsigned(Field::ExternalExpires, u64::from(u32::MAX))? as u32,
            size: r.unsigned(Field::Size, u64::MAX)?,
            enc_alg: r.unsigned(Field::EncAlg, u64::from(u16::MAX))? as u16,
            key: r.bytes(Field::Key)?,
            nonce: r.bytes(Field::Nonce)?,
            aad: r.bytes(Field::Aad)?,
            hash_alg: r.unsigned(Field::HashAlg, u64::from(u8::MAX))? as u8,
            content_hash: r.bytes(Field::ContentHash)?,
            description: r.text(Field::Description)?,
            filename: r.text(Field::Filename)?,
        })
    }

    /// Copies it.
    pub fn to_owned(&self) -> ExternalPart {
        ExternalPart {
            content_type: self.content_type.into(),
            url: self.url.into(),
            expires: self.expires,
            size: self.size,
            enc_alg: self.enc_alg,
            key: self.key.into(),
            nonce: self.nonce.into(),
            aad: self.aad.into(),
            hash_alg: self.hash_alg,
            content_hash: self.content_hash.into(),
            description: self.description.into(),
            filename: self.filename.into(),
        }
    }
}

impl<'a> MultiPartRef<'a> {
    #[inline(never)]
    fn read(r: &mut Reader<'a>, level: usize, count: &mut usize) -> Result<Self, DecodeError> {
        let at = r.offset();
        let semantics = r.unsigned(Field::PartSemantics, u64::MAX)?;
        // req: MC08-9.1-10
        let Some(semantics) = PartSemantics::from_value(semantics) else {
            return Err(DecodeError::new(at, Rule::PartSemantics));
        };
        let (offset, elements) = r.array(Field::Parts)?;
        if elements < 2 {
            return Err(DecodeError::new(offset, Rule::TooFewParts));
        }
        let room = MAX_PARTS.saturating_sub(*count);
        let len = match usize::try_from(elements) {
            Ok(len) if len <= room => len,
            _ => return Err(DecodeError::new(offset, Rule::TooManyParts)),
        };
        let start = r.rest();
        for _ in 0..len {
            NestedPartRef::read(r, level + 1, count)?;
        }
        Ok(Self { semantics, len, parts: r.consumed(start) })
    }

    /// How the parts belong together.
    pub const fn semantics(&self) -> PartSemantics {
        self.semantics
    }

    /// Number of parts one level down.
    #[allow(clippy::len_without_is_empty)] // there are two at least
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The parts, in the sender's order.
    pub fn parts(&self) -> impl Iterator<Item = NestedPartRef<'a>> + use<'a> {
        let mut reader = Reader::new(self.parts);
        core::iter::from_fn(move || NestedPartRef::read(&mut reader, 1, &mut 0).ok())
    }
}

impl<'a> ExtensionsRef<'a> {
    #[inline]
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let (entries, len) = r.extensions()?;
        Ok(Self { entries, len })
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in the order of their encodings.
    pub fn iter(&self) -> impl Iterator<Item = (ExtensionKeyRef<'a>, ValueRef<'a>)> + use<'a> {
        let mut reader = Reader::new(self.entries);
        core::iter::from_fn(move || entry(&mut reader).ok())
    }

    /// The sender's URI.
    pub fn sender_uri(&self) -> Option<&'a str> {
        self.text(1)
    }

    /// The room's URI.
    pub fn room_uri(&self) -> Option<&'a str> {
        self.text(2)
    }

    fn text(&self, number: i64) -> Option<&'a str> {
        self.iter().find(|(key, _)| *key == ExtensionKeyRef::Int(number)).and_then(|(_, value)| value.as_text())
    }

    /// Copies them.
    pub fn to_owned(&self) -> Extensions {
        let mut extensions = Extensions::new();
        for (key, value) in self.iter() {
            let key = match key {
                ExtensionKeyRef::Int(n) => ExtensionKey::Int(n),
                ExtensionKeyRef::Text(text) => ExtensionKey::Text(text.into()),
            };
            let value: Value = value.to_value();
            extensions.put_checked(key, value);
        }
        extensions
    }
}

/// Next entry of extensions that were checked.
fn entry<'a>(r: &mut Reader<'a>) -> Result<(ExtensionKeyRef<'a>, ValueRef<'a>), DecodeError> {
    let head = r.head()?;
    let key = match head.major {
        Major::Text => ExtensionKeyRef::Text(r.take_text(head)?),
        Major::Negative => ExtensionKeyRef::Int(!(head.argument as i64)),
        _ => ExtensionKeyRef::Int(head.argument as i64),
    };
    let start = r.rest();
    r.value(2)?;
    Ok((key, ValueRef(r.consumed(start))))
}
