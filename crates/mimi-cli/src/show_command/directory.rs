//! The directory document (draft-ietf-mimi-protocol-06 section 5.1).

use mimi_protocol::directory::{Directory, DirectoryError, UrlTemplate};

use super::registry::ShowType;
use super::tree::{ShowError, Tree};

/// The document.
pub(super) const TYPES: &[ShowType] =
    &[ShowType::text("directory", "draft-ietf-mimi-protocol-06 section 5.1", directory)];

fn directory(octets: &[u8]) -> Result<Tree, ShowError> {
    let directory = Directory::from_json(octets).map_err(|error| ShowError {
        offset: match &error {
            DirectoryError::Json { line, column, .. } => offset_of(octets, *line, *column),
            _ => None,
        },
        rule: error.to_string(),
        section: error.section(),
    })?;
    let endpoints = directory.endpoints().map(|(endpoint, template)| (endpoint.name().into(), url(template)));
    let others = directory.other().iter().map(|(name, value)| (name.clone().into(), Tree::Json(value.clone())));
    Ok(Tree::fields([("endpoints", Tree::Fields(endpoints.collect())), ("other", Tree::Fields(others.collect()))]))
}

fn url(template: &UrlTemplate) -> Tree {
    Tree::fields([
        ("template", Tree::text(template.as_str())),
        ("host", Tree::text(template.host().as_str())),
        ("port", Tree::optional(template.port(), Tree::number)),
        ("variable", Tree::text(template.variable())),
    ])
}

/// Where a line and column, both from 1, are.
fn offset_of(octets: &[u8], line: usize, column: usize) -> Option<usize> {
    let start =
        octets.split_inclusive(|octet| *octet == b'\n').take(line.checked_sub(1)?).map(<[u8]>::len).sum::<usize>();
    Some((start + column.saturating_sub(1)).min(octets.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_counted_in_octets() {
        assert_eq!(offset_of(b"ab\ncd", 2, 1), Some(3));
        assert_eq!(offset_of(b"ab\ncd", 1, 2), Some(1));
        assert_eq!(offset_of(b"ab", 9, 9), Some(2));
        assert_eq!(directory(b"{\n \"update\": x}").err().and_then(|error| error.offset), Some(13));
    }
}
