//! Every type on every vector that there is for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agreement;
mod discovery;
mod input;
mod samples;
mod snapshots;

use spec_vectors::{Outcome, TestCase, VectorFile};

use super::registry::{self, ShowType};

/// The tests of all vector files that are about the octets of one type, with the type.
fn wire_vectors() -> impl Iterator<Item = (&'static str, &'static ShowType, TestCase)> {
    spec_vectors::files().flat_map(|(path, text)| {
        let file = VectorFile::parse(text).unwrap();
        let one = registry::find(&file.r#type);
        let groups = file.test_groups.into_iter().filter(|group| group.r#type == "Wire");
        groups.flat_map(|group| group.tests).map(move |test| (path, one.unwrap_or_else(|| panic!("{path}")), test))
    })
}

fn is_accepted(test: &TestCase) -> bool {
    test.result != Outcome::Invalid && test.error.is_none()
}
