//! Minimal metadata rooms: draft-ietf-mimi-protocol-06 section 6.1. How a link is encrypted is a profile of ours, laid out here apart
//! from the crate that the vectors test.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::json;
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::hpke::{aes_128_gcm, expand_with_label};
use super::keys::{Key, octets};
use super::layout::{Part, Struct, opaque, u8, u16, vector};
use super::mls::{BOB, BOB_CLIENT, SUITE, capabilities, credential, participants};
use super::rules::{NOT_UTF8, SIGNATURE_INVALID};
use super::wire::{self, GROUP_TYPE, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 6.1";
const LABEL: &str = "PseudonymousCredentialTBS";
const CREDENTIAL_TYPE: u16 = 0xf5e1;

const PSEUDONYM_USER: Rule = Rule("pseudonym-user", SECTION);
const PSEUDONYM_CLIENT: Rule = Rule("pseudonym-client", SECTION);
const UNRELATED: Rule = Rule("pseudonym-unrelated", SECTION);
const OPEN: Rule = Rule("link-does-not-open", SECTION);
const OTHER_PROVIDER: Rule = Rule("other-provider", SECTION);
const TRUNCATED: Rule = Rule("vector-too-long", "RFC 9420 section 2.1.2");

const USER: &str = "mimi://b.example/u/0f8fad5b-d9cb-469f-a165-70867728950e";
const PHONE: &str = "mimi://b.example/d/7c9e6679-7425-40de-944b-e07fc1f90ae7";
const TABLET: &str = "mimi://b.example/d/6fa459ea-ee8a-4ca4-894e-db77e160355e";
const NAMED: &str = "mimi://b.example/d/0f8fad5b-d9cb-469f-a165-70867728950e/6fa459ea-ee8a-4ca4-894e-db77e160355e";
const OTHER_USER: &str = "mimi://c.example/u/16fd2706-8baf-433b-82eb-8c7fada847da";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![pseudonymous()?, content()?, link()?, leaves()?])
}

fn leaf_key() -> Key {
    Key::of("leaf of a minimal metadata room")
}

fn tbs(client: &str, user: &str) -> Struct {
    Struct::new()
        .add("client_pseudonym", opaque(client.as_bytes()))
        .add("user_pseudonym", opaque(user.as_bytes()))
        .add("signature_public_key", opaque(&leaf_key().public()))
}

fn tbe(signature: &[u8], identity: &str) -> Struct {
    Struct::new()
        .add("pseudonymous_credential_signature", opaque(signature))
        .add("client_credential", Part::Struct(credential(identity)))
}

fn pseudonymous() -> Result<Built> {
    let of = |comment: &str, client: &str, user: &str, link: &[u8]| {
        let decoded = json!({
            "client_pseudonym": client, "user_pseudonym": user,
            "signature_public_key": hex::encode(leaf_key().public()), "identity_link_ciphertext": hex::encode(link),
        });
        valid(comment, &tbs(client, user).add("identity_link_ciphertext", opaque(link)), decoded)
    };
    let some = octets("identity link", 150);
    let usual = tbs(PHONE, USER).add("identity_link_ciphertext", opaque(&some));
    let mut cases = vec![
        of("a client and its user", PHONE, USER, &some),
        of("a client that names its user", NAMED, USER, &some),
        of("an empty link, which opens for nobody", PHONE, USER, &[]),
    ];
    cases.extend(wire::malformed(&usual, "identity_link_ciphertext", "client_pseudonym")?);
    cases.push(replaced("a pseudonym that is not UTF-8", "Text", NOT_UTF8, &usual, "user_pseudonym", opaque(&[0xff]))?);
    // The offset is that of the text, after its length.
    let cases = cases.into_iter().map(|case| {
        if case.has_flag("Text") {
            case.our_error(NOT_UTF8.at(usual.offset("user_pseudonym").unwrap_or_default() + 1))
        } else {
            case
        }
    });
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "pseudonymous-credential", "PseudonymousCredential", "6.1")
        .header("signature_public_key, which the draft writes as opaque without a length, is an opaque<V> (interpretation IP-73). Whether pseudonyms have the form of pseudonyms is not asked here.")
        .note("Text", BugType::MissingCheck, "draft-ietf-mimi-protocol-06 section 5", "an identifier that is not UTF-8", None);
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases.collect()).finish()
}

fn content() -> Result<Built> {
    let signature = octets("some signature", 64);
    let usual = tbe(&signature, BOB_CLIENT);
    let decoded = json!({"pseudonymous_credential_signature": hex::encode(&signature), "client_credential": {"basic": BOB_CLIENT}});
    let mut cases = vec![valid("a signature and a basic credential", &usual, decoded)];
    cases.extend(wire::malformed(&usual, "client_credential/identity", "pseudonymous_credential_signature")?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "identity-link-tbe", "IdentityLinkTBE", "6.1")
        .header("What is encrypted in a pseudonymous credential.");
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases).finish()
}

/// A link and how it is made; each field is what somebody may do otherwise.
struct Link {
    client: &'static str,
    user: &'static str,
    /// What is signed and what the encryption covers in place of the pseudonyms.
    signed: Struct,
    covered: Struct,
    signer: Key,
    plaintext: fn(Vec<u8>) -> Vec<u8>,
    alter: fn(Vec<u8>) -> Vec<u8>,
    link_key: Vec<u8>,
    real_client: &'static str,
    real_user: &'static str,
}

fn link_key() -> Vec<u8> {
    octets("link key", 32)
}

impl Link {
    fn of(client: &'static str, user: &'static str) -> Self {
        Self {
            client,
            user,
            signed: tbs(client, user),
            covered: tbs(client, user),
            signer: Key::of(BOB_CLIENT),
            plaintext: |plaintext| plaintext,
            alter: |ciphertext| ciphertext,
            link_key: link_key(),
            real_client: BOB_CLIENT,
            real_user: BOB,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut link = Self::of(PHONE, USER);
        change(&mut link);
        link
    }

    fn on(&self, case: Case) -> Result<Case> {
        let nonce = octets("link nonce", 12);
        let key = expand_with_label(&link_key(), "MIMI identity link", b"", 16);
        let plaintext = tbe(&self.signer.sign(LABEL, &self.signed.octets()), BOB_CLIENT).octets();
        let sealed = aes_128_gcm(&key, &nonce, &self.covered.octets(), &(self.plaintext)(plaintext))?;
        let ciphertext = (self.alter)([nonce, sealed].concat());
        let credential = tbs(self.client, self.user).add("identity_link_ciphertext", opaque(&ciphertext));
        Ok(case
            .with("cipherSuite", SUITE)
            .octets("credential", &credential.octets())
            .octets("linkKey", &self.link_key)
            .with("client", self.real_client)
            .with("user", self.real_user)
            .octets("clientSignatureKey", &Key::of(BOB_CLIENT).public()))
    }
}

fn link() -> Result<Built> {
    let good = |comment: &str, link: &Link| link.on(Case::acceptable(comment, "Opens"));
    let bad = |comment: &str, flag: &str, rule: Rule, link: Link| link.on(Case::invalid(comment, flag, rule.nowhere()));
    let cases = vec![
        good("a client without its user's name", &Link::of(PHONE, USER))?,
        good("a client with its user's name", &Link::of(NAMED, USER))?,
        bad("another link key", "Altered", OPEN, Link::with(|l| l.link_key = octets("other link key", 32)))?,
        bad(
            "the last octet is changed",
            "Altered",
            OPEN,
            Link::with(|l| {
                l.alter = |mut ciphertext| {
                    ciphertext.iter_mut().rev().take(1).for_each(|octet| *octet ^= 1);
                    ciphertext
                };
            }),
        )?,
        bad(
            "the nonce is changed",
            "Altered",
            OPEN,
            Link::with(|l| {
                l.alter = |mut ciphertext| {
                    ciphertext.iter_mut().take(1).for_each(|octet| *octet ^= 1);
                    ciphertext
                };
            }),
        )?,
        bad(
            "the ciphertext is shorter than a nonce",
            "Altered",
            OPEN,
            Link::with(|l| l.alter = |c| c.into_iter().take(11).collect()),
        )?,
        bad("there is no ciphertext", "Altered", OPEN, Link::with(|l| l.alter = |_| Vec::new()))?,
        bad(
            "the link of another client of the user",
            "Borrowed",
            OPEN,
            Link::with(|l| {
                l.signed = tbs(TABLET, USER);
                l.covered = tbs(TABLET, USER);
            }),
        )?,
        bad(
            "the signature is about another client",
            "Borrowed",
            SIGNATURE_INVALID,
            Link::with(|l| l.signed = tbs(TABLET, USER)),
        )?,
        bad(
            "the signature is about another key",
            "Borrowed",
            SIGNATURE_INVALID,
            Link::with(|l| {
                l.signed = tbs(PHONE, USER).replace("signature_public_key", opaque(&Key::of("mallory").public()));
            }),
        )?,
        bad(
            "the leaf's key signed, not the real credential's",
            "Signature",
            SIGNATURE_INVALID,
            Link::with(|l| l.signer = leaf_key()),
        )?,
        bad(
            "the plaintext is cut",
            "Content",
            TRUNCATED,
            Link::with(|l| l.plaintext = |p| p.into_iter().rev().skip(1).rev().collect()),
        )?,
        bad(
            "something follows the plaintext",
            "Content",
            Rule("trailing", "RFC 9420 section 2.1"),
            Link::with(|l| l.plaintext = |p| [&p[..], &[0]].concat()),
        )?,
        bad("the user's pseudonym is a name", "Form", PSEUDONYM_USER, Link::of(PHONE, BOB))?,
        bad(
            "the user's pseudonym is a UUID of version 1",
            "Form",
            PSEUDONYM_USER,
            Link::of(PHONE, "mimi://b.example/u/0f8fad5b-d9cb-169f-a165-70867728950e"),
        )?,
        bad(
            "the user's pseudonym has capital letters",
            "Form",
            PSEUDONYM_USER,
            Link::of(PHONE, "mimi://b.example/u/0F8FAD5B-D9CB-469F-A165-70867728950E"),
        )?,
        bad("the client's pseudonym is a name", "Form", PSEUDONYM_CLIENT, Link::of("mimi://b.example/d/phone", USER))?,
        bad("user and client are at different providers", "Form", UNRELATED, Link::of(PHONE, OTHER_USER))?,
        bad(
            "the pseudonyms are not at the user's provider",
            "Provider",
            OTHER_PROVIDER,
            Link::with(|l| {
                l.real_client = "mimi://c.example/d/bob/ClientB1";
                l.real_user = "mimi://c.example/u/bob";
            }),
        )?,
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "identity-link", "PseudonymousCredential", "6.1")
        .header("A pseudonymous credential, the key of its link, and who the reader knows the credential in the link to be of, with its signature key. How a link is encrypted is our profile (interpretation IP-77), so nobody else has to open it.")
        .note("Opens", BugType::Basic, SECTION, "opens, and the real credential vouches for the pseudonyms", None)
        .note("Altered", BugType::AuthenticationBypass, SECTION, "the link does not open", None)
        .note("Borrowed", BugType::AuthenticationBypass, SECTION, "the link is about other pseudonyms or another key", Some("somebody else is taken for the user"))
        .note("Signature", BugType::AuthenticationBypass, SECTION, "the real credential did not sign", None)
        .note("Content", BugType::Malleability, SECTION, "what is encrypted is malformed", None)
        .note("Form", BugType::MissingCheck, SECTION, "a pseudonym is not a random UUID at the user's provider (interpretation IP-75)", Some("the pseudonym tells who it is"))
        .note("Provider", BugType::MissingCheck, SECTION, "the pseudonyms are at another provider than the user", Some("a message goes to a provider that does not know the user"))
        .group("IdentityLink", cases)
        .finish()
}

fn leaf(credential: Struct, key: &Key) -> Struct {
    Struct::new()
        .add("encryption_key", opaque(&octets("encryption key of a pseudonymous leaf", 32)))
        .add("signature_key", opaque(&key.public()))
        .add("credential", Part::Struct(credential))
        .add("capabilities", Part::Struct(capabilities()))
        .add("source", u8(2))
        .add("extensions", vector([]))
        .add("signature", opaque(&octets("leaf signature", 64)))
}

fn pseudonymous_leaf(client: &str, user: &str) -> Struct {
    let content = tbs(client, user).add("identity_link_ciphertext", opaque(&octets("identity link", 150)));
    let credential =
        Struct::new().add("credential_type", u16(CREDENTIAL_TYPE)).add("content", opaque(&content.octets()));
    leaf(credential, &leaf_key())
}

fn leaves() -> Result<Built> {
    let on = |case: Case, leaves: &[Struct], users: &[&str]| {
        let leaves: Vec<String> = leaves.iter().map(|leaf| hex::encode(leaf.octets())).collect();
        let users: Vec<(&str, u32)> = users.iter().map(|user| (*user, 2)).collect();
        case.with("leaves", leaves).octets("participantList", &participants(&users).octets())
    };
    let good =
        |comment: &str, leaves: &[Struct], users: &[&str]| on(Case::acceptable(comment, "Agrees"), leaves, users);
    let bad = |comment: &str, flag: &str, rule: &'static str, leaves: &[Struct], users: &[&str]| {
        on(Case::invalid(comment, flag, Rule(rule, SECTION).nowhere()), leaves, users)
    };
    let (phone, tablet) = (pseudonymous_leaf(PHONE, USER), pseudonymous_leaf(TABLET, USER));
    let basic = leaf(credential(BOB_CLIENT), &leaf_key());
    let cases = vec![
        good("one client", std::slice::from_ref(&phone), &[USER]),
        good(
            "two clients of one user, another user without client",
            &[phone.clone(), tablet.clone()],
            &[OTHER_USER, USER],
        ),
        bad("a leaf with a basic credential", "Credential", "not-pseudonymous", &[phone.clone(), basic], &[USER]),
        bad(
            "a participant with a name",
            "Credential",
            "participant-not-pseudonymous",
            std::slice::from_ref(&phone),
            &[USER, BOB],
        ),
        bad(
            "a user who is no participant",
            "Participants",
            "not-a-participant",
            std::slice::from_ref(&phone),
            &[OTHER_USER],
        ),
        bad("nobody is a participant", "Participants", "not-a-participant", std::slice::from_ref(&phone), &[]),
        bad(
            "a leaf that signs with another key",
            "Key",
            "other-key",
            &[phone.clone().replace("signature_key", opaque(&Key::of("mallory").public()))],
            &[USER],
        ),
        bad("a client twice", "Client", "client-twice", &[phone.clone(), tablet, phone], &[USER]),
        bad(
            "a client with a name",
            "Credential",
            "pseudonym-client",
            &[pseudonymous_leaf("mimi://b.example/d/phone", USER)],
            &[USER],
        ),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "minimal-metadata-leaves", "LeafNode", "6.1")
        .header("The leaves of a group and the participant list of its room, as the hub checks them. The signatures of the leaves are arbitrary octets.")
        .header("The credential has the type 0xF5E1 of the private use range and stands in an opaque<V> (interpretation IP-74). A reader with another number refuses the acceptable cases.")
        .note("Agrees", BugType::Basic, SECTION, "leaves and participant list consist of pseudonyms and agree", None)
        .note("Credential", BugType::MissingCheck, SECTION, "a leaf or participant is not a pseudonym", Some("the hub learns who is there"))
        .note("Participants", BugType::AuthenticationBypass, SECTION, "the user pseudonym of a leaf is not in the participant list", Some("somebody reads along whom nobody sees"))
        .note("Key", BugType::AuthenticationBypass, SECTION, "the credential is about another key than the leaf's", Some("a credential is copied to another leaf"))
        .note("Client", BugType::MissingCheck, SECTION, "two leaves have one client pseudonym", None)
        .group("MinimalMetadataLeaves", cases)
        .finish()
}
