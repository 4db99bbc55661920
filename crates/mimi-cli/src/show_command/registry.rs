//! Every type that can be shown, and which of them some octets are.

use super::tree::{ShowError, Tree};
use super::{
    content, directory, discovery, framing, franking, identity, minimal_metadata, mls, policy, protocol, rooms,
    semi_private,
};

/// A type that can be shown.
pub(super) struct ShowType {
    /// Its name in the draft; what `--type` takes.
    pub(super) name: &'static str,
    /// Where it is defined.
    pub(super) section: &'static str,
    /// Whether it stands inside other types only, or is as short as that. Nothing is taken for such a type unless that is asked for: its
    /// values are short, and many octets are one by chance.
    pub(super) is_part: bool,
    /// Whether it is text, so that nobody takes its letters for hex or base64.
    pub(super) is_text: bool,
    /// Reads and describes one value that fills the octets.
    pub(super) read: fn(&[u8]) -> Result<Tree, ShowError>,
}

impl ShowType {
    /// A type of octets.
    pub(super) const fn wire(
        name: &'static str,
        section: &'static str,
        read: fn(&[u8]) -> Result<Tree, ShowError>,
    ) -> Self {
        Self { name, section, is_part: false, is_text: false, read }
    }

    /// A type of octets that stands inside others only, or is as short.
    pub(super) const fn part(
        name: &'static str,
        section: &'static str,
        read: fn(&[u8]) -> Result<Tree, ShowError>,
    ) -> Self {
        Self { is_part: true, ..Self::wire(name, section, read) }
    }

    /// A type of text.
    pub(super) const fn text(
        name: &'static str,
        section: &'static str,
        read: fn(&[u8]) -> Result<Tree, ShowError>,
    ) -> Self {
        Self { name, section, is_part: false, is_text: true, read }
    }
}

/// The types of each area, in the order in which they are listed.
const AREAS: &[&[ShowType]] = &[
    identity::TYPES,
    directory::TYPES,
    protocol::TYPES,
    franking::TYPES,
    rooms::TYPES,
    policy::TYPES,
    framing::TYPES,
    content::TYPES,
    mls::TYPES,
    semi_private::TYPES,
    minimal_metadata::TYPES,
    discovery::TYPES,
];

/// All types.
pub(super) fn all() -> impl Iterator<Item = &'static ShowType> {
    AREAS.iter().copied().flatten()
}

/// The type of this name, whatever its casing.
pub(super) fn find(name: &str) -> Option<&'static ShowType> {
    all().find(|one| one.name.eq_ignore_ascii_case(name))
}

/// Names that resemble one that does not exist.
pub(super) fn similar(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_lowercase();
    let resembles = |known: &str| !name.is_empty() && (known.contains(&name) || name.contains(known));
    all().filter(|one| resembles(&one.name.to_ascii_lowercase())).map(|one| one.name).collect()
}

/// What octets are taken for when nobody says it.
pub(super) enum Recognised {
    /// A type, and what it says.
    Is(&'static ShowType, Tree),
    /// They begin like this type, and break its rules.
    Broken(&'static ShowType, ShowError),
    /// Several types read them, or types that stand inside others only.
    OneOf(Vec<&'static ShowType>),
    /// No type reads them.
    Nothing,
}

/// How values of a type begin that does not read the octets, though they begin like that.
fn looks_like(octets: &[u8], raw: &[u8]) -> Option<&'static str> {
    match (raw, octets) {
        ([b'm' | b'M', b'i' | b'I', b'm' | b'M', b'i' | b'I', b':', ..], _) => Some("MimiUri"),
        ([b'{', ..], _) => Some("directory"),
        (_, [0, 1, 0, 1..=5, ..]) => Some("MLSMessage"),
        (_, [0x87, 0x50, ..]) => Some("mimiContent"),
        _ => None,
    }
}

/// Finds out what `octets` are; `raw` is the input as it was written.
///
/// Text that begins with `mimi:` is a URI, text that begins with a brace a directory, and octets that begin with the frame of an
/// `MLSMessage` and are one are that. All else is what the only type that reads it says, types that are parts of others apart.
pub(super) fn recognise(octets: &[u8], raw: &[u8]) -> Recognised {
    let raw = raw.trim_ascii();
    let first = looks_like(octets, raw).and_then(find);
    let broken = match first.map(|one| (one, (one.read)(if one.is_text { raw } else { octets }))) {
        Some((one, Ok(tree))) => return Recognised::Is(one, tree),
        Some((one, Err(error))) if one.is_text => return Recognised::Broken(one, error),
        Some((one, Err(error))) => Some((one, error)),
        None => None,
    };
    let readings = |parts: bool| {
        all()
            .filter(move |one| !one.is_text && one.is_part == parts)
            .filter_map(|one| Some((one, (one.read)(octets).ok()?)))
    };
    let mut wholes = readings(false);
    match (wholes.next(), wholes.next(), broken) {
        (Some((one, tree)), None, _) => Recognised::Is(one, tree),
        (Some((first, _)), Some((second, _)), _) => {
            Recognised::OneOf([first, second].into_iter().chain(wholes.map(|(one, _)| one)).collect())
        }
        (None, _, Some((one, error))) => Recognised::Broken(one, error),
        (None, _, None) => {
            let parts: Vec<_> = readings(true).map(|(one, _)| one).collect();
            if parts.is_empty() { Recognised::Nothing } else { Recognised::OneOf(parts) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_types_have_one_name() {
        let names: BTreeSet<_> = all().map(|one| one.name.to_ascii_lowercase()).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|one| one.section.contains(" section ")));
    }

    #[test]
    fn a_name_is_found_whatever_its_casing_and_a_part_of_it_leads_to_it() {
        assert!(find("mlsmessage").is_some_and(|one| one.name == "MLSMessage"));
        assert!(find("Message").is_none());
        assert!(similar("consent").contains(&"ConsentEntry"));
        assert!(similar("ConsentEntryIn").contains(&"ConsentEntry"));
        assert!(similar("").is_empty() && similar("xyz").is_empty());
    }
}
