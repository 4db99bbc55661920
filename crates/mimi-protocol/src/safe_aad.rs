//! Safe AAD: additional authenticated data that several components share (draft-ietf-mls-extensions section 4.9).
//!
//! In a group whose dictionary has the component `safe_aad`, the `authenticated_data` of every message is one
//! [`SafeAad`], empty if no component has anything to say. In other groups it may be anything, and is not read here.

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::mls::ComponentId;

rules! {
    AAD_ITEMS_NOT_SORTED = "the components of safe additional authenticated data are not strictly increasing",
        "draft-ietf-mls-extensions section 4.9";
}

/// What one component says in the additional authenticated data (mls-extensions draft section 4.9).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SafeAadItem {
    /// Whose item it is.
    pub component_id: ComponentId,
    /// The component's octets.
    pub aad_item_data: Vec<u8>,
}

impl Wire for SafeAadItem {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { component_id: ComponentId::decode(r)?, aad_item_data: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.component_id.encode(out)?;
        codec::put_opaque(out, &self.aad_item_data)
    }
}

/// The whole `authenticated_data` of a message: at most one item for each component, ordered by component
/// (mls-extensions draft section 4.9).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct SafeAad(Vec<SafeAadItem>);

impl SafeAad {
    /// These items, put into order.
    ///
    /// # Errors
    /// When a component has two items.
    pub fn new(mut items: Vec<SafeAadItem>) -> Result<Self, EncodeError> {
        items.sort_by_key(|item| item.component_id);
        let aad = Self(items);
        aad.check().map(|()| aad).map_err(EncodeError::new)
    }

    /// The items, ordered by component.
    pub fn items(&self) -> &[SafeAadItem] {
        &self.0
    }

    /// What a component says.
    pub fn find(&self, component_id: ComponentId) -> Option<&[u8]> {
        let found = self.0.iter().find(|item| item.component_id == component_id)?;
        Some(&found.aad_item_data)
    }

    fn check(&self) -> Result<(), &'static Rule> {
        let sorted = self.0.is_sorted_by(|a, b| a.component_id < b.component_id);
        if sorted { Ok(()) } else { Err(&AAD_ITEMS_NOT_SORTED) }
    }
}

impl Wire for SafeAad {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let aad = Self(r.list()?);
        aad.check().map(|()| aad).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// A list of components (mls-extensions draft section 5): the data of `safe_aad` and `app_components`. In a group context those that
/// every member has to understand, in a leaf node those that the client understands.
///
/// Whatever it lists: that `safe_aad` stands in the group context is what turns the framing on.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ComponentsList(pub Vec<ComponentId>);

impl Wire for ComponentsList {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.list().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::testing::{laws, octets, refused};
    use proptest::prelude::*;

    fn item(id: u16) -> SafeAadItem {
        SafeAadItem { component_id: ComponentId(id), aad_item_data: vec![0xaa] }
    }

    #[test]
    fn items_are_written_in_the_order_of_their_components() {
        let aad = SafeAad::new(vec![item(0x21), item(0x20)]).unwrap();
        assert_eq!(laws(&aad), [8, 0, 0x20, 1, 0xaa, 0, 0x21, 1, 0xaa]);
        assert_eq!(aad.find(ComponentId(0x20)), Some(&[0xaa][..]));
        assert_eq!(aad.find(ComponentId(0x22)), None);
        assert_eq!(aad.items().len(), 2);
    }

    #[test]
    fn nothing_to_say_is_an_empty_vector_and_not_no_octets() {
        assert_eq!(laws(&SafeAad::default()), [0]);
        refused::<SafeAad>(&[], 0, &codec::TRUNCATED);
    }

    #[test]
    fn items_out_of_order_and_components_twice_are_refused() {
        refused::<SafeAad>(&[8, 0, 0x21, 1, 0xaa, 0, 0x20, 1, 0xaa], 0, &AAD_ITEMS_NOT_SORTED);
        refused::<SafeAad>(&[8, 0, 0x20, 1, 0xaa, 0, 0x20, 1, 0xaa], 0, &AAD_ITEMS_NOT_SORTED);
        assert_eq!(SafeAad::new(vec![item(1), item(1)]).unwrap_err().rule(), &AAD_ITEMS_NOT_SORTED);
    }

    #[test]
    fn a_list_of_components_may_be_empty_and_keeps_its_order() {
        assert_eq!(laws(&ComponentsList(vec![ComponentId(0x21), ComponentId(0x20)])), [4, 0, 0x21, 0, 0x20]);
        assert_eq!(laws(&ComponentsList::default()), [0]);
        refused::<ComponentsList>(&[3, 0, 0x21, 0], 3, &codec::TRUNCATED);
    }

    proptest! {
        #[test]
        fn what_a_component_says_is_found_again(data in proptest::collection::btree_map(any::<u16>(), octets(), 0..8)) {
            let items = data.iter().rev().map(|(id, data)| SafeAadItem {
                component_id: ComponentId(*id),
                aad_item_data: data.clone(),
            });
            let aad = SafeAad::new(items.collect()).unwrap();
            prop_assert_eq!(SafeAad::from_bytes(&aad.to_bytes().unwrap()).unwrap(), aad.clone());
            for (id, data) in &data {
                prop_assert_eq!(aad.find(ComponentId(*id)), Some(&data[..]));
            }
        }
    }
}
