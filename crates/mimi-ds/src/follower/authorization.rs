//! Whether a hub may bring messages for a local client: by the token that came with the client's key package, or with a leaf node since
//! (draft-robert-mimi-delivery-service, section "Enqueue authorization"; ours: docs/interpretations.md, IP-153 to IP-156).

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::{ClientUri, RoomUri};
use mimi_protocol::{KeyPackageRef, enqueue_authorization::FanoutAuthToken, mls::LeafNode};

use crate::effect::Effect;

/// The tokens that a decision on a notification needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorization {
    /// Those that the hub shows; `None` where nothing has to be shown.
    pub shown: Option<Vec<FanoutAuthToken>>,
    /// Those that local clients have given for the room.
    pub expected: BTreeMap<ClientUri, FanoutAuthToken>,
    /// Those of the key packages that Welcomes among the messages name.
    pub offered: BTreeMap<KeyPackageRef, FanoutAuthToken>,
    /// Clients that got nothing because their token was not shown.
    pub(super) refused: BTreeSet<ClientUri>,
}

impl Authorization {
    /// Whether something may be brought to a client; it is noted if not.
    // req: DS06-4.6-03
    pub(super) fn may_bring(&mut self, to: &ClientUri) -> bool {
        let may = self.is_shown(self.expected.get(to));
        if !may {
            self.refused.insert(to.clone());
        }
        may
    }

    fn is_shown(&self, token: Option<&FanoutAuthToken>) -> bool {
        let Some(shown) = &self.shown else { return true };
        token.is_some_and(|token| token.is_among(shown))
    }

    /// A client is welcomed with one of its key packages, whose token counts from now on, in this room. `None` if the hub does not show it.
    pub(super) fn welcome(
        &mut self,
        room: &RoomUri,
        client: &ClientUri,
        reference: &KeyPackageRef,
    ) -> Option<Vec<Effect>> {
        let token = self.offered.get(reference).cloned();
        if !self.is_shown(token.as_ref()) {
            self.refused.insert(client.clone());
            return None;
        }
        Some(self.expect(room, client, token))
    }

    /// A client's leaf node comes with a commit, and its token, if it has one, in place of the one before.
    pub(super) fn change(&mut self, room: &RoomUri, client: &ClientUri, leaf_node: &LeafNode) -> Vec<Effect> {
        match FanoutAuthToken::of_leaf_node(leaf_node) {
            Some(token) => self.expect(room, client, Some(token)),
            None => Vec::new(),
        }
    }

    /// A client has left the room.
    pub(super) fn leave(&mut self, room: &RoomUri, client: &ClientUri) -> Vec<Effect> {
        self.expect(room, client, None)
    }

    fn expect(&mut self, room: &RoomUri, client: &ClientUri, token: Option<FanoutAuthToken>) -> Vec<Effect> {
        match &token {
            Some(token) => self.expected.insert(client.clone(), token.clone()),
            None => self.expected.remove(client),
        };
        vec![Effect::ExpectToken { room: room.clone(), client: client.clone(), token }]
    }
}
