//! Ways to convey the ratchet tree and the group info (draft-mahy-mls-ratchet-tree-options-03 sections 3 and 4).

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::mls::{ExtensionType, Extensions, GroupInfo, RatchetTree};

rules! {
    REPRESENTATION_UNKNOWN = "the ratchet tree representation is not one that is defined",
        "draft-mahy-mls-ratchet-tree-options-03 section 3";
    URL_NOT_HTTPS = "the URL of the ratchet tree is not an https URL",
        "draft-mahy-mls-ratchet-tree-options-03 section 3";
    PRESENCE_UNKNOWN = "the ratchet tree presence is not one that is defined",
        "draft-mahy-mls-ratchet-tree-options-03 section 4";
    TREE_IN_PARTIAL = "a partial group info contains the ratchet tree",
        "draft-mahy-mls-ratchet-tree-options-03 section 4";
    TREE_IN_GROUP_INFO = "the group info contains the ratchet tree, which is conveyed beside it",
        "draft-ietf-mimi-protocol-06 section 5.3";
    GROUP_INFO_REPRESENTATION_UNKNOWN = "the group info representation is not one that is defined",
        "draft-ietf-mimi-protocol-06 section 5.3";
}

/// The ratchet tree or where it is (draft-mahy-mls-ratchet-tree-options-03 section 3).
// req: RT03-3-01, RT03-3-02, RT03-3-03
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RatchetTreeOption {
    /// The tree itself.
    Full(RatchetTree),
    /// The tree can be fetched.
    HttpsUri {
        /// An https URL.
        url: String,
        /// A signature over the tree. The draft does not say by whom or over what, so it is not verified here.
        tree_signature: Vec<u8>,
    },
    /// The tree comes some other way.
    OutOfBand {
        /// A signature over the tree. The draft does not say by whom or over what, so it is not verified here.
        tree_signature: Vec<u8>,
    },
    /// The delivery service knows the tree.
    DistributionService,
}

impl Wire for RatchetTreeOption {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => RatchetTree::decode(r).map(Self::Full),
            2 => {
                let start = r.clone();
                let url = r.text()?.to_owned();
                check_url(&url).map_err(|rule| start.error(rule))?;
                Ok(Self::HttpsUri { url, tree_signature: r.opaque()?.to_vec() })
            }
            3 => Ok(Self::OutOfBand { tree_signature: r.opaque()?.to_vec() }),
            4 => Ok(Self::DistributionService),
            _ => Err(start.error(&REPRESENTATION_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Full(tree) => {
                out.push(1);
                tree.encode(out)
            }
            Self::HttpsUri { url, tree_signature } => {
                check_url(url).map_err(EncodeError::new)?;
                out.push(2);
                codec::put_opaque(out, url.as_bytes())?;
                codec::put_opaque(out, tree_signature)
            }
            Self::OutOfBand { tree_signature } => {
                out.push(3);
                codec::put_opaque(out, tree_signature)
            }
            Self::DistributionService => {
                out.push(4);
                Ok(())
            }
        }
    }
}

// req: RT03-3-05
fn check_url(url: &str) -> Result<(), &'static Rule> {
    let (scheme, rest) = url.split_once("://").ok_or(&URL_NOT_HTTPS)?;
    let plain = rest.bytes().all(|octet| octet.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("https") && !rest.is_empty() && plain { Ok(()) } else { Err(&URL_NOT_HTTPS) }
}

/// Whether the group info of this epoch and of the one before has the `ratchet_tree` extension
/// (draft-mahy-mls-ratchet-tree-options-03 section 4).
// req: RT03-4-02
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RatchetTreePresence {
    /// In neither.
    NoRatchetTree = 0,
    /// In both.
    Present = 1,
    /// Only in the one before.
    Removed = 2,
    /// Only in this one.
    Added = 3,
}

impl Wire for RatchetTreePresence {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            0 => Ok(Self::NoRatchetTree),
            1 => Ok(Self::Present),
            2 => Ok(Self::Removed),
            3 => Ok(Self::Added),
            _ => Err(start.error(&PRESENCE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// What the hub cannot compute of a group info by itself (draft-mahy-mls-ratchet-tree-options-03 section 4).
// req: RT03-4-03
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartialGroupInfo {
    /// Whether the group info has the `ratchet_tree` extension.
    pub ratchet_tree_presence: RatchetTreePresence,
    /// The other extensions of the group info.
    pub group_info_extensions: Extensions,
    /// The committer's signature over the whole group info.
    pub signature: Vec<u8>,
}

impl Wire for PartialGroupInfo {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ratchet_tree_presence = RatchetTreePresence::decode(r)?;
        let start = r.clone();
        let group_info_extensions = Extensions::decode(r)?;
        // req: RT03-4-04, RT03-4-09
        if group_info_extensions.contains(ExtensionType::RATCHET_TREE) {
            return Err(start.error(&TREE_IN_PARTIAL));
        }
        Ok(Self { ratchet_tree_presence, group_info_extensions, signature: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.group_info_extensions.contains(ExtensionType::RATCHET_TREE) {
            return Err(EncodeError::new(&TREE_IN_PARTIAL));
        }
        self.ratchet_tree_presence.encode(out)?;
        self.group_info_extensions.encode(out)?;
        codec::put_opaque(out, &self.signature)
    }
}

/// The group info, whole or in part (draft-ietf-mimi-protocol-06 section 5.3).
// req: MP06-5.3-13, MP06-5.3-14, MP06-5.3-16, MP06-5.3-17
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GroupInfoOption {
    /// The whole group info, without the ratchet tree.
    Full(Box<GroupInfo>),
    /// What the hub cannot compute by itself.
    Partial(PartialGroupInfo),
}

impl Wire for GroupInfoOption {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => decode_without_tree(r).map(|group_info| Self::Full(Box::new(group_info))),
            2 => PartialGroupInfo::decode(r).map(Self::Partial),
            _ => Err(start.error(&GROUP_INFO_REPRESENTATION_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Full(group_info) => {
                out.push(1);
                encode_without_tree(group_info, out)
            }
            Self::Partial(partial) => {
                out.push(2);
                partial.encode(out)
            }
        }
    }
}

/// Reads a group info that must not have the ratchet tree inside.
// req: MP06-5.3-11, MP06-5.6-17
pub(crate) fn decode_without_tree(r: &mut Reader<'_>) -> Result<GroupInfo, DecodeError> {
    let start = r.clone();
    let group_info = GroupInfo::decode(r)?;
    if group_info.extensions().contains(ExtensionType::RATCHET_TREE) {
        return Err(start.error(&TREE_IN_GROUP_INFO));
    }
    Ok(group_info)
}

/// Writes a group info that must not have the ratchet tree inside.
pub(crate) fn encode_without_tree(group_info: &GroupInfo, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if group_info.extensions().contains(ExtensionType::RATCHET_TREE) {
        return Err(EncodeError::new(&TREE_IN_GROUP_INFO));
    }
    group_info.encode(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::mls::Extension;
    use crate::testing::{group_info, group_info_with_tree, laws, not_written, refused, tree};

    fn https(url: &str) -> RatchetTreeOption {
        RatchetTreeOption::HttpsUri { url: url.to_owned(), tree_signature: vec![7] }
    }

    fn partial(extensions: Vec<Extension>) -> PartialGroupInfo {
        PartialGroupInfo {
            ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
            group_info_extensions: Extensions::new(extensions).unwrap(),
            signature: vec![9],
        }
    }

    #[test]
    fn the_tree_is_given_in_one_of_four_ways() {
        // req: RT03-3-01, RT03-3-02, RT03-3-03
        let full = laws(&RatchetTreeOption::Full(tree()));
        assert_eq!((full[0], &full[1..]), (1, tree().as_bytes()));
        assert_eq!(laws(&https("https://a")), b"\x02\x09https://a\x01\x07");
        assert_eq!(laws(&RatchetTreeOption::OutOfBand { tree_signature: vec![7] }), [3, 1, 7]);
        assert_eq!(laws(&RatchetTreeOption::DistributionService), [4]);
        refused::<RatchetTreeOption>(&[0], 0, &REPRESENTATION_UNKNOWN);
        refused::<RatchetTreeOption>(&[5], 0, &REPRESENTATION_UNKNOWN);
    }

    #[test]
    fn the_url_of_a_tree_is_an_https_url() {
        // req: RT03-3-05
        laws(&https("HTTPS://a.example/tree?epoch=7"));
        for wrong in
            ["http://a.example/tree", "https://", "https:/a", "", "https://a.example/ tree", "https://é.example"]
        {
            not_written(&https(wrong), &URL_NOT_HTTPS);
        }
        refused::<RatchetTreeOption>(b"\x02\x08http://a\x01\x07", 1, &URL_NOT_HTTPS);
    }

    #[test]
    fn a_partial_group_info_has_presence_extensions_and_signature() {
        // req: RT03-4-02, RT03-4-03
        assert_eq!(laws(&partial(vec![])), [0, 0, 1, 9]);
        for (value, presence) in [
            (0, RatchetTreePresence::NoRatchetTree),
            (1, RatchetTreePresence::Present),
            (2, RatchetTreePresence::Removed),
            (3, RatchetTreePresence::Added),
        ] {
            assert_eq!(laws(&presence), [value]);
        }
        refused::<PartialGroupInfo>(&[4, 0, 1, 9], 0, &PRESENCE_UNKNOWN);
    }

    #[test]
    fn a_partial_group_info_leaves_the_tree_out() {
        // req: RT03-4-04, RT03-4-09
        let tree = Extension { extension_type: ExtensionType::RATCHET_TREE, extension_data: vec![] };
        not_written(&partial(vec![tree]), &TREE_IN_PARTIAL);
        refused::<PartialGroupInfo>(&[0, 3, 0, 2, 0, 1, 9], 1, &TREE_IN_PARTIAL);
    }

    #[test]
    fn a_group_info_is_given_whole_or_in_part() {
        // req: MP06-5.3-13, MP06-5.3-14, MP06-5.3-16, MP06-5.3-17
        let whole = group_info(8, vec![], vec![]);
        let bytes = laws(&GroupInfoOption::Full(Box::new(whole.clone())));
        assert_eq!((bytes[0], &bytes[1..]), (1, whole.as_bytes()));
        assert_eq!(laws(&GroupInfoOption::Partial(partial(vec![]))), [2, 0, 0, 1, 9]);
        refused::<GroupInfoOption>(&[0], 0, &GROUP_INFO_REPRESENTATION_UNKNOWN);
        refused::<GroupInfoOption>(&[3], 0, &GROUP_INFO_REPRESENTATION_UNKNOWN);
    }

    #[test]
    fn a_whole_group_info_leaves_the_tree_out() {
        // req: MP06-5.3-11
        let with_tree = group_info_with_tree();
        not_written(&GroupInfoOption::Full(Box::new(with_tree.clone())), &TREE_IN_GROUP_INFO);
        refused::<GroupInfoOption>(&[&[1], with_tree.as_bytes()].concat(), 1, &TREE_IN_GROUP_INFO);
    }
}
