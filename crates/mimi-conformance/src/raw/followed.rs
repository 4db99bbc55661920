//! What a hub sends to a follower, octet by octet (section 5.5), for a group that exists only here: nobody can open its messages.

use sha2::{Digest, Sha256};

use super::{HPKE_KEY, Octets, SUITE_1, basic_credential, public_key, sign, vector};

/// `participant_list` among the components (section 10).
const PARTICIPANT_LIST: [u8; 2] = mimi_protocol::mls::ComponentId::PARTICIPANT_LIST.0.to_be_bytes();

/// The octets of the leaf node in a key package (RFC 9420 sections 7.2 and 10).
pub(crate) fn leaf_of_key_package(key_package: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Octets(key_package);
    octets.take(4)?;
    octets.vector()?;
    let leaf = octets.0;
    octets.vector()?;
    octets.vector()?;
    octets.take(2)?;
    octets.vector()?;
    for _ in 0..5 {
        octets.vector()?;
    }
    octets.take(1 + 16)?;
    octets.vector()?;
    octets.vector()?;
    leaf.get(..leaf.len() - octets.0.len()).map(<[u8]>::to_vec)
}

/// A leaf node of a made-up client, with a signature that holds.
pub(crate) fn leaf_node(client: &str) -> Vec<u8> {
    let capabilities = [vector(&[0, 1]), vector(&SUITE_1), vector(&[0, 6]), vector(&[0, 8, 0, 10]), vector(&[0, 1])];
    let fields = [
        vector(&HPKE_KEY),
        vector(&public_key()),
        basic_credential(client),
        capabilities.concat(),
        vec![1],
        vec![0; 8],
        vec![0xff; 8],
        vector(&[]),
    ]
    .concat();
    let signature = sign("LeafNodeTBS", &fields);
    [fields, vector(&signature)].concat()
}

/// RefHash (RFC 9420 section 5.2) with SHA-256.
fn reference(label: &str, value: &[u8]) -> Vec<u8> {
    Sha256::digest([vector(label.as_bytes()), vector(value)].concat()).to_vec()
}

/// The reference of a key package.
pub(crate) fn key_package_reference(key_package: &[u8]) -> Vec<u8> {
    reference("MLS 1.0 KeyPackage Reference", key_package)
}

/// A FanoutMessage with a Welcome for these key packages, and a tree with these leaves and blank parents.
pub(crate) fn fanout_of_welcome(timestamp: u64, references: &[Vec<u8>], leaves: &[Vec<u8>]) -> Vec<u8> {
    let secrets: Vec<u8> =
        references.iter().flat_map(|one| [vector(one), vector(&[0x6e; 32]), vector(&[0x5e; 48])].concat()).collect();
    let mut nodes = Vec::new();
    for (index, leaf) in leaves.iter().enumerate() {
        if index > 0 {
            nodes.push(0);
        }
        nodes.extend([1, 1]);
        nodes.extend(leaf);
    }
    [
        timestamp.to_be_bytes().to_vec(),
        vec![0, 1, 0, 3],
        SUITE_1.to_vec(),
        vector(&secrets),
        vector(&[0x91; 64]),
        vec![1],
        vector(&nodes),
    ]
    .concat()
}

/// A FramedContent of the member at leaf 0 (RFC 9420 section 6) with these octets of content.
fn framed(group: &str, epoch: u64, content: &[u8]) -> Vec<u8> {
    let sender = [1, 0, 0, 0, 0];
    [&vector(group.as_bytes())[..], &epoch.to_be_bytes(), &sender, &vector(&[]), content].concat()
}

/// A proposal in a PublicMessage, and the reference by which a commit names it.
pub(crate) struct Proposal {
    pub(crate) message: Vec<u8>,
    reference: Vec<u8>,
}

fn proposal(group: &str, epoch: u64, proposal: &[u8]) -> Proposal {
    let content = framed(group, epoch, &[&[2], proposal].concat());
    let signature = vector(&[0x51; 64]);
    let authenticated = [&[0, 1][..], &content, &signature].concat();
    Proposal {
        message: [&[0, 1, 0, 1][..], &content, &signature, &vector(&[0x7a; 32])].concat(),
        reference: reference("MLS 1.0 Proposal Reference", &authenticated),
    }
}

/// Removes the member at this leaf.
pub(crate) fn remove_leaf(group: &str, epoch: u64, leaf: u32) -> Proposal {
    proposal(group, epoch, &[&[0, 3][..], &leaf.to_be_bytes()].concat())
}

/// Takes the user with this index off the participant list (section 7.5).
pub(crate) fn remove_participant(group: &str, epoch: u64, index: u32) -> Proposal {
    let update = [vector(&[]), vector(&index.to_be_bytes()), vector(&[])].concat();
    proposal(group, epoch, &[&[0, 8][..], &PARTICIPANT_LIST, &[1], &vector(&update)].concat())
}

/// A FanoutMessage with these proposals.
pub(crate) fn fanout_of_proposals(timestamp: u64, first: &Proposal, more: &[&Proposal]) -> Vec<u8> {
    let more: Vec<u8> = more.iter().flat_map(|one| one.message.clone()).collect();
    [&timestamp.to_be_bytes()[..], &first.message, &vector(&more)].concat()
}

/// A FanoutMessage with a commit of these proposals and no path.
pub(crate) fn fanout_of_commit(timestamp: u64, group: &str, epoch: u64, proposals: &[&Proposal]) -> Vec<u8> {
    let named: Vec<u8> = proposals.iter().flat_map(|one| [&[2][..], &vector(&one.reference)].concat()).collect();
    let content = framed(group, epoch, &[&[3][..], &vector(&named), &[0]].concat());
    let tags = [vector(&[0x51; 64]), vector(&[0xc0; 32]), vector(&[0x7a; 32])].concat();
    [&timestamp.to_be_bytes()[..], &[0, 1, 0, 1], &content, &tags, &vector(&[])].concat()
}

/// What a FanoutMessage holds, in one word.
pub(crate) fn kind(fanout: &[u8]) -> &'static str {
    let read = || {
        let mut octets = Octets(fanout);
        octets.take(8 + 2)?;
        match octets.take(2)? {
            [0, 2] => return Some("application"),
            [0, 3] => return Some("welcome"),
            [0, 1] => {}
            _ => return None,
        }
        octets.vector()?;
        octets.take(8)?;
        if matches!(octets.u8()?, 1 | 2) {
            octets.take(4)?;
        }
        octets.vector()?;
        match octets.u8()? {
            2 => Some("proposals"),
            3 => Some("commit"),
            _ => None,
        }
    };
    read().unwrap_or("something else")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::{CipherSuite, codec::Wire, mls::KeyPackage, notify};

    use super::*;

    const GROUP: &str = "mimi://d.example/g/suite";

    #[test]
    fn what_the_hand_made_hub_sends_is_well_formed() {
        let leaves = ["mimi://d.example/d/dora/suite", "mimi://b.example/d/fay/1"].map(leaf_node);
        let welcome = fanout_of_welcome(1, &[vec![7; 32]], &leaves);
        let (remove, list) = (remove_leaf(GROUP, 4, 1), remove_participant(GROUP, 4, 1));
        let proposals = fanout_of_proposals(2, &list, &[&remove]);
        let commit = fanout_of_commit(3, GROUP, 4, &[&list, &remove]);
        let body = [&welcome[..], &proposals, &commit].concat();
        let messages = notify::decode_all(&body).unwrap();
        assert_eq!(notify::encode_all(&messages).unwrap(), body);
        assert_eq!([&welcome, &proposals, &commit].map(|one| kind(one)), ["welcome", "proposals", "commit"]);
        let notify::FanoutEvent::Proposals { message, .. } = &messages[1].event else { panic!() };
        let known = message.proposal_reference(CipherSuite(1)).unwrap();
        assert_eq!(known.as_bytes(), list.reference);
    }

    #[test]
    fn the_leaf_of_a_key_package_is_found_by_hand() {
        let leaf = leaf_node("mimi://b.example/d/fay/1");
        let bytes = [&[0, 1, 0, 1][..], &vector(&HPKE_KEY), &leaf, &vector(&[]), &vector(&[1; 64])].concat();
        assert_eq!(leaf_of_key_package(&bytes), Some(leaf));
        let reference = KeyPackage::from_bytes(&bytes).unwrap().reference().unwrap();
        assert_eq!(reference.as_bytes(), key_package_reference(&bytes));
    }
}
