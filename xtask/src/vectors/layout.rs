//! Octets in the TLS presentation language with named parts, so that a test can say which part it spoils and at which
//! offset that part begins.

/// A value on the wire.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Plain octets: integers, enums, what is already encoded.
    Octets(Vec<u8>),
    /// A struct: its fields one after the other.
    Struct(Struct),
    /// A vector with the length in its shortest form.
    Vector(Struct),
    /// A vector with the length in the form of this many octets (1, 2 or 4), which may be too long a form.
    VectorWithLengthOf(usize, Struct),
}

/// Fields with names, in order. The items of a vector are named by their index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Struct {
    fields: Vec<(String, Part)>,
}

/// A `uint8` or an enum of one octet.
pub(crate) fn u8(value: u8) -> Part {
    Part::Octets(vec![value])
}

/// A `uint16`.
pub(crate) fn u16(value: u16) -> Part {
    Part::Octets(value.to_be_bytes().to_vec())
}

/// A `uint32`.
pub(crate) fn u32(value: u32) -> Part {
    Part::Octets(value.to_be_bytes().to_vec())
}

/// A `uint64`.
pub(crate) fn u64(value: u64) -> Part {
    Part::Octets(value.to_be_bytes().to_vec())
}

/// Octets as they are.
pub(crate) fn raw(octets: impl Into<Vec<u8>>) -> Part {
    Part::Octets(octets.into())
}

/// An `opaque<V>`.
pub(crate) fn opaque(octets: &[u8]) -> Part {
    Part::Vector(Struct::new().add("content", raw(octets)))
}

/// A vector of items.
pub(crate) fn vector(items: impl IntoIterator<Item = Part>) -> Part {
    Part::Vector(items_of(items))
}

/// A vector of 16-bit numbers.
pub(crate) fn u16s(values: &[u16]) -> Part {
    vector(values.iter().map(|value| u16(*value)))
}

/// An `optional<T>`.
pub(crate) fn optional(value: Option<Part>) -> Part {
    match value {
        None => Part::Struct(Struct::new().add("presence", u8(0))),
        Some(value) => Part::Struct(Struct::new().add("presence", u8(1)).add("value", value)),
    }
}

fn items_of(items: impl IntoIterator<Item = Part>) -> Struct {
    Struct { fields: items.into_iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect() }
}

/// A vector length in its shortest form (RFC 9420 section 2.1.2).
fn shortest(length: usize) -> usize {
    match length {
        0..0x40 => 1,
        0x40..0x4000 => 2,
        _ => 4,
    }
}

fn length(length: usize, form: usize) -> Vec<u8> {
    let octets = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut octets = octets.get(4 - form..).unwrap_or(&octets).to_vec();
    if let Some(first) = octets.first_mut() {
        *first |= match form {
            1 => 0x00,
            2 => 0x40,
            _ => 0x80,
        };
    }
    octets
}

impl Part {
    /// The octets.
    pub(crate) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.clone(),
            Self::Struct(fields) => fields.octets(),
            Self::Vector(_) | Self::VectorWithLengthOf(..) => {
                let (prefix, content) = self.split();
                [prefix, content].concat()
            }
        }
    }

    /// The vector's length and content; no length for what is not a vector.
    fn split(&self) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Vector(items) => {
                let content = items.octets();
                (length(content.len(), shortest(content.len())), content)
            }
            Self::VectorWithLengthOf(form, items) => {
                let content = items.octets();
                (length(content.len(), *form), content)
            }
            other => (Vec::new(), other.octets()),
        }
    }

    fn fields(&self) -> Option<&Struct> {
        match self {
            Self::Octets(_) => None,
            Self::Struct(fields) | Self::Vector(fields) | Self::VectorWithLengthOf(_, fields) => Some(fields),
        }
    }

    fn fields_mut(&mut self) -> Option<&mut Struct> {
        match self {
            Self::Octets(_) => None,
            Self::Struct(fields) | Self::Vector(fields) | Self::VectorWithLengthOf(_, fields) => Some(fields),
        }
    }

    /// The same vector with its length in twice as many octets as needed.
    pub(crate) fn with_long_length(self) -> Self {
        match self {
            Self::Vector(items) => {
                let form = match shortest(items.octets().len()) {
                    1 => 2,
                    _ => 4,
                };
                Self::VectorWithLengthOf(form, items)
            }
            other => other,
        }
    }
}

impl Struct {
    /// No fields.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more field.
    pub(crate) fn add(mut self, name: &str, part: Part) -> Self {
        self.fields.push((name.to_owned(), part));
        self
    }

    /// All fields of another struct.
    pub(crate) fn add_all(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self
    }

    /// The octets.
    pub(crate) fn octets(&self) -> Vec<u8> {
        self.fields.iter().flat_map(|(_, part)| part.octets()).collect()
    }

    /// The offset of a part by its path (`clients/0/keyPackage`). A vector begins with its length.
    pub(crate) fn offset(&self, path: &str) -> Option<usize> {
        let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let mut before = 0;
        for (field, part) in &self.fields {
            if field == name {
                return match rest {
                    None => Some(before),
                    Some(rest) => Some(before + part.split().0.len() + part.fields()?.offset(rest)?),
                };
            }
            before += part.octets().len();
        }
        None
    }

    /// The same with one part replaced; unchanged if there is none at the path.
    pub(crate) fn replace(mut self, path: &str, part: Part) -> Self {
        if let Some(place) = self.part_mut(path) {
            *place = part;
        }
        self
    }

    /// A copy of the part at a path.
    pub(crate) fn part(&self, path: &str) -> Option<Part> {
        self.clone().part_mut(path).cloned()
    }

    fn part_mut(&mut self, path: &str) -> Option<&mut Part> {
        let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let (_, part) = self.fields.iter_mut().find(|(field, _)| field == name)?;
        match rest {
            None => Some(part),
            Some(rest) => part.fields_mut()?.part_mut(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// The examples of RFC 9000 appendix A.1, whose encoding RFC 9420 takes.
    #[test]
    fn vector_lengths_have_the_published_form() {
        for (value, octets) in [(37, "25"), (15293, "7bbd"), (494_878_333, "9d7f3e7d")] {
            assert_eq!(hex::encode(length(value, shortest(value))), octets);
        }
        assert_eq!(hex::encode(length(37, 2)), "4025");
    }

    #[test]
    fn the_offset_of_a_part_is_where_its_octets_begin() {
        let value = Struct::new()
            .add("a", u16(1))
            .add("list", vector([Part::Struct(Struct::new().add("x", u8(7)).add("y", opaque(&[9; 70]))), u8(8)]))
            .add("end", u8(0xff));
        let octets = value.octets();
        assert_eq!(value.offset("list"), Some(2));
        assert_eq!(octets[value.offset("list/0/x").unwrap()], 7);
        assert_eq!(octets[value.offset("list/0/y/content").unwrap()], 9);
        assert_eq!(octets[value.offset("list/1").unwrap()], 8);
        assert_eq!(octets[value.offset("end").unwrap()], 0xff);
        assert_eq!(value.offset("nothing"), None);
    }

    #[test]
    fn a_part_can_be_replaced_deep_inside() {
        let value = Struct::new().add("list", vector([u8(1), u8(2)]));
        assert_eq!(value.clone().replace("list/1", u8(9)).octets(), [2, 1, 9]);
        assert_eq!(
            value.clone().replace("list", value.part("list").unwrap().with_long_length()).octets(),
            [0x40, 2, 1, 2]
        );
    }
}
