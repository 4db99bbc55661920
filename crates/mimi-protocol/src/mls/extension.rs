//! Extensions and the lists they stand in (RFC 9420 section 13, mls-extensions draft section 4.5).

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};

rules! {
    DUPLICATE_EXTENSION = "an extension type appears twice in one list", "RFC 9420 section 13.4";
    COMPONENTS_NOT_SORTED = "component identifiers are not strictly increasing",
        "draft-ietf-mls-extensions section 4.6";
}

pub use mimi_arch::mls::{ComponentId, ExtensionType};

/// One extension: a type and octets that only its readers understand (RFC 9420 section 13).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Extension {
    /// What the octets are.
    pub extension_type: ExtensionType,
    /// The octets.
    pub extension_data: Vec<u8>,
}

impl Wire for Extension {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { extension_type: ExtensionType::decode(r)?, extension_data: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.extension_type.encode(out)?;
        codec::put_opaque(out, &self.extension_data)
    }
}

/// A list of extensions in which no type appears twice (RFC 9420 section 13.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Extensions(Vec<Extension>);

impl Extensions {
    /// A list with these extensions.
    ///
    /// # Errors
    /// When a type appears twice.
    pub fn new(extensions: Vec<Extension>) -> Result<Self, EncodeError> {
        let list = Self(extensions);
        if list.has_duplicate() { Err(EncodeError::new(&DUPLICATE_EXTENSION)) } else { Ok(list) }
    }

    /// The extensions in the order of the list.
    pub fn as_slice(&self) -> &[Extension] {
        &self.0
    }

    /// The extensions in the order of the list.
    pub fn iter(&self) -> std::slice::Iter<'_, Extension> {
        self.0.iter()
    }

    /// The data of the extension of this type.
    pub fn find(&self, extension_type: ExtensionType) -> Option<&[u8]> {
        let found = self.0.iter().find(|extension| extension.extension_type == extension_type)?;
        Some(&found.extension_data)
    }

    /// Whether there is an extension of this type.
    pub fn contains(&self, extension_type: ExtensionType) -> bool {
        self.find(extension_type).is_some()
    }

    /// Reads the data of the extension of this type, if there is one.
    ///
    /// # Errors
    /// When there is one and it is malformed. The offset counts from the start of the extension's data.
    pub fn read<T: Wire>(&self, extension_type: ExtensionType) -> Result<Option<T>, DecodeError> {
        self.find(extension_type).map(T::from_bytes).transpose()
    }

    /// The application data dictionary, if there is one.
    ///
    /// # Errors
    /// When there is one and it is malformed.
    pub fn app_data_dictionary(&self) -> Result<Option<AppDataDictionary>, DecodeError> {
        self.read(ExtensionType::APP_DATA_DICTIONARY)
    }

    fn has_duplicate(&self) -> bool {
        let mut types: Vec<_> = self.0.iter().map(|extension| extension.extension_type).collect();
        types.sort_unstable();
        types.windows(2).any(|pair| pair.first() == pair.last())
    }
}

impl<'a> IntoIterator for &'a Extensions {
    type Item = &'a Extension;
    type IntoIter = std::slice::Iter<'a, Extension>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Wire for Extensions {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let list = Self(r.list()?);
        if list.has_duplicate() { Err(start.error(&DUPLICATE_EXTENSION)) } else { Ok(list) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// The data of one component (mls-extensions draft section 4.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ComponentData {
    /// Whose data it is.
    pub component_id: ComponentId,
    /// The data.
    pub data: Vec<u8>,
}

impl Wire for ComponentData {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { component_id: ComponentId::decode(r)?, data: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.component_id.encode(out)?;
        codec::put_opaque(out, &self.data)
    }
}

/// The data of the `app_data_dictionary` extension: at most one entry for each component, ordered by component
/// (mls-extensions draft section 4.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct AppDataDictionary(Vec<ComponentData>);

impl AppDataDictionary {
    /// A dictionary with these entries, in any order.
    ///
    /// # Errors
    /// When a component appears twice.
    pub fn new(mut entries: Vec<ComponentData>) -> Result<Self, EncodeError> {
        entries.sort_by_key(|entry| entry.component_id);
        let dictionary = Self(entries);
        dictionary.check().map(|()| dictionary).map_err(EncodeError::new)
    }

    /// The entries, ordered by component.
    pub fn entries(&self) -> &[ComponentData] {
        &self.0
    }

    /// The data of a component.
    pub fn find(&self, component_id: ComponentId) -> Option<&[u8]> {
        let found = self.0.iter().find(|entry| entry.component_id == component_id)?;
        Some(&found.data)
    }

    fn check(&self) -> Result<(), &'static Rule> {
        let sorted = self.0.is_sorted_by(|a, b| a.component_id < b.component_id);
        if sorted { Ok(()) } else { Err(&COMPONENTS_NOT_SORTED) }
    }
}

impl Wire for AppDataDictionary {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let dictionary = Self(r.list()?);
        dictionary.check().map(|()| dictionary).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::testing::{laws, refused};

    fn extension(extension_type: u16) -> Extension {
        Extension { extension_type: ExtensionType(extension_type), extension_data: vec![0xab] }
    }

    fn component(id: u16) -> ComponentData {
        ComponentData { component_id: ComponentId(id), data: vec![0xcd] }
    }

    #[test]
    fn a_list_of_extensions_is_written_in_its_order() {
        let list = Extensions::new(vec![extension(5), extension(1)]).unwrap();
        assert_eq!(laws(&list), [8, 0, 5, 1, 0xab, 0, 1, 1, 0xab]);
        assert_eq!(list.find(ExtensionType(5)), Some(&[0xab][..]));
        assert!(!list.contains(ExtensionType(2)));
        assert_eq!(list.iter().count(), (&list).into_iter().count());
        assert_eq!(list.as_slice().len(), 2);
    }

    #[test]
    fn an_extension_type_twice_in_one_list_is_refused() {
        refused::<Extensions>(&[8, 0, 5, 1, 0xab, 0, 5, 1, 0xab], 0, &DUPLICATE_EXTENSION);
        let apart = Extensions::new(vec![extension(5), extension(1), extension(5)]);
        assert_eq!(apart.unwrap_err().rule(), &DUPLICATE_EXTENSION);
    }

    #[test]
    fn a_dictionary_is_sorted_by_component_and_has_each_once() {
        let dictionary = AppDataDictionary::new(vec![component(0x22), component(1)]).unwrap();
        assert_eq!(laws(&dictionary), [8, 0, 1, 1, 0xcd, 0, 0x22, 1, 0xcd]);
        assert_eq!(dictionary.find(ComponentId::PARTICIPANT_LIST), Some(&[0xcd][..]));
        assert_eq!(dictionary.entries().len(), 2);
        refused::<AppDataDictionary>(&[8, 0, 0x22, 1, 0xcd, 0, 1, 1, 0xcd], 0, &COMPONENTS_NOT_SORTED);
        refused::<AppDataDictionary>(&[8, 0, 1, 1, 0xcd, 0, 1, 1, 0xcd], 0, &COMPONENTS_NOT_SORTED);
        assert_eq!(
            AppDataDictionary::new(vec![component(1), component(1)]).unwrap_err().rule(),
            &COMPONENTS_NOT_SORTED
        );
    }

    #[test]
    fn the_dictionary_is_found_among_extensions() {
        let dictionary = AppDataDictionary::new(vec![component(1)]).unwrap();
        let extension_data = dictionary.to_bytes().unwrap();
        let list =
            Extensions::new(vec![Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data }]);
        assert_eq!(list.unwrap().app_data_dictionary(), Ok(Some(dictionary)));
        assert_eq!(Extensions::default().app_data_dictionary(), Ok(None));
    }
}
