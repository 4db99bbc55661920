//! Deterministic CBOR as sections 6.1 and 6.2 bound it (RFC 8949 section 4.2.1): a reader that takes
//! nothing else, a writer that makes nothing else, and a tree for the values of extensions.
//!
//! The reader keeps the offset of every item, never allocates, and recurses only as deep as section 6.3 allows.
//! Why it is our own: `docs/adr/005-cbor-reader.md`.

mod float;
mod reader;
pub(crate) mod value;
mod writer;

pub use float::Float;
pub use reader::{Head, Major, Reader};
pub use value::{MapKey, Simple, Value, ValueError, ValueRef};
pub use writer::Writer;
