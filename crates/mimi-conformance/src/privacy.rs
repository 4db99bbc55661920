//! What the hub sees and others do not: SemiPrivateMessage and minimal metadata rooms.
//!
//! These checks ask no provider. Like those of the content format they ask the library that the providers and clients of this workspace use,
//! by reading `spec-vectors`; a stranger's library is asked the same questions with the same files.

use mimi_client::LibraryHpke;
use mimi_protocol::Wire;
use mimi_protocol::minimal_metadata::profile::LinkKey;
use mimi_protocol::minimal_metadata::{PseudonymousCredential, check_leaves};
use mimi_protocol::mls::{GroupContext, LeafNode};
use mimi_protocol::participant_list::ParticipantListData;
use mimi_protocol::semi_private_message::{
    AuthenticatedHandshake, ExternalReceiver, SecretTree, SemiPrivateMessage, open_as_member, open_as_receiver,
};
use mimi_protocol::values::CipherSuite;
use serde_json::Value;
use spec_vectors::{Outcome, TestCase};

use crate::check::{Check, Draft, Level};
use crate::content::{each, octets};
use crate::scenario::Verdict;

/// The checks of the groups `semiprivate` and `privacy`.
pub(crate) static CHECKS: &[&[Check]] = &[SEMI_PRIVATE, MINIMAL_METADATA];

static SEMI_PRIVATE: &[Check] = &[
    Check {
        id: "semiprivate.s3.1.wire",
        sentence: "SemiPrivateMessages are read and written back unchanged, malformed ones and application data refused.",
        explanation: "Messages with one and two receivers are decoded and encoded again; messages that are cut, carry application data or name a \
            receiver twice have to be refused. A failure means that hub and members read different messages.",
        draft: Draft::SemiPrivateMessage,
        section: "3.1",
        level: Level::Must,
        requirements: &["SP07-3.1-11", "SP07-3.1-12"],
        needs: &[],
        ask: |_| Box::pin(async { wire::<SemiPrivateMessage>(SEMI_PRIVATE_WIRE) }),
    },
    Check {
        id: "semiprivate.s3.2.open",
        sentence: "Members and external receivers open what was sealed for them and refuse everything that was changed.",
        explanation: "Messages are opened as a member, with the secrets of an epoch, and as the hub, with its HPKE key. Changed ciphertexts, keys, \
            hashes and signatures, other groups and epochs, receivers that nobody agreed on and padding that is not zero have to be refused. A \
            failure means that the hub and the members act on different handshakes.",
        draft: Draft::SemiPrivateMessage,
        section: "3.2",
        level: Level::Must,
        requirements: &["SP07-3.2-05", "SP07-3.2-06", "SP07-3.2-07", "SP07-3.3-05", "SP07-3.3-06", "SP07-3.3-07"],
        needs: &[],
        ask: |_| Box::pin(async { each("mimi-protocol/semiprivatemessage-07/semi-private-open.json", open) }),
    },
];

static MINIMAL_METADATA: &[Check] = &[
    Check {
        id: "privacy.s6.1.identity-link",
        sentence: "An identity link opens with its key only and holds only if the real credential signed the pseudonyms.",
        explanation: "Pseudonymous credentials are opened with the key of their link and verified. Changed and borrowed links, other signatures and \
            pseudonyms that are no random UUIDs have to be refused. A failure means that somebody is taken for somebody else.",
        draft: Draft::Protocol,
        section: "6.1",
        level: Level::Must,
        requirements: &["MP06-6.1-12", "MP06-6.1-13"],
        needs: &[],
        ask: |_| Box::pin(async { each("mimi-protocol/draft-06/identity-link.json", link) }),
    },
    Check {
        id: "privacy.s6.1.leaves",
        sentence: "In a minimal metadata room every leaf is pseudonymous and its user pseudonym is in the participant list.",
        explanation: "Leaves and participant lists are compared as the hub does it. Leaves with real credentials, users who are no participants and \
            credentials about other keys have to be refused. A failure means that the hub learns who is there, or that somebody reads along whom \
            nobody sees.",
        draft: Draft::Protocol,
        section: "6.1",
        level: Level::Must,
        requirements: &["MP06-6.1-02", "MP06-6.1-08", "MP06-6.1-09"],
        needs: &[],
        ask: |_| Box::pin(async { each("mimi-protocol/draft-06/minimal-metadata-leaves.json", leaves) }),
    },
];

const SEMI_PRIVATE_WIRE: &str = "mimi-protocol/semiprivatemessage-07/semi-private-message.json";

/// Whether what came out is what the vector wants. What the drafts leave open is read by our own profile here, so it has to be accepted.
fn agree<T, E: std::fmt::Display>(test: &TestCase, outcome: Result<T, E>) -> Result<Option<T>, String> {
    match (outcome, test.result) {
        (Ok(value), Outcome::Valid | Outcome::Acceptable) => Ok(Some(value)),
        (Err(_), Outcome::Invalid) => Ok(None),
        (Ok(_), Outcome::Invalid) => Err("accepted".to_owned()),
        (Err(error), _) => Err(format!("refused: {error}")),
    }
}

fn part<T: Wire>(test: &TestCase, field: &str) -> Result<T, String> {
    T::from_bytes(&octets(test, field)?).map_err(|error| format!("{field}: {error}"))
}

// req: SP07-3.1-11, SP07-3.1-12
fn wire<T: Wire>(path: &str) -> Verdict {
    each(path, |test| {
        let encoded = octets(test, "encoded")?;
        match agree(test, T::from_bytes(&encoded))? {
            Some(value) if value.to_bytes().is_ok_and(|again| again == encoded) => Ok(()),
            Some(_) => Err("written back differently".to_owned()),
            None => Ok(()),
        }
    })
}

// req: SP07-3.2-05, SP07-3.2-06, SP07-3.2-07, SP07-3.3-05, SP07-3.3-06, SP07-3.3-07
fn open(test: &TestCase) -> Result<(), String> {
    let context: GroupContext = part(test, "groupContext")?;
    let message: SemiPrivateMessage = match SemiPrivateMessage::from_bytes(&octets(test, "message")?) {
        Ok(message) => message,
        Err(error) => return agree(test, Err::<(), _>(error)).map(|_| ()),
    };
    let keys = test.fields.get("signatureKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    let key_of = |leaf: u32| keys.get(usize::try_from(leaf).ok()?)?.as_str().and_then(|key| hex::decode(key).ok());
    let opened = if test.fields.contains_key("privateKey") {
        let receiver: ExternalReceiver = part(test, "receiver")?;
        let private_key = octets(test, "privateKey")?;
        let hpke = LibraryHpke::default();
        open_as_receiver(&message, context.cipher_suite, &receiver, &private_key, &hpke)
            .and_then(|opened| opened.verify(&context, key_of))
    } else {
        let leaves = test.fields.get("leaves").and_then(Value::as_u64).and_then(|leaves| u32::try_from(leaves).ok());
        let secrets = (octets(test, "encryptionSecret")?, octets(test, "senderDataSecret")?);
        let mut secrets = SecretTree::new(context.cipher_suite, leaves.unwrap_or_default(), &secrets.0, &secrets.1)
            .map_err(|error| error.to_string())?;
        open_as_member(&message, &context, &mut secrets, key_of)
    };
    let opened: Option<AuthenticatedHandshake> = agree(test, opened)?;
    let Some(opened) = opened else { return Ok(()) };
    if opened.signature() == octets(test, "signature")? { Ok(()) } else { Err("another signature came out".to_owned()) }
}

// req: MP06-6.1-12, MP06-6.1-13
fn link(test: &TestCase) -> Result<(), String> {
    let credential: PseudonymousCredential = part(test, "credential")?;
    let key = octets(test, "linkKey")?.try_into().map_err(|_| "linkKey is not 32 octets long".to_owned())?;
    let suite = test.fields.get("cipherSuite").and_then(Value::as_u64).and_then(|suite| u16::try_from(suite).ok());
    let (Some(client), Some(user)) = (test.text("client"), test.text("user")) else {
        return Err("the vector has no client or user".to_owned());
    };
    let client = client.parse().map_err(|error| format!("client: {error}"))?;
    let user = user.parse().map_err(|error| format!("user: {error}"))?;
    let signature_key = octets(test, "clientSignatureKey")?;
    let outcome = credential
        .open_link(CipherSuite(suite.unwrap_or_default()), &LinkKey::new(key))
        .map_err(|error| error.to_string())
        .and_then(|link| link.verify(&client, &user, &signature_key).map_err(|error| error.to_string()));
    agree(test, outcome).map(|_| ())
}

// req: MP06-6.1-02, MP06-6.1-08, MP06-6.1-09
fn leaves(test: &TestCase) -> Result<(), String> {
    let participants: ParticipantListData = part(test, "participantList")?;
    let mut leaves = Vec::new();
    for leaf in test.fields.get("leaves").and_then(Value::as_array).into_iter().flatten() {
        let bytes = leaf.as_str().and_then(|leaf| hex::decode(leaf).ok()).unwrap_or_default();
        leaves.push(LeafNode::from_bytes(&bytes).map_err(|error| format!("leaves: {error}"))?);
    }
    agree(test, check_leaves((0u32..).zip(&leaves), &participants)).map(|_| ())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_checks_of_the_library_pass() {
        wire::<SemiPrivateMessage>(SEMI_PRIVATE_WIRE).unwrap();
        each("mimi-protocol/semiprivatemessage-07/semi-private-open.json", open).unwrap();
        each("mimi-protocol/draft-06/identity-link.json", link).unwrap();
        each("mimi-protocol/draft-06/minimal-metadata-leaves.json", leaves).unwrap();
    }

    #[test]
    fn an_outcome_that_is_not_the_vectors_is_a_failure() {
        // A reader that accepts everything, and one that refuses everything.
        assert!(each(SEMI_PRIVATE_WIRE, |test| agree(test, Ok::<_, String>(())).map(|_| ())).is_err());
        assert!(each(SEMI_PRIVATE_WIRE, |test| agree(test, Err::<(), _>("no")).map(|_| ())).is_err());
    }
}
