//! How a room's snapshot and its log entries are written down. The formats are this crate's own and begin with a version.

use mimi_arch::UserUri;
use mimi_protocol::{
    AcceptedTimestamp, DecodeError, EncodeError, Wire,
    codec::{Reader, put_list, put_list_with, put_opaque},
    mls::{GroupInfo, MlsMessage},
    update::{GroupInfoOption, PartialGroupInfo, RatchetTreePresence},
};

use super::life::{Ending, Life};

/// A room as a snapshot holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) group: Vec<u8>,
    pub(super) group_info: GroupInfo,
    pub(super) pending: Vec<(AcceptedTimestamp, MlsMessage)>,
    pub(super) life: Life,
}

/// An accepted bundle as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    Proposals(Vec<MlsMessage>),
    /// With what the GroupInfo of the epoch that begins adds to what the commit yields, and with the hub's proposals that are stapled to
    /// it. Entries of former versions have the GroupInfo in full, which repeats the participant list.
    Commit(MlsMessage, GroupInfoOption, Vec<MlsMessage>),
    /// The room was destroyed, by these proposals.
    Ended(Ending, Vec<MlsMessage>),
    /// The room's next group: the group as a snapshot holds it, and its GroupInfo.
    Group(Vec<u8>, Box<GroupInfo>),
}

/// What of a GroupInfo does not follow from the group.
pub(super) fn partial(group_info: &GroupInfo) -> GroupInfoOption {
    GroupInfoOption::Partial(PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: group_info.extensions().clone(),
        signature: group_info.signature().to_vec(),
    })
}

impl Snapshot {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![VERSION_WITH_LIFE];
        put_life(&mut out, &self.life)?;
        put_opaque(&mut out, &self.group)?;
        self.group_info.encode(&mut out)?;
        put_list_with(&mut out, &self.pending, |(accepted, message), out| {
            accepted.encode(out)?;
            message.encode(out)
        })?;
        Ok(out)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let life = match reader.u8()? {
            // What has ended by itself is found when the proposals are read.
            VERSION => Life::Active,
            VERSION_WITH_LIFE => read_life(&mut reader)?,
            other => return Err(Damage::Version(other)),
        };
        let snapshot = Self {
            group: reader.opaque()?.to_vec(),
            group_info: GroupInfo::decode(&mut reader)?,
            pending: reader.list_with(|r| Ok((Wire::decode(r)?, Wire::decode(r)?)))?,
            life,
        };
        reader.finish()?;
        Ok(snapshot)
    }
}

const VERSION: u8 = 1;
const VERSION_WITH_LIFE: u8 = 2;
const PROPOSALS: u8 = 1;
const COMMIT_IN_FULL: u8 = 2;
const COMMIT_IN_FULL_AND_PROPOSALS: u8 = 3;
const COMMIT: u8 = 4;
const ENDED: u8 = 5;
const GROUP: u8 = 6;

const ACTIVE: u8 = 0;
const DORMANT: u8 = 1;
const REPLACED: u8 = 2;
const DESTROYED: u8 = 3;
const DESTROYED_BY_HUB: u8 = 4;
const EMPTIED: u8 = 5;

fn put_life(out: &mut Vec<u8>, life: &Life) -> Result<(), EncodeError> {
    match life {
        Life::Active => out.push(ACTIVE),
        Life::Dormant => out.push(DORMANT),
        Life::Replaced(reinit) => {
            out.push(REPLACED);
            reinit.encode(out)?;
        }
        Life::Over(Ending::ByHub) => out.push(DESTROYED_BY_HUB),
        Life::Over(Ending::Emptied) => out.push(EMPTIED),
        Life::Over(Ending::Destroyed(user)) => {
            out.push(DESTROYED);
            put_opaque(out, user.as_str().as_bytes())?;
        }
    }
    Ok(())
}

fn read_life(reader: &mut Reader<'_>) -> Result<Life, Damage> {
    Ok(match reader.u8()? {
        ACTIVE => Life::Active,
        DORMANT => Life::Dormant,
        REPLACED => Life::Replaced(Box::new(Wire::decode(reader)?)),
        DESTROYED_BY_HUB => Life::Over(Ending::ByHub),
        EMPTIED => Life::Over(Ending::Emptied),
        DESTROYED => {
            let user = UserUri::from_bytes(reader.opaque()?).map_err(|_| Damage::User)?;
            Life::Over(Ending::Destroyed(user))
        }
        other => return Err(Damage::Kind(other)),
    })
}

impl Handshake {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![VERSION];
        match self {
            Self::Proposals(messages) => {
                out.push(PROPOSALS);
                put_list(&mut out, messages)?;
            }
            Self::Commit(commit, group_info, stapled) => {
                out.push(COMMIT);
                commit.encode(&mut out)?;
                group_info.encode(&mut out)?;
                put_list(&mut out, stapled)?;
            }
            Self::Ended(ending, messages) => {
                out.push(ENDED);
                put_life(&mut out, &Life::Over(ending.clone()))?;
                put_list(&mut out, messages)?;
            }
            Self::Group(group, group_info) => {
                out.push(GROUP);
                put_opaque(&mut out, group)?;
                group_info.encode(&mut out)?;
            }
        }
        Ok(out)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = versioned(bytes)?;
        let handshake = match reader.u8()? {
            PROPOSALS => Self::Proposals(reader.list()?),
            COMMIT => Self::Commit(Wire::decode(&mut reader)?, Wire::decode(&mut reader)?, reader.list()?),
            kind @ (COMMIT_IN_FULL | COMMIT_IN_FULL_AND_PROPOSALS) => {
                let (commit, group_info) = (Wire::decode(&mut reader)?, Box::new(Wire::decode(&mut reader)?));
                let stapled = if kind == COMMIT_IN_FULL { Vec::new() } else { reader.list()? };
                Self::Commit(commit, GroupInfoOption::Full(group_info), stapled)
            }
            ENDED => match read_life(&mut reader)? {
                Life::Over(ending) => Self::Ended(ending, reader.list()?),
                _ => return Err(Damage::Kind(ENDED)),
            },
            GROUP => Self::Group(reader.opaque()?.to_vec(), Box::new(Wire::decode(&mut reader)?)),
            other => return Err(Damage::Kind(other)),
        };
        reader.finish()?;
        Ok(handshake)
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("version {0} is not known")]
    Version(u8),
    #[error("entry kind {0} is not known")]
    Kind(u8),
    #[error("a user's URI does not read")]
    User,
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

fn versioned(bytes: &[u8]) -> Result<Reader<'_>, Damage> {
    let mut reader = Reader::new(bytes);
    match reader.u8()? {
        VERSION => Ok(reader),
        other => Err(Damage::Version(other)),
    }
}
