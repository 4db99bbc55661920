//! Extensions of a message, sections 4.3, 6.2 and 8.2.1.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::cmp::Ordering;

use crate::MAX_TEXT_KEY;
use crate::cbor::{Value, ValueError, Writer, value};

/// Name of an extension: registered when positive, private when negative or text. Ordered as the encodings are.
// req: MC08-4.3-04, MC08-8.2.1-01
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ExtensionKey {
    /// An integer within ±(2^53 - 1).
    Int(i64),
    /// Text of 1 to 255 octets.
    Text(String),
}

impl ExtensionKey {
    /// The sender's URI, section 8.2.1.
    // req: MC08-8.2.1-02
    pub const SENDER_URI: Self = Self::Int(1);
    /// The room's URI, section 8.2.1.
    // req: MC08-8.2.1-03
    pub const ROOM_URI: Self = Self::Int(2);
}

/// An extension that a message cannot carry.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// A text key of another length than 1 to 255 octets.
    #[error("an extension key of {octets} octets instead of 1 to 255 (draft-ietf-mimi-content-08 section 6.2)")]
    KeyLength {
        /// Its length.
        octets: usize,
    },
    /// `senderUri` or `roomUri` that is not text.
    #[error("extension {key} is not text (draft-ietf-mimi-content-08 section 8.2.1)")]
    ValueType {
        /// The key.
        key: i64,
    },
    /// The key or the value is outside CBOR's data model for messages.
    #[error("{0} (draft-ietf-mimi-content-08 section 6)")]
    Value(#[from] ValueError),
}

/// The extensions, each checked when it is put in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extensions(BTreeMap<ExtensionKey, Value>);

impl Extensions {
    /// None.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Puts an extension in and returns the value that had the key before.
    ///
    /// ```
    /// use mimi_content::{Extensions, Value};
    /// let mut extensions = Extensions::new();
    /// extensions.insert("com.example.colour", "blue")?;
    /// extensions.insert(-3, Value::Array(vec![Value::Null, 5u64.into()]))?;
    /// assert_eq!(extensions.get(&(-3).into()), Some(&Value::Array(vec![Value::Null, 5u64.into()])));
    /// assert!(extensions.insert(1 << 53, "no double carries this key").is_err());
    /// # Ok::<(), mimi_content::ExtensionError>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with key or value.
    // req: MC08-4.3-01, MC08-6.2-01, MC08-6.2-03, MC08-6.3-02
    pub fn insert(
        &mut self,
        key: impl Into<ExtensionKey>,
        value: impl Into<Value>,
    ) -> Result<Option<Value>, ExtensionError> {
        let (key, value) = (key.into(), value.into());
        match &key {
            ExtensionKey::Int(n) => {
                value::check_integer_key(*n)?;
                if matches!(n, 1 | 2) && value.as_text().is_none() {
                    return Err(ExtensionError::ValueType { key: *n });
                }
            }
            ExtensionKey::Text(text) if !(1..=MAX_TEXT_KEY).contains(&text.len()) => {
                return Err(ExtensionError::KeyLength { octets: text.len() });
            }
            ExtensionKey::Text(_) => {}
        }
        value.check()?;
        Ok(self.0.insert(key, value))
    }

    /// Takes an extension out.
    pub fn remove(&mut self, key: &ExtensionKey) -> Option<Value> {
        self.0.remove(key)
    }

    /// The value of a key.
    pub fn get(&self, key: &ExtensionKey) -> Option<&Value> {
        self.0.get(key)
    }

    /// All of them, in the order of their encodings.
    pub fn iter(&self) -> impl Iterator<Item = (&ExtensionKey, &Value)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sender's URI.
    pub fn sender_uri(&self) -> Option<&str> {
        self.get(&ExtensionKey::SENDER_URI).and_then(Value::as_text)
    }

    /// The room's URI.
    pub fn room_uri(&self) -> Option<&str> {
        self.get(&ExtensionKey::ROOM_URI).and_then(Value::as_text)
    }

    /// Sets the sender's URI.
    pub fn set_sender_uri(&mut self, uri: impl Into<String>) {
        self.put_checked(ExtensionKey::SENDER_URI, Value::Text(uri.into()));
    }

    /// Sets the room's URI.
    pub fn set_room_uri(&mut self, uri: impl Into<String>) {
        self.put_checked(ExtensionKey::ROOM_URI, Value::Text(uri.into()));
    }

    pub(crate) fn put_checked(&mut self, key: ExtensionKey, value: Value) {
        self.0.insert(key, value);
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.map(self.0.len());
        for (key, value) in &self.0 {
            match key {
                ExtensionKey::Int(n) => writer.integer(*n),
                ExtensionKey::Text(text) => writer.text(text),
            }
            value.write(writer);
        }
    }
}

impl Ord for ExtensionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => value::order_integers(*a, *b),
            (Self::Text(a), Self::Text(b)) => value::order_strings(a.as_bytes(), b.as_bytes()),
            (Self::Int(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Int(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for ExtensionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for ExtensionKey {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<&str> for ExtensionKey {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for ExtensionKey {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
