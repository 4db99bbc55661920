//! Requests written down octet by octet.
//!
//! Nothing here comes out of the encoders of mimi-protocol, so that a mistake in those does not excuse the same mistake in
//! a provider. Section numbers are those of draft-ietf-mimi-protocol-06 unless an RFC is named.

use mimi_protocol::crypto::{Ed25519Signer, LabelSigner};

use crate::scenario::{Halt, Verdict};

pub(crate) mod followed;
mod people;

pub(crate) use people::{
    CANCEL, EMAIL, GRANT, HANDLE, NICK, OIDC_STD_CLAIM, PARTIAL_NAME, PHONE, QueryAnswer, REQUEST, REVOKE,
    WHOLE_PROFILE, consent_entry, consent_entry_with, identifier_request,
};

/// `mls10` of the Protocol registry (section 5).
const MLS10: u8 = 1;
/// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
const SUITE_1: [u8; 2] = [0, 1];
/// An X25519 public key: the base point's coordinate, little endian.
const HPKE_KEY: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 9;
    key
};

/// The seed of the signature key of every made-up client.
const SEED: [u8; 32] = *b"mimi-conformance signature key 1";

/// A vector with its length in the form of RFC 9420 section 2.1.2.
pub(crate) fn vector(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = match length {
        0..=0x3f => vec![u8::try_from(length).unwrap_or_default()],
        0x40..=0x3fff => (0x4000 | u16::try_from(length).unwrap_or_default()).to_be_bytes().to_vec(),
        _ => (0x8000_0000 | u32::try_from(length).unwrap_or_default()).to_be_bytes().to_vec(),
    };
    out.extend_from_slice(content);
    out
}

/// A basic credential (RFC 9420 section 5.3).
fn basic_credential(identity: &str) -> Vec<u8> {
    [&[0, 1], vector(identity.as_bytes()).as_slice()].concat()
}

fn sign(label: &str, to_be_signed: &[u8]) -> Vec<u8> {
    Ed25519Signer::from_seed(SEED).sign_with_label(label, to_be_signed).unwrap_or_default()
}

fn public_key() -> Vec<u8> {
    Ed25519Signer::from_seed(SEED).public_key().to_vec()
}

/// A KeyMaterialRequest (section 5.2) with a signature that holds.
pub(crate) fn key_material_request(requesting_user: &str, client: &str, target_user: &str, room: &str) -> Vec<u8> {
    // RequiredCapabilities (RFC 9420 section 11.1): three lists, all empty.
    key_material_request_for(requesting_user, client, target_user, room, &[0, 0, 0])
}

/// The same with these RequiredCapabilities.
pub(crate) fn key_material_request_for(
    requesting_user: &str,
    client: &str,
    target_user: &str,
    room: &str,
    required: &[u8],
) -> Vec<u8> {
    let signed = [
        vec![MLS10],
        vector(requesting_user.as_bytes()),
        vector(target_user.as_bytes()),
        vector(room.as_bytes()),
        vector(&SUITE_1),
        required.to_vec(),
        vector(&public_key()),
        basic_credential(client),
    ]
    .concat();
    let signature = sign("KeyMaterialRequestTBS", &signed);
    [signed, vector(&signature)].concat()
}

/// A GroupInfoRequest (section 5.6) without a joining code, with a signature that holds.
pub(crate) fn group_info_request(client: &str) -> Vec<u8> {
    let fields =
        [vec![MLS10], SUITE_1.to_vec(), vector(&public_key()), basic_credential(client), vector(&HPKE_KEY)].concat();
    // An absent joining code, or an empty one where it is read as a plain vector (IP-02): the same octet.
    let joining_code = vec![0];
    let signature = sign("GroupInfoRequestTBS", &[fields.clone(), joining_code.clone()].concat());
    [fields, joining_code, vector(&signature)].concat()
}

/// An MLSMessage with a PrivateMessage of content type application (RFC 9420 section 6.3) that nobody can open.
pub(crate) fn private_message(group: &str, epoch: u64) -> Vec<u8> {
    [
        vec![0, 1, 0, 2],
        vector(group.as_bytes()),
        epoch.to_be_bytes().to_vec(),
        vec![1],
        vector(&[]),
        vector(&[0x5e; 28]),
        vector(&[0xc1; 64]),
    ]
    .concat()
}

/// An MLSMessage with a PublicMessage of the member at leaf 0 that proposes to remove leaf 1 (RFC 9420 section 6.2), with
/// a signature and a membership tag that do not hold.
pub(crate) fn remove_proposal(group: &str, epoch: u64) -> Vec<u8> {
    [
        vec![0, 1, 0, 1],
        vector(group.as_bytes()),
        epoch.to_be_bytes().to_vec(),
        vec![1, 0, 0, 0, 0],
        vector(&[]),
        vec![2, 0, 3, 0, 0, 0, 1],
        vector(&[0x51; 64]),
        vector(&[0x7a; 32]),
    ]
    .concat()
}

/// An UpdateRequest (section 5.3) with one proposal.
pub(crate) fn update_with_proposal(proposal: &[u8]) -> Vec<u8> {
    [proposal, vector(&[]).as_slice()].concat()
}

/// A SubmitMessageRequest (section 5.4).
pub(crate) fn submit_message_request(message: &[u8], sending_user: &str) -> Vec<u8> {
    [&[MLS10], message, vector(sending_user.as_bytes()).as_slice()].concat()
}

/// A FanoutMessage (section 5.5) with an application message and no frank.
pub(crate) fn fanout_of_application(timestamp: u64, message: &[u8]) -> Vec<u8> {
    [timestamp.to_be_bytes().as_slice(), message, &[0]].concat()
}

/// An AbuseReport (section 5.9) with these messages, encoded, and no extensions.
pub(crate) fn abuse_report(reporter: &str, abuser: &str, note: &str, messages: &[u8]) -> Vec<u8> {
    [
        vector(reporter.as_bytes()),
        vector(abuser.as_bytes()),
        vec![0],
        vector(note.as_bytes()),
        vector(messages),
        vec![0],
    ]
    .concat()
}

/// One AbusiveMessage (section 5.9), taken apart.
#[derive(Clone)]
pub(crate) struct ReportedMessage {
    /// What was said.
    pub(crate) content: Vec<u8>,
    /// The hub's mark.
    pub(crate) server_frank: Vec<u8>,
    /// The number of the cipher suite.
    pub(crate) suite: u16,
    /// The hub's signature.
    pub(crate) signature: Vec<u8>,
    /// When the hub says that it accepted it.
    pub(crate) accepted: u64,
}

impl ReportedMessage {
    /// The first message of an AbuseReport.
    pub(crate) fn first_of(report: &[u8]) -> Result<Self, Halt> {
        let read = || {
            let mut octets = Octets(report);
            octets.vector()?;
            octets.vector()?;
            octets.u8()?;
            octets.vector()?;
            let mut message = Octets(octets.vector()?);
            Some(Self {
                content: message.vector()?.to_vec(),
                server_frank: message.take(32)?.to_vec(),
                suite: u16::from_be_bytes(message.take(2)?.try_into().ok()?),
                signature: message.vector()?.to_vec(),
                accepted: message.u64()?,
            })
        };
        read().ok_or_else(|| unreadable("AbuseReport with a message", report))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [
            vector(&self.content),
            self.server_frank.clone(),
            self.suite.to_be_bytes().to_vec(),
            vector(&self.signature),
            self.accepted.to_be_bytes().to_vec(),
        ]
        .concat()
    }
}

/// Shorter forms of a body: nothing at all, one octet, half, all but one octet.
pub(crate) fn truncations(body: &[u8]) -> Vec<Vec<u8>> {
    [0, 1, body.len() / 2, body.len().saturating_sub(1)]
        .into_iter()
        .map(|length| body.iter().copied().take(length).collect())
        .collect()
}

/// Reads an answer from front to back.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A vector whose length has the form of RFC 9420 section 2.1.2.
    fn vector(&mut self) -> Option<&'a [u8]> {
        let first = self.u8()?;
        let more = match first >> 6 {
            0 => 0,
            1 => 1,
            2 => 3,
            _ => return None,
        };
        let length =
            self.take(more)?.iter().fold(usize::from(first & 0x3f), |length, octet| length << 8 | usize::from(*octet));
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.vector()?).into_owned())
    }
}

fn unreadable(what: &str, body: &[u8]) -> Halt {
    Halt::failed(format!("a {what}"), format!("octets that are none: {}", hex::encode(body.get(..64).unwrap_or(body))))
}

/// What a KeyMaterialResponse (section 5.2) says.
pub(crate) struct KeyMaterialAnswer {
    /// The value of the KeyMaterialUserCode.
    pub(crate) user_status: u8,
    /// The list of clients, undecoded.
    pub(crate) clients: Vec<u8>,
}

impl KeyMaterialAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Halt> {
        let read = || {
            let mut octets = Octets(body);
            (octets.u8()? == MLS10).then_some(())?;
            let user_status = octets.u8()?;
            octets.vector()?;
            let clients = octets.vector()?.to_vec();
            octets.0.is_empty().then_some(Self { user_status, clients })
        };
        read().ok_or_else(|| unreadable("KeyMaterialResponse", body))
    }

    /// It has to have one of these user codes, and list no client.
    pub(crate) fn is_refusal(&self, codes: &[u8]) -> Verdict {
        if codes.contains(&self.user_status) && self.clients.is_empty() {
            return Ok(self.name().to_owned());
        }
        let wanted: Vec<&str> = codes.iter().map(|code| Self::code_name(*code)).collect();
        let observed = format!("{} with {} octets of clients", self.name(), self.clients.len());
        Err(Halt::failed(format!("{} without clients", wanted.join(" or ")), observed))
    }

    /// Status, and what comes after the URI, of the only client that is listed.
    pub(crate) fn only_client(&self) -> Option<(u8, &[u8])> {
        let mut octets = Octets(&self.clients);
        let status = octets.u8()?;
        octets.vector()?;
        Some((status, octets.0))
    }

    /// The name of the user code in the draft.
    pub(crate) fn name(&self) -> &'static str {
        Self::code_name(self.user_status)
    }

    fn code_name(code: u8) -> &'static str {
        match code {
            0 => "success",
            1 => "partialSuccess",
            2 => "incompatibleProtocol",
            3 => "noCompatibleMaterial",
            4 => "userUnknown",
            5 => "noConsent",
            6 => "noConsentForThisRoom",
            7 => "userDeleted",
            _ => "a code that is not in the draft",
        }
    }
}

/// What an UpdateRoomResponse (section 5.3) says.
pub(crate) struct UpdateAnswer {
    /// The value of the UpdateResponseCode.
    pub(crate) code: u8,
    pub(crate) description: String,
    /// The current epoch, with the code wrongEpoch.
    pub(crate) current_epoch: Option<u64>,
}

impl UpdateAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Halt> {
        let read = || {
            let mut octets = Octets(body);
            let code = octets.u8()?;
            let description = octets.text()?;
            let mut current_epoch = None;
            match code {
                0 => drop(octets.u64()?),
                1 => current_epoch = Some(octets.u64()?),
                2 => {}
                3 => drop(octets.vector()?),
                _ => return None,
            }
            octets.0.is_empty().then_some(Self { code, description, current_epoch })
        };
        read().ok_or_else(|| unreadable("UpdateRoomResponse", body))
    }

    fn name(&self) -> &'static str {
        match self.code {
            0 => "success",
            1 => "wrongEpoch",
            2 => "notAllowed",
            _ => "invalidProposal",
        }
    }

    /// It has to be notAllowed.
    pub(crate) fn is_not_allowed(&self) -> Verdict {
        let said = format!("{}: {}", self.name(), self.description);
        if self.code == 2 { Ok(said) } else { Err(Halt::failed("notAllowed (2)", said)) }
    }

    /// It has to be wrongEpoch with this epoch.
    pub(crate) fn is_wrong_epoch(&self, current: u64) -> Verdict {
        let said = match self.current_epoch {
            Some(epoch) => format!("{}, current epoch {epoch}", self.name()),
            None => format!("{}: {}", self.name(), self.description),
        };
        if self.current_epoch == Some(current) {
            return Ok(said);
        }
        Err(Halt::failed(format!("wrongEpoch (1), current epoch {current}"), said))
    }
}

/// What a SubmitMessageResponse (section 5.4) says.
pub(crate) struct SubmitAnswer {
    /// The value of the SubmitResponseCode.
    pub(crate) code: u8,
    /// The current epoch, with the code epochTooOld.
    pub(crate) current_epoch: Option<u64>,
}

impl SubmitAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Halt> {
        let read = || {
            let mut octets = Octets(body);
            (octets.u8()? == MLS10).then_some(())?;
            let code = octets.u8()?;
            let mut current_epoch = None;
            match code {
                0 => {
                    octets.u64()?;
                    if octets.u8()? == 1 {
                        octets.take(34)?;
                        octets.vector()?;
                    }
                }
                1 => {}
                2 => current_epoch = Some(octets.u64()?),
                _ => return None,
            }
            octets.0.is_empty().then_some(Self { code, current_epoch })
        };
        read().ok_or_else(|| unreadable("SubmitMessageResponse", body))
    }

    fn said(&self) -> String {
        match (self.code, self.current_epoch) {
            (0, _) => "accepted".to_owned(),
            (1, _) => "notAllowed".to_owned(),
            (_, epoch) => format!("epochTooOld, current epoch {}", epoch.unwrap_or_default()),
        }
    }

    /// It has to be notAllowed.
    pub(crate) fn is_not_allowed(&self) -> Verdict {
        if self.code == 1 { Ok(self.said()) } else { Err(Halt::failed("notAllowed (1)", self.said())) }
    }

    /// It has to be epochTooOld with this epoch.
    pub(crate) fn is_epoch_too_old(&self, current: u64) -> Verdict {
        if self.current_epoch == Some(current) {
            return Ok(self.said());
        }
        Err(Halt::failed(format!("epochTooOld (2), current epoch {current}"), self.said()))
    }
}

/// The code of a GroupInfoResponse (section 5.6).
pub(crate) fn group_info_code(body: &[u8]) -> Result<u8, Halt> {
    let read = || {
        let mut octets = Octets(body);
        (octets.u8()? == MLS10).then_some(())?;
        octets.vector()?;
        let code = octets.u8()?;
        // Only a success has anything after the code.
        ((1..=3).contains(&code) && (code == 1 || octets.0.is_empty())).then_some(code)
    };
    read().ok_or_else(|| unreadable("GroupInfoResponse", body))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::codec::Wire;

    use super::*;

    #[test]
    fn a_vector_length_takes_one_two_or_four_octets() {
        assert_eq!(vector(&[]), [0]);
        assert_eq!(vector(&[7; 63])[0], 63);
        assert_eq!(vector(&[7; 64])[..2], [0x40, 64]);
        assert_eq!(vector(&[7; 16383])[..2], [0x7f, 0xff]);
        assert_eq!(vector(&[7; 16384])[..4], [0x80, 0, 0x40, 0]);
    }

    #[test]
    fn truncations_are_shorter_than_the_body() {
        let shorter = truncations(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(shorter, [vec![], vec![1], vec![1, 2, 3], vec![1, 2, 3, 4, 5]]);
    }

    // The hand-made requests have to be well formed before they are spoilt, or a refusal would say nothing.

    #[test]
    fn the_hand_made_key_material_request_is_well_formed_and_signed() {
        let bytes = key_material_request(
            "mimi://d.example/u/dora",
            "mimi://d.example/d/dora/suite",
            "mimi://b.example/u/bob",
            "mimi://d.example/r/suite",
        );
        let request = mimi_protocol::key_material::KeyMaterialRequestIn::from_bytes(&bytes).unwrap();
        assert!(request.verify().is_ok());
    }

    #[test]
    fn the_hand_made_group_info_request_is_well_formed_and_signed() {
        let bytes = group_info_request("mimi://d.example/d/dora/suite");
        let request = mimi_protocol::group_info::GroupInfoRequestIn::from_bytes(&bytes).unwrap();
        assert!(request.verify().is_ok());
    }

    #[test]
    fn the_hand_made_update_is_well_formed() {
        let bytes = update_with_proposal(&remove_proposal("mimi://a.example/g/room", 1));
        assert_eq!(mimi_protocol::update::UpdateRequest::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes);
    }

    #[test]
    fn the_hand_made_submission_is_well_formed() {
        let bytes = submit_message_request(&private_message("mimi://a.example/g/room", 1), "mimi://d.example/u/dora");
        let request = mimi_protocol::submit_message::SubmitMessageRequest::from_bytes(&bytes).unwrap();
        assert_eq!(request.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn the_hand_made_fanout_is_well_formed() {
        let bytes = fanout_of_application(1, &private_message("mimi://a.example/g/room", 1));
        assert_eq!(mimi_protocol::notify::decode_all(&bytes).unwrap().len(), 1);
    }

    #[test]
    fn the_hand_made_report_is_well_formed_and_read_back() {
        let message = ReportedMessage {
            content: vec![7; 70],
            server_frank: vec![1; 32],
            suite: 1,
            signature: vec![2; 64],
            accepted: 9,
        };
        let bytes = abuse_report("", "mimi://b.example/u/bob", "n", &message.to_bytes());
        let report = mimi_protocol::report_abuse::AbuseReport::from_bytes(&bytes).unwrap();
        assert_eq!((report.to_bytes().unwrap(), report.messages.len()), (bytes.clone(), 1));
        assert_eq!(ReportedMessage::first_of(&bytes).unwrap().to_bytes(), message.to_bytes());
    }

    #[test]
    fn answers_are_read_by_hand() {
        assert!(UpdateAnswer::read(&[2, 2, b'n', b'o']).unwrap().is_not_allowed().is_ok());
        assert!(UpdateAnswer::read(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 7]).unwrap().is_wrong_epoch(7).is_ok());
        assert!(UpdateAnswer::read(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 7]).unwrap().is_wrong_epoch(6).is_err());
        assert!(UpdateAnswer::read(&[2, 0, 0]).is_err());
        assert!(UpdateAnswer::read(&[9, 0]).is_err());
        assert!(SubmitAnswer::read(&[1, 1]).unwrap().is_not_allowed().is_ok());
        assert!(SubmitAnswer::read(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]).unwrap().is_not_allowed().is_err());
        assert!(SubmitAnswer::read(&[1, 2, 0, 0, 0, 0, 0, 0, 0, 3]).unwrap().is_epoch_too_old(3).is_ok());
        assert!(SubmitAnswer::read(&[2, 1]).is_err());
        assert_eq!(KeyMaterialAnswer::read(&[1, 4, 1, b'u', 0]).unwrap().name(), "userUnknown");
        assert_eq!(group_info_code(&[1, 1, b'r', 3]).unwrap(), 3);
        assert!(group_info_code(&[1, 1, b'r', 0]).is_err());
    }
}
