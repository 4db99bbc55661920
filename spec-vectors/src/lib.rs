#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod files;
mod shape;

pub use shape::{BugType, ExpectedError, Note, Outcome, TestCase, TestGroup, VectorFile};

/// Every vector file of this crate: its path below the crate's directory, and its text.
///
/// ```
/// for (path, text) in spec_vectors::files() {
///     let file = spec_vectors::VectorFile::parse(text)?;
///     assert_eq!(file.number_of_tests, file.tests().count(), "{path}");
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    files::FILES.iter().copied()
}
