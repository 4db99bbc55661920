//! Making join links, and taking them back (draft-ietf-mimi-room-policy-03 section 6.2).

use std::time::{SystemTime, UNIX_EPOCH};

use mimi_arch::{RoleIndex, RoomUri};
use mimi_protocol::AcceptedTimestamp;
use mimi_room_policy::join_code::CodeLink;

use super::Client;
use crate::{
    error::ClientError,
    invitation::Invitation,
    session::{Intent, NewJoinLink},
};

/// What a new join link is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinLinkOptions {
    /// The role of whoever joins by it; without one the lowest that the policy lets codes give.
    pub role: Option<RoleIndex>,
    /// Whether it is for more than one user; the policy has to allow that.
    pub multiuser: bool,
    /// For how many seconds it is valid; without them as long as the policy lets it.
    pub lifetime: Option<u32>,
}

impl Client {
    /// Makes a join link. The room keeps a digest of its code; the code itself is in what this returns, and nowhere else. Links whose
    /// time is over are removed along with it, if this user may do that.
    ///
    /// # Errors
    /// As [`Client::carry_out`]; the hub refuses it in rooms without a policy for links, and of users who may not make any.
    pub async fn create_join_link(&self, room: &RoomUri, options: JoinLinkOptions) -> Result<Invitation, ClientError> {
        let code = self.step(|session| session.make_joining_code()).await?;
        let JoinLinkOptions { role, multiuser, lifetime } = options;
        let link = NewJoinLink { code: code.clone(), role, multiuser, now: now(), lifetime };
        self.carry_out(room, Intent::AddJoinLink(link)).await?;
        Ok(Invitation { room: room.clone(), code })
    }

    /// Takes a join link back; from then on nobody comes in by it. [`crate::RoomDetails::join_links`] lists them.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn remove_join_link(&self, room: &RoomUri, link: &CodeLink) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::RemoveJoinLink { digest: *link.digest() }).await
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
