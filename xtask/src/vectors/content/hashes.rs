//! Message IDs (section 3.3) and derived salts (section 9.2), computed here out of SHA-256 alone.

use anyhow::{Context, Result};
use mimi_content::{MimiContent, Salt};
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::super::builder::{Built, Case};
use super::{file, section};

/// The ID of a message, in hex. The salt is the octets 2 to 17 of every message.
pub(super) fn message_id(encoded: &[u8], sender: &str, room: &str) -> Result<String> {
    let salt = encoded.get(2..18).context("a message without a salt")?;
    let mut input = Vec::new();
    for uri in [sender, room] {
        input.extend(u16::try_from(uri.len())?.to_be_bytes());
        input.extend(uri.as_bytes());
    }
    input.extend(encoded);
    input.extend(salt);
    let digest = hex::encode(Sha256::digest(&input));
    Ok(format!("01{}", digest.get(..62).unwrap_or_default()))
}

/// The message IDs.
pub(super) fn message_ids() -> Result<Built> {
    let (alice, bob) = ("mimi://a.example/u/alice", "mimi://b.example/u/bob");
    let (tea, coffee) = ("mimi://a.example/r/tea", "mimi://a.example/r/coffee");
    let plain = MimiContent::text("Tea?", Salt::new([0x11; 16])).build();
    let named = MimiContent::text("Tea?", Salt::new([0x11; 16])).sender_uri(alice).room_uri(tea).build();
    let salted = MimiContent::text("Tea?", Salt::new([0x12; 16])).build();
    let long = MimiContent::text("x".repeat(300), Salt::new([0x13; 16])).build();
    let uri_of = |octets: usize| format!("{alice}{}", "e".repeat(octets.saturating_sub(alice.len())));
    let (of_255, of_256, of_700) = (uri_of(255), uri_of(256), uri_of(700));
    let cases: [(&str, &str, &MimiContent, &str, &str); 14] = [
        ("a message that names neither sender nor room", "Id", &plain, alice, tea),
        ("the same message in another room", "Id", &plain, alice, coffee),
        ("the same message of another sender", "Id", &plain, bob, tea),
        ("sender and room in the other order", "Id", &plain, tea, alice),
        ("the same text with another salt", "Id", &salted, alice, tea),
        ("the URIs in the extensions change the octets and so the ID", "Id", &named, alice, tea),
        ("the URIs in the extensions do not go into the ID in place of the right ones", "Id", &named, bob, tea),
        ("a message of more octets than one block of the hash", "Id", &long, alice, tea),
        ("a sender of 255 octets", "UriLength", &plain, &of_255, tea),
        ("a sender of 256 octets: the high octet of the length counts", "UriLength", &plain, &of_256, tea),
        ("a room of 700 octets", "UriLength", &plain, alice, &of_700),
        (
            "a letter moved from the room's URI to the sender's: only the lengths differ in the input",
            "UriLength",
            &plain,
            "mimi://a.example/u/alicem",
            "imi://a.example/r/tea",
        ),
        (
            "a URI with letters of several octets: the length is in octets",
            "UriLength",
            &plain,
            "mimi://a.example/u/zoë",
            tea,
        ),
        ("empty URIs", "UriLength", &plain, "", ""),
    ];
    let cases = cases
        .into_iter()
        .map(|(comment, flag, content, sender, room)| {
            let encoded = content.encode();
            Ok(Case::valid(comment, flag)
                .octets("encoded", &encoded)
                .with("senderUri", sender)
                .with("roomUri", room)
                .with("messageId", message_id(&encoded, sender, room)?))
        })
        .collect::<Result<_>>()?;
    file("message-id", "MessageId", "3.3")
        .header("messageId is 01 (SHA-256) and the first 31 octets of the SHA-256 of: senderUri and roomUri, each with its length in two octets before it, encoded, and the salt of the message.")
        .note("Id", BugType::Disagreement, section!("3.3"), "message IDs of messages, senders and rooms", Some("replies, edits and status reports point nowhere, or to another message"))
        .note("UriLength", BugType::Disagreement, section!("3.3"), "URIs of unusual length", Some("without the lengths two senders and rooms have one ID"))
        .group("MessageId", cases)
        .finish()
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let padded = |octet: u8| block.iter().map(|key| key ^ octet).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36).as_slice(), text].concat());
    Sha256::digest([padded(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}

/// The salts.
pub(super) fn salts() -> Result<Built> {
    let secret: Vec<u8> = (0..32).collect();
    let cases = [
        ("a secret of 32 octets and a nonce of 16", secret.clone(), vec![0xa5; 16]),
        ("another nonce", secret.clone(), vec![0xa6; 16]),
        ("a nonce of one octet", secret.clone(), vec![0]),
        ("an empty nonce", secret, Vec::new()),
        ("a secret of 48 octets", vec![0x48; 48], b"first message".to_vec()),
        ("a secret of 64 octets, one block of the hash", vec![0x64; 64], b"first message".to_vec()),
        ("a secret of 65 octets, which HMAC hashes first", vec![0x65; 65], b"first message".to_vec()),
        ("the key and text of RFC 4231 section 4.3", b"Jefe".to_vec(), b"what do ya want for nothing?".to_vec()),
    ]
    .into_iter()
    .map(|(comment, secret, nonce)| {
        let mac = hmac(&secret, &nonce);
        Case::valid(comment, "Salt")
            .octets("saltBaseSecret", &secret)
            .octets("nonce", &nonce)
            .octets("salt", mac.get(..16).unwrap_or_default())
    })
    .collect();
    file("salt", "Salt", "9.2")
        .header("salt is the first half of HMAC-SHA-256 with saltBaseSecret as the key and nonce as the text.")
        .note(
            "Salt",
            BugType::Basic,
            section!("9.2"),
            "salts from a secret of the MLS exporter",
            Some("the same salt twice, or one that others can guess"),
        )
        .group("Salt", cases)
        .finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn hmac_gives_the_published_results() {
        // RFC 4231 sections 4.3 and 4.7.
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex::encode(short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
