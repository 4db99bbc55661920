//! What holds for any octets whatever and every type of the protocol. Used by the fuzz target and by the test that replays the corpus.

use std::fmt::Debug;

use mimi_arch::{MediaType, Uri};
use mimi_protocol::application_framing::{ApplicationFraming, MediaTypeList};
use mimi_protocol::codec::{DecodeError, TRAILING, Wire};
use mimi_protocol::consent::ConsentEntry;
use mimi_protocol::franking::{FrankAad, FrankingAgentData, FrankingIntegrityTbs};
use mimi_protocol::group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoResponseIn};
use mimi_protocol::identifier_query::{IdentifierRequest, IdentifierResponse};
use mimi_protocol::key_material::{KeyMaterialRequestIn, KeyMaterialResponse};
use mimi_protocol::minimal_metadata::profile::{LinkKeyRing, SealedRing};
use mimi_protocol::minimal_metadata::{IdentityLinkTbe, PseudonymousCredential};
use mimi_protocol::mls::{
    AppDataDictionary, AppEphemeral, Capabilities, CommitView, Credential, Extensions, ExternalSenders, GroupContext,
    GroupInfo, KeyPackage, MlsMessage, PreSharedKeyId, ProposalView, RatchetTree, RequiredCapabilities, Welcome,
};
use mimi_protocol::notify;
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListUpdate};
use mimi_protocol::report_abuse::AbuseReport;
use mimi_protocol::room_metadata::RoomMetaData;
use mimi_protocol::safe_aad::SafeAad;
use mimi_protocol::semi_private_message::{ExternalReceivers, SemiPrivateMessage};
use mimi_protocol::submit_message::{Frank, SubmitMessageRequest, SubmitMessageResponse};
use mimi_protocol::update::{PartialGroupInfo, RatchetTreeOption, UpdateRequest, UpdateRoomResponse};

use super::types::TYPES;

/// The first octet chooses the type, the others are a value of it or not. Gives the type's name, and whether they are.
///
/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) -> Option<(&'static str, bool)> {
    let (first, octets) = octets.split_first()?;
    let name = TYPES[usize::from(*first) % TYPES.len()];
    Some((name, law(name)(octets)))
}

fn law(name: &str) -> fn(&[u8]) -> bool {
    match name {
        "KeyMaterialRequest" => wire::<KeyMaterialRequestIn>,
        "KeyMaterialResponse" => wire::<KeyMaterialResponse>,
        "UpdateRequest" => wire::<UpdateRequest>,
        "UpdateRoomResponse" => wire::<UpdateRoomResponse>,
        "SubmitMessageRequest" => wire::<SubmitMessageRequest>,
        "SubmitMessageResponse" => wire::<SubmitMessageResponse>,
        "FanoutMessage" => fanout,
        "GroupInfoRequest" => wire::<GroupInfoRequestIn>,
        "GroupInfoResponse" => wire::<GroupInfoResponseIn>,
        "GroupInfoRatchetTreeTBE" => wire::<GroupInfoRatchetTreeTbe>,
        "ConsentEntry" => wire::<ConsentEntry>,
        "IdentifierRequest" => wire::<IdentifierRequest>,
        "IdentifierResponse" => wire::<IdentifierResponse>,
        "AbuseReport" => wire::<AbuseReport>,
        "ParticipantListData" => wire::<ParticipantListData>,
        "ParticipantListUpdate" => wire::<ParticipantListUpdate>,
        "RoomMetaData" => wire::<RoomMetaData>,
        "FrankingAgentData" => wire::<FrankingAgentData>,
        "FrankAAD" => wire::<FrankAad>,
        "FrankingIntegrityTBS" => wire::<FrankingIntegrityTbs>,
        "SafeAAD" => wire::<SafeAad>,
        "ApplicationFraming" => wire::<ApplicationFraming>,
        "MediaTypeList" => wire::<MediaTypeList>,
        "MediaType" => wire::<MediaType>,
        "MLSMessage" => wire::<MlsMessage>,
        "KeyPackage" => wire::<KeyPackage>,
        "Welcome" => wire::<Welcome>,
        "GroupInfo" => wire::<GroupInfo>,
        "GroupContext" => wire::<GroupContext>,
        "ratchet_tree" => wire::<RatchetTree>,
        "Credential" => wire::<Credential>,
        "Capabilities" => wire::<Capabilities>,
        "RequiredCapabilities" => wire::<RequiredCapabilities>,
        "Proposal" => wire::<ProposalView>,
        "Commit" => wire::<CommitView>,
        "AppDataDictionary" => wire::<AppDataDictionary>,
        "Extensions" => wire::<Extensions>,
        "Frank" => wire::<Frank>,
        "RatchetTreeOption" => wire::<RatchetTreeOption>,
        "PartialGroupInfo" => wire::<PartialGroupInfo>,
        "PreSharedKeyID" => wire::<PreSharedKeyId>,
        "AppEphemeral" => wire::<AppEphemeral>,
        "ExternalSenders" => wire::<ExternalSenders>,
        "Uri" => wire::<Uri>,
        "SemiPrivateMessage" => wire::<SemiPrivateMessage>,
        "external_receivers" => wire::<ExternalReceivers>,
        "PseudonymousCredential" => wire::<PseudonymousCredential>,
        "IdentityLinkTBE" => wire::<IdentityLinkTbe>,
        "SealedRing" => wire::<SealedRing>,
        "LinkKeyRing" => wire::<LinkKeyRing>,
        other => panic!("{other} has no law"),
    }
}

/// One value has one encoding, and a refusal has a reason and a place.
fn wire<T: Wire + PartialEq + Debug>(octets: &[u8]) -> bool {
    match T::from_bytes(octets) {
        Ok(value) => {
            let encoded = value.to_bytes().expect("what was read can be written");
            assert_eq!(encoded, octets, "a value has one encoding");
            assert_eq!(T::from_bytes(&encoded).as_ref(), Ok(&value));
            let error = T::from_bytes(&[octets, &[0]].concat()).expect_err("an octet more is refused");
            assert_eq!((error.offset(), error.rule()), (octets.len(), &TRAILING));
            true
        }
        Err(error) => refused(&error, octets),
    }
}

fn fanout(octets: &[u8]) -> bool {
    match notify::decode_all(octets) {
        Ok(messages) => {
            assert_eq!(notify::encode_all(&messages).as_deref(), Ok(octets), "a list of messages has one encoding");
            true
        }
        Err(error) => refused(&error, octets),
    }
}

fn refused(error: &DecodeError, octets: &[u8]) -> bool {
    assert!(error.offset() <= octets.len(), "an offset lies in the octets");
    assert!(!error.section().is_empty() && !error.rule().text().is_empty());
    false
}
