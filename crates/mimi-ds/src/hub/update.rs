//! Accepting handshakes (section 5.3): a commit with what the newcomers need, or proposals that wait for the next commit.

use std::collections::BTreeSet;

use mimi_arch::{Domain, Uri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, KeyPackageRef, ProposalRef, Wire,
    crypto::LabelSigner,
    mls::{CommitView, ComponentId, MlsMessage, ProposalOrRef, PublicMessageView, Sender, Welcome},
    notify::FanoutEvent,
    ratchet_tree::RatchetTreeOption,
    room_metadata::{RoomMetaData, Utf8String},
    update::{GroupInfoOption, HandshakeBundle, UpdateRequest, UpdateRoomResponse},
};
use mimi_room_policy::{
    authorize::{Decision, Sent},
    capability::CapabilityType,
    policy::RoomPolicy,
};

use super::{
    Accepted, COMMITS_PER_SNAPSHOT, HubRoom, Life, Member, NotAllowed, Pending, Routes, Standing, UpdateFacts,
    UpdateRefusal,
    deed::{Deed, Door},
    meaning::{Leaf, Meaning, Outcome},
    record::{self, Handshake},
};
use crate::{
    effect::{Effect, LogEntry},
    group::{MergeError, RoomGroup, StageError},
};

/// The key packages whose routes [`HubRoom::update`] has to be given.
pub fn key_packages_named(request: &UpdateRequest) -> &[KeyPackageRef] {
    match &request.0 {
        HandshakeBundle::Commit { welcome: Some(welcome), .. } => welcome.new_members(),
        _ => &[],
    }
}

/// The parts of a commit bundle.
struct CommitBundle<'a> {
    message: &'a MlsMessage,
    public: &'a PublicMessageView,
    view: &'a CommitView,
    welcome: Option<&'a Welcome>,
    group_info: &'a GroupInfoOption,
    tree: &'a RatchetTreeOption,
    key: Option<&'a dyn LabelSigner>,
}

/// Who makes a commit.
enum Committer {
    Member(Leaf),
    Joiner(Member),
}

impl Committer {
    const fn member(&self) -> &Member {
        match self {
            Self::Member(leaf) => &leaf.member,
            Self::Joiner(member) => member,
        }
    }

    const fn user(&self) -> &UserUri {
        &self.member().user
    }
}

impl<G: RoomGroup> HubRoom<G> {
    /// Accepts the handshakes that the provider `source` sent. `routes` has to hold what the store knows of
    /// [`key_packages_named`].
    ///
    /// # Errors
    /// The refusal; the room is as before. [`UpdateRefusal::Internal`] alone can come after the change: then the room has to be dropped
    /// and restored, as after a failure of the store.
    // req: MP06-5.3-01
    // req: MP06-7.1-02
    // req: MP06-7.1-03
    // req: DS06-3-02, DS06-3-05, DS06-7-01, DS06-9.3-01
    pub fn update(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &UpdateRequest,
        routes: &Routes,
    ) -> Result<Accepted, UpdateRefusal> {
        self.update_with(now, source, request, &UpdateFacts { routes: routes.clone(), ..UpdateFacts::default() }, None)
    }

    /// The same for a hub that can propose by itself: removals that wait and that an external commit cannot carry do not stand in its way,
    /// because the hub proposes them anew for the next epoch. `key` is the one of the hub's external sender.
    ///
    /// # Errors
    /// As [`HubRoom::update`].
    pub fn update_and_propose(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &UpdateRequest,
        routes: &Routes,
        key: &dyn LabelSigner,
    ) -> Result<Accepted, UpdateRefusal> {
        let facts = UpdateFacts { routes: routes.clone(), ..UpdateFacts::default() };
        self.update_knowing(now, source, request, &facts, Some(key))
    }

    /// The same with all that an update is decided with; without a key the hub proposes nothing.
    ///
    /// # Errors
    /// As [`HubRoom::update`].
    pub fn update_knowing(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &UpdateRequest,
        facts: &UpdateFacts,
        key: Option<&dyn LabelSigner>,
    ) -> Result<Accepted, UpdateRefusal> {
        self.update_with(now, source, request, facts, key.filter(|key| self.is_hubs(*key)))
    }

    pub(super) fn update_with(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &UpdateRequest,
        facts: &UpdateFacts,
        key: Option<&dyn LabelSigner>,
    ) -> Result<Accepted, UpdateRefusal> {
        self.check_takes(&request.0)?;
        match &request.0 {
            HandshakeBundle::Proposals { first, more } => self.accept_proposals(now, source, first, more),
            HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree } => {
                let public = commit.as_public().ok_or(NotAllowed::WireFormat)?;
                let view = commit.as_commit().ok_or(NotAllowed::WireFormat)?;
                let bundle = CommitBundle {
                    message: commit,
                    public,
                    view,
                    welcome: welcome.as_ref(),
                    group_info,
                    tree: ratchet_tree,
                    key,
                };
                let mut accepted = self.accept_commit(now, source, &bundle, facts)?;
                if let Some(key) = key {
                    accepted.effects.extend(self.take_senders_out(now, key)?);
                }
                Ok(accepted)
            }
        }
    }

    // req: MP06-3.6-03, MP06-4.3-02, MP06-7.1-03, MP06-7.2-02
    fn accept_commit(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        bundle: &CommitBundle<'_>,
        facts: &UpdateFacts,
    ) -> Result<Accepted, UpdateRefusal> {
        self.check_group_and_epoch(bundle.public)?;
        let timestamp = self.next_timestamp(now);
        let committer = self.committer(bundle, source)?;
        let covered = self.covered(bundle.view, &committer, bundle.key.is_some())?;
        let deeds = self.check_committer(&committer, &covered)?;
        let outcome = self.outcome(covered.iter().map(|(_, meaning)| meaning))?;
        let joiner = match &committer {
            Committer::Joiner(member) => Some(member),
            Committer::Member(_) => None,
        };
        self.check_agreement(&outcome, joiner)?;
        self.check_new_links(timestamp, covered.iter().map(|(_, meaning)| meaning))?;
        let by_code = joiner.and_then(|joiner| self.by_code(timestamp, facts.grant.as_ref(), joiner, bundle.view));
        let door = self.way_in(committer.user(), &deeds, by_code)?;
        self.authorize_with_pending(deeds.last().map(std::slice::from_ref).unwrap_or_default(), door)?;
        self.check_reinit_alone(covered.iter().map(|(_, meaning)| meaning))?;
        self.check_senders_in(&covered, &outcome, source, joiner.is_some())?;
        let policy = self.policy_after(&outcome)?;
        self.check_style_stays(&outcome, policy.as_ref())?;
        check_welcome(bundle.welcome, &outcome, &facts.routes)?;
        let full_tree = match bundle.tree {
            RatchetTreeOption::Full(tree) => Some(tree),
            RatchetTreeOption::DistributionService => None,
            RatchetTreeOption::HttpsUri { .. } | RatchetTreeOption::OutOfBand { .. } => {
                return Err(NotAllowed::RatchetTreeOption.into());
            }
        };
        let staged = self.group.stage_commit(bundle.message, &outcome.components).map_err(|error| match error {
            StageError::Proposal(reason) => super::meaning::invalid(reason),
            other => NotAllowed::from(other).into(),
        })?;
        let group_info = self.group.group_info_after(&staged, bundle.group_info).map_err(NotAllowed::from)?;
        let carried = covered.iter().filter_map(|(reference, _)| reference.clone()).collect();
        let mut stapled = Vec::new();
        if let (Some(key), Some(_)) = (bundle.key, joiner) {
            // Before all others: the library wants context extensions ahead of components in a commit.
            let list = outcome.participants.as_ref().map_or_else(|| self.participants.data(), |change| &change.data);
            stapled.extend(self.senders_proposed_out(&group_info, list, key)?);
            stapled.extend(self.proposed_anew(&carried, &outcome, key)?);
        }

        // Everything that can fail comes before the merge, but for the snapshot: that is of the state after it.
        let sequence = self.sequence.saturating_add(1);
        let log = Handshake::Commit(bundle.message.clone(), record::partial(&group_info), stapled.clone());
        let mut effects = vec![self.log(sequence, timestamp, &log)?];
        let event = FanoutEvent::Commit { message: bundle.message.clone(), external_proposals: stapled.clone() };
        // Before the merge: a member that is removed still learns of it.
        let audience = self.audience_and(joiner);
        effects.extend(self.fan_out(timestamp, event, audience).map_err(internal)?);
        effects.extend(self.token_changes(bundle.view, committer.member(), &outcome));

        self.group.merge(staged, group_info, full_tree).map_err(|error| match error {
            MergeError::TreeDiffers => UpdateRefusal::from(NotAllowed::RatchetTree),
            MergeError::Library(reason) => UpdateRefusal::Internal(reason),
        })?;
        self.follow(&outcome, joiner.cloned());
        self.life = life_after(covered.iter().map(|(_, meaning)| meaning));
        let steps: Vec<_> = deeds.iter().map(|deed| deed.steps(door)).collect();
        let parts: Vec<_> = deeds.iter().zip(&steps).map(|(deed, steps)| deed.part(steps)).collect();
        if let Decision::Refused(refusal) = self.policy.act(&parts, policy) {
            return Err(UpdateRefusal::Internal(refusal.to_string()));
        }
        self.take_own(committer.user(), stapled, timestamp)?;
        self.sequence = sequence;
        self.accepted = timestamp;

        if let Some(welcome) = bundle.welcome {
            let tree = RatchetTreeOption::Full(self.group.tree().map_err(internal)?);
            let added: Vec<Member> = outcome.added.iter().map(|(member, _)| member.clone()).collect();
            effects.extend(self.welcome(timestamp, welcome, tree, &added).map_err(internal)?);
            for (member, reference) in &outcome.added {
                let reference = reference.clone();
                if member.domain() == self.hub() {
                    effects.push(Effect::DropKeyPackage { reference: reference.clone() });
                }
                effects.push(Effect::DropRoute { reference });
            }
        }
        self.commits_since_snapshot = self.commits_since_snapshot.saturating_add(1);
        // A commit that adds is replayed only when the snapshot after it is damaged: the library would look at the life time of its
        // key packages again, and by then they may have expired.
        if self.commits_since_snapshot >= COMMITS_PER_SNAPSHOT || !outcome.added.is_empty() || self.life != Life::Active
        {
            effects.push(self.checkpoint().map_err(internal)?);
        }
        Ok(Accepted { timestamp, frank: None, effects })
    }

    // req: MP06-5.3-22
    pub(super) fn check_group_and_epoch(&self, message: &PublicMessageView) -> Result<(), UpdateRefusal> {
        if message.group_id != self.group.group_id() {
            return Err(NotAllowed::WrongGroup.into());
        }
        let current = self.epoch();
        if message.epoch != current {
            return Err(UpdateRefusal::WrongEpoch { current });
        }
        Ok(())
    }

    pub(super) fn member_at(&self, index: u32, source: &Domain) -> Result<Leaf, NotAllowed> {
        let member = self.roster.get(index).ok_or(NotAllowed::UnknownMember(index))?;
        check_source(member, source)?;
        Ok(Leaf { index, member: member.clone() })
    }

    // req: DS06-3-03, DS06-3-04
    fn committer(&self, bundle: &CommitBundle<'_>, source: &Domain) -> Result<Committer, NotAllowed> {
        let path = bundle.view.path.as_deref().map(|path| &path.leaf_node.credential);
        match bundle.public.sender {
            Sender::Member(index) => {
                let leaf = self.member_at(index, source)?;
                if path.is_some_and(|new| Member::from_credential(new).as_ref() != Some(&leaf.member)) {
                    return Err(NotAllowed::IdentityChange(leaf.member.client));
                }
                Ok(Committer::Member(leaf))
            }
            Sender::NewMemberCommit => {
                let member = path.and_then(Member::from_credential).ok_or(NotAllowed::Credential)?;
                check_source(&member, source)?;
                Ok(Committer::Joiner(member))
            }
            Sender::External(_) => Err(NotAllowed::Sender("external sender")),
            Sender::NewMemberProposal => Err(NotAllowed::Sender("new member")),
        }
    }

    /// The proposals of a commit with what they mean: those by reference are the hub's pending ones, and all of those are there, except
    /// that a hub which `proposes` makes up for what an external commit cannot carry.
    // req: MP06-3.5-06
    // req: MP06-3.5-08
    // req: MP06-7.3-03
    // req: DS06-3-01, DS06-8-03
    fn covered(
        &self,
        commit: &CommitView,
        committer: &Committer,
        proposes: bool,
    ) -> Result<Vec<(Option<ProposalRef>, Meaning)>, UpdateRefusal> {
        let sender = match committer {
            Committer::Member(leaf) => Some(leaf),
            Committer::Joiner(_) => None,
        };
        let mut named = BTreeSet::new();
        let mut unknown = Vec::new();
        let mut covered = Vec::new();
        for proposal in &commit.proposals {
            match proposal {
                ProposalOrRef::Proposal(proposal) => {
                    covered.push((None, self.meaning(proposal, sender)?));
                }
                ProposalOrRef::Reference(reference) => {
                    match self.pending.iter().find(|pending| pending.reference == *reference) {
                        Some(pending) if named.insert(reference) => {
                            covered.push((Some(reference.clone()), pending.meaning.clone()));
                        }
                        _ => unknown.push(reference.clone()),
                    }
                }
            }
        }
        if !unknown.is_empty() {
            let reason = "the commit names proposals that the hub does not have, or names one twice".to_owned();
            return Err(UpdateRefusal::InvalidProposal { references: unknown, reason });
        }
        let missing: Vec<_> = self
            .pending
            .iter()
            .filter(|pending| !named.contains(&pending.reference))
            .filter(|pending| match committer {
                Committer::Joiner(joiner) if proposes => !self.can_propose_anew(pending, joiner),
                _ => true,
            })
            .map(|pending| pending.reference.clone())
            .collect();
        if !missing.is_empty() {
            return Err(NotAllowed::PendingProposals { missing }.into());
        }
        Ok(covered)
    }

    /// What those do whose proposals wait: the proposals of one user taken together.
    pub(super) fn deeds(&self, pending: &[&Pending]) -> Result<Vec<Deed>, UpdateRefusal> {
        let metadata = self.metadata();
        let mut users: Vec<&UserUri> = pending.iter().filter_map(|pending| pending.sender.user()).collect();
        users.sort_unstable();
        users.dedup();
        let mut deeds = Vec::new();
        // What has no meaning for the policy makes no deed.
        let acts = |pending: &&&Pending| !matches!(pending.meaning, Meaning::ExternalSenders(_));
        let mut hubs = pending.iter().filter(|pending| pending.sender.leaf().is_none()).filter(acts).peekable();
        if hubs.peek().is_some() {
            let meanings = hubs.map(|pending| &pending.meaning);
            deeds.push(Deed::of_hub(meanings, &self.participants, metadata.as_ref())?);
        }
        for user in users {
            let own = pending.iter().filter(|pending| pending.sender.user() == Some(user));
            let Some(first) = own.clone().find_map(|pending| pending.sender.leaf()) else { continue };
            let meanings = own.map(|pending| &pending.meaning);
            let sent = Sent::Proposals;
            deeds.push(Deed::of_member(first, sent, meanings, &self.participants, metadata.as_ref())?);
        }
        Ok(deeds)
    }

    /// The metadata; of a room that has none yet, its URI and nothing else, so that the first ones are changes of what they say.
    fn metadata(&self) -> Option<RoomMetaData> {
        match self.group.component(ComponentId::ROOM_METADATA) {
            Some(data) => RoomMetaData::from_bytes(data).ok(),
            None => Some(RoomMetaData::named(Uri::new(self.room.as_str()).ok()?, Utf8String::default())),
        }
    }

    /// Whether all of this together is allowed.
    // req: MP06-3.2-13
    // req: MP06-3.3-06
    // req: MP06-3.5-07
    // req: MP06-7.5-17
    pub(super) fn authorize(&self, user: &UserUri, deeds: &[Deed], door: Door) -> Result<(), UpdateRefusal> {
        // No capability is about the franking agent. Who may change the roles may also see to it that abuse can be proved.
        for namer in deeds.iter().filter_map(Deed::names_agent) {
            self.policy.holds(namer, CapabilityType::CAN_CHANGE_ROLE_DEFINITIONS).map_err(NotAllowed::from)?;
        }
        let steps: Vec<_> = deeds.iter().map(|deed| deed.steps(door)).collect();
        let parts: Vec<_> = deeds.iter().zip(&steps).map(|(deed, steps)| deed.part(steps)).collect();
        self.policy.authorize_commit(user, &parts).map_err(|denied| NotAllowed::from(denied).into())
    }

    /// The policy that a commit leads to, if it changes any of it.
    pub(super) fn policy_after(&self, outcome: &Outcome) -> Result<Option<RoomPolicy>, UpdateRefusal> {
        self.policy.after(&outcome.components, self.hub()).map_err(|fault| super::meaning::invalid(fault.to_string()))
    }

    /// The committer answers for what it commits by value, those who proposed for the rest. All of it counts together.
    // req: MP06-5.3-07
    // req: MP06-3.6-06
    fn check_committer(
        &self,
        committer: &Committer,
        covered: &[(Option<ProposalRef>, Meaning)],
    ) -> Result<Vec<Deed>, UpdateRefusal> {
        let user = committer.user();
        let standing = self.standing(user);
        match committer {
            Committer::Member(_) if !standing.commits() => return Err(NotAllowed::Leaving(user.clone()).into()),
            Committer::Joiner(_) if matches!(standing, Standing::Leaving | Standing::LeavingInactive) => {
                return Err(NotAllowed::Leaving(user.clone()).into());
            }
            Committer::Joiner(_) if standing == Standing::Barred => {
                return Err(NotAllowed::Barred(user.clone()).into());
            }
            Committer::Member(_) | Committer::Joiner(_) => {}
        }
        for (reference, meaning) in covered {
            if let (None, Committer::Joiner(joiner), Meaning::Remove { leaf, .. }) = (reference, committer, meaning)
                && leaf.member != *joiner
            {
                // RFC 9420 section 12.4.3.2: a joiner removes only its own former appearance.
                return Err(NotAllowed::DuplicateClient(leaf.member.client.clone()).into());
            }
        }
        let carried: BTreeSet<_> = covered.iter().filter_map(|(reference, _)| reference.as_ref()).collect();
        let carried = self.pending.iter().filter(|pending| carried.contains(&pending.reference));
        let mut deeds = self.deeds(&carried.collect::<Vec<_>>())?;
        let by_value = covered.iter().filter(|(reference, _)| reference.is_none()).map(|(_, meaning)| meaning);
        let metadata = self.metadata();
        deeds.push(match committer {
            Committer::Member(leaf) => {
                Deed::of_member(leaf, Sent::Commit, by_value, &self.participants, metadata.as_ref())?
            }
            Committer::Joiner(member) => {
                let deed = Deed::of_joiner(member, by_value, &self.participants, metadata.as_ref())?;
                if !deed.comes_from_outside() {
                    self.policy.may_come_in(member).map_err(NotAllowed::from)?;
                }
                deed
            }
        });
        Ok(deeds)
    }

    pub(super) fn log(
        &self,
        sequence: u64,
        accepted: AcceptedTimestamp,
        handshake: &Handshake,
    ) -> Result<Effect, UpdateRefusal> {
        let bytes = handshake.to_bytes().map_err(internal)?;
        let entry = LogEntry::Handshake(bytes);
        Ok(Effect::AppendLog { room: self.room.clone(), sequence, entry, accepted })
    }

    /// Brings the indexes after a merged commit.
    pub(super) fn follow(&mut self, outcome: &Outcome, joiner: Option<Member>) {
        let added = outcome.added.iter().map(|(member, _)| member.clone());
        self.roster.commit(&outcome.removed, added.chain(joiner));
        if let Some(change) = &outcome.participants {
            self.participants.apply(change.clone());
        }
        self.pending.clear();
    }
}

/// Where the room is after a commit: somebody has come into one that slept, and a ReInit is the end of the group.
pub(super) fn life_after<'a>(mut meanings: impl Iterator<Item = &'a Meaning>) -> Life {
    let reinit = meanings.find_map(|meaning| match meaning {
        Meaning::ReInit(reinit) => Some(reinit.clone()),
        _ => None,
    });
    reinit.map_or(Life::Active, |reinit| Life::Replaced(Box::new(reinit)))
}

fn check_source(member: &Member, source: &Domain) -> Result<(), NotAllowed> {
    if member.domain() == source {
        return Ok(());
    }
    Err(NotAllowed::ForeignClient { client: member.client.clone(), source_provider: source.clone() })
}

/// Every added client has to be reachable, and to get the Welcome.
// req: MP06-5.2-05
// req: MP06-5.2-45
// req: MP06-4.3.1-09
fn check_welcome(welcome: Option<&Welcome>, outcome: &Outcome, routes: &Routes) -> Result<(), NotAllowed> {
    for (member, reference) in &outcome.added {
        if routes.get(reference) != Some(member.domain()) {
            return Err(NotAllowed::UnknownKeyPackage(reference.clone()));
        }
    }
    let welcomed = welcome.map(Welcome::new_members).unwrap_or_default();
    let mut named: Vec<_> = welcomed.iter().collect();
    let mut added: Vec<_> = outcome.added.iter().map(|(_, reference)| reference).collect();
    named.sort_unstable();
    added.sort_unstable();
    if named != added || (welcome.is_some() && added.is_empty()) {
        return Err(NotAllowed::Welcome);
    }
    Ok(())
}

fn internal(error: impl ToString) -> UpdateRefusal {
    UpdateRefusal::Internal(error.to_string())
}

impl Accepted {
    /// The answer to an accepted update.
    // req: MP06-5.3-21
    // req: MP06-5.3-23, MP06-5.5-16
    pub fn update_response(&self) -> UpdateRoomResponse {
        UpdateRoomResponse::Success { error_description: String::new(), accepted_timestamp: self.timestamp }
    }
}
