//! Why octets are not a message: the offset, the rule that was broken, and where the rule stands.

use core::fmt;

macro_rules! content {
    ($section:literal) => {
        concat!("draft-ietf-mimi-content-08 section ", $section)
    };
}

/// The octets do not follow the format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("offset {offset}: {rule} ({})", rule.section())]
pub struct DecodeError {
    offset: usize,
    rule: Rule,
}

impl DecodeError {
    /// An error at an offset. For readers of other formats that are built on [`crate::cbor::Reader`].
    pub const fn new(offset: usize, rule: Rule) -> Self {
        Self { offset, rule }
    }

    /// Where the first octet stands that breaks the rule, counted from zero. For a rule about an
    /// item this is the item's first octet; for UTF-8 it is the first octet that is not part of a character.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Document and section of the rule.
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }
}

/// What octets have to follow to be read. The first group is CBOR, the second the data model of
/// section 6, the third the layout of the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// The octets end inside an item, or a count is larger than they can hold.
    Truncated,
    /// Octets follow the one item.
    TrailingBytes,
    /// Additional information 28 to 30 has no meaning.
    ReservedAdditionalInformation,
    /// An item of indefinite length, or a break.
    IndefiniteLength,
    /// An integer, length, count or tag number that a shorter head could carry.
    NotShortestHead,
    /// A float that a shorter one could carry.
    NotShortestFloat,
    /// A simple value below 32 in two octets.
    InvalidSimpleValue,
    /// A map key that stands before its predecessor in bytewise order.
    MapKeyOrder,
    /// A map key twice.
    DuplicateMapKey,
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// A bignum with leading zeros, or one that an integer could carry.
    BignumNotShortest,
    /// Tag 2 or 3 around something else than a byte string.
    BignumContent,

    /// A NaN other than the half-width quiet one.
    Nan,
    /// A key inside an extension that is no integer, text or byte string.
    MapKeyType,
    /// An integer key that a double cannot carry exactly.
    MapKeyRange,
    /// An extension key that is neither integer nor text.
    ExtensionKeyType,
    /// An extension key of no octets or more than 255.
    ExtensionKeyLength,
    /// A known extension whose value is not of its registered type.
    ExtensionValueType,
    /// A map, array or tag on the fifth level of the extensions.
    ExtensionDepth,

    /// A field of another CBOR type.
    Type(Field),
    /// An array with another number of elements than the structure has.
    ArrayLength(Field),
    /// A byte string of another length than the field has.
    Length(Field),
    /// An integer outside the field's range.
    Range(Field),
    /// A topic of more than 4096 octets.
    TopicLength,
    /// A cardinality that is none of the four.
    Cardinality,
    /// Part semantics that are none of the three.
    PartSemantics,
    /// A multi part of fewer than two parts.
    TooFewParts,
    /// More than 1024 parts.
    TooManyParts,
    /// A part on the fifth level.
    PartDepth,
    /// A language list that RFC 5646 does not let be written so.
    LanguageSyntax,
}

impl Rule {
    /// Document and section.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Truncated | Self::TrailingBytes | Self::ReservedAdditionalInformation => "RFC 8949 section 3",
            Self::InvalidSimpleValue => "RFC 8949 section 3.3",
            Self::BignumContent => "RFC 8949 section 3.4.3",
            Self::IndefiniteLength
            | Self::NotShortestHead
            | Self::NotShortestFloat
            | Self::MapKeyOrder
            | Self::BignumNotShortest => content!("6.1"),
            Self::DuplicateMapKey => content!("4.3"),
            Self::InvalidUtf8
            | Self::Nan
            | Self::MapKeyType
            | Self::MapKeyRange
            | Self::ExtensionKeyType
            | Self::ExtensionKeyLength => content!("6.2"),
            Self::ExtensionValueType => content!("8.2.1"),
            Self::ExtensionDepth | Self::PartDepth => content!("6.3"),
            Self::Type(field) | Self::ArrayLength(field) | Self::Length(field) | Self::Range(field) => field.section(),
            Self::TopicLength | Self::TooManyParts => content!("9.1"),
            Self::Cardinality | Self::PartSemantics | Self::TooFewParts | Self::LanguageSyntax => content!("4.4"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Truncated => "the octets end inside an item",
            Self::TrailingBytes => "octets follow the item",
            Self::ReservedAdditionalInformation => "reserved additional information",
            Self::IndefiniteLength => "indefinite length",
            Self::NotShortestHead => "a head that is not the shortest",
            Self::NotShortestFloat => "a float that is not the shortest",
            Self::InvalidSimpleValue => "a simple value below 32 in two octets",
            Self::MapKeyOrder => "a map key out of bytewise order",
            Self::DuplicateMapKey => "a map key twice",
            Self::InvalidUtf8 => "text that is not UTF-8",
            Self::BignumNotShortest => "a bignum that is not the shortest form of its number",
            Self::BignumContent => "a bignum that is not a byte string",
            Self::Nan => "a NaN other than f97e00",
            Self::MapKeyType => "a map key that is neither integer, text nor byte string",
            Self::MapKeyRange => "an integer key outside ±(2^53 - 1)",
            Self::ExtensionKeyType => "an extension key that is neither integer nor text",
            Self::ExtensionKeyLength => "an extension key that is not 1 to 255 octets long",
            Self::ExtensionValueType => "a known extension whose value is not text",
            Self::ExtensionDepth => "extensions nested more than 4 levels deep",
            Self::Type(field) => return write!(f, "{field} is of another type"),
            Self::ArrayLength(field) => {
                return write!(f, "{field} has another number of elements");
            }
            Self::Length(field) => return write!(f, "{field} is of another length"),
            Self::Range(field) => return write!(f, "{field} is out of range"),
            Self::TopicLength => "a topic of more than 4096 octets",
            Self::Cardinality => "an unknown cardinality",
            Self::PartSemantics => "unknown part semantics",
            Self::TooFewParts => "a multi part of fewer than two parts",
            Self::TooManyParts => "more than 1024 parts",
            Self::PartDepth => "parts nested more than 4 levels deep",
            Self::LanguageSyntax => "a language list that is not well-formed",
        };
        f.write_str(text)
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $section:expr;)+) => {
        /// The part of a structure that a rule speaks of, by the name it has in the draft.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Field { $($(#[$doc])* $variant,)+ }

        impl Field {
            /// Name in the draft.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Document and section.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$variant => $section,)+ }
            }
        }
    };
}

fields! {
    /// The message.
    MimiContent = "mimiContent", content!("4.1");
    /// Salt of the message.
    Salt = "salt", content!("4.1");
    /// ID of the message that is replaced.
    Replaces = "replaces", content!("4.1");
    /// Topic.
    TopicId = "topicId", content!("4.1");
    /// Expiry of the message: the array and its two elements.
    Expiration = "expires", content!("4.1");
    /// Whether an expiry is relative.
    ExpirationRelative = "expires.relative", content!("4.1");
    /// Seconds of an expiry.
    ExpirationTime = "expires.time", content!("4.1");
    /// ID of the message that is answered.
    InReplyTo = "inReplyTo", content!("4.1");
    /// Map of extensions.
    Extensions = "mimiExtensions", content!("4.3");
    /// A part of any kind.
    NestedPart = "nestedPart", content!("4.4");
    /// Disposition of a part.
    Disposition = "disposition", content!("4.4");
    /// Language list of a part.
    Language = "language", content!("4.4");
    /// Kind of a part.
    Cardinality = "cardinality", content!("4.4");
    /// Media type.
    ContentType = "contentType", content!("4.4");
    /// Octets of a single part.
    Content = "content", content!("4.4");
    /// Semantics of a multi part.
    PartSemantics = "partSemantics", content!("4.4");
    /// Parts of a multi part.
    Parts = "parts", content!("4.4");
    /// Where external content lies.
    Url = "url", content!("4.5");
    /// Expiry of external content.
    ExternalExpires = "external.expires", content!("4.5");
    /// Size of external content.
    Size = "size", content!("4.5");
    /// AEAD algorithm.
    EncAlg = "encAlg", content!("4.5");
    /// AEAD key.
    Key = "key", content!("4.5");
    /// AEAD nonce.
    Nonce = "nonce", content!("4.5");
    /// AEAD additional data.
    Aad = "aad", content!("4.5");
    /// Hash algorithm.
    HashAlg = "hashAlg", content!("4.5");
    /// Hash of external content.
    ContentHash = "contentHash", content!("4.5");
    /// Text description.
    Description = "description", content!("4.5");
    /// Suggested file name.
    Filename = "filename", content!("4.5");
    /// List of a status report.
    StatusReport = "statusReport", "draft-mahy-mimi-message-status-01 section 4";
    /// One message and its status.
    PerMessageStatus = "perMessageStatus", "draft-mahy-mimi-message-status-01 section 4";
    /// ID of the message a status is about.
    StatusMessageId = "messageId", "draft-mahy-mimi-message-status-01 section 4";
    /// Status of a message.
    MessageStatus = "status", "draft-mahy-mimi-message-status-01 section 4";
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
