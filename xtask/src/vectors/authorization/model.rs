//! Who may do what, as a table of facts out of draft-ietf-mimi-room-policy-03 section 8, and the little that it takes to apply them.
//!
//! Written from the text, apart from the crate that it is compared with. It looks for any broken rule and is slow. Where the text can be read
//! both ways it follows docs/interpretations.md, whose entries are named.

use std::collections::BTreeMap;

use super::facts::{Action, Actor, Base, Claim, Role, Room, Sent, Step};
use super::table::*;

/// A rule that refuses: its short name and section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str, pub(crate) &'static str);

/// What allows each step, or the rule that refuses.
pub(crate) type Verdict = Result<Vec<&'static str>, Broken>;

fn require(holds: bool, rule: &'static str, section: &'static str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(rule, section)) }
}

/// What the draft says to an action.
pub(crate) fn judge(room: &Room, actor: &Actor, action: &Action) -> Verdict {
    not_banned(room, actor)?;
    let exercise = |name: &'static str| exercised(room, actor, name).map(|()| vec![name]);
    match action {
        Action::Message => {
            exercised(room, actor, "canSendMessage")?;
            let is_member = matches!(actor, Actor::User { member: true, .. });
            require(is_member, "not-member", MESSAGES).map(|()| vec!["canSendMessage"])
        }
        Action::Receive => exercise("canReceiveMessage"),
        Action::ReportAbuse => exercise("canReportAbuse"),
        Action::Upload { asset } => exercise(of_asset(asset, true)),
        Action::Download { asset } => exercise(of_asset(asset, false)),
        Action::Exercise { capability } => {
            let for_hubs = ["canSendMessage", "canReceiveMessage", "canDestroyRoom"];
            let is_for_clients = section_of(capability).is_some() && !for_hubs.contains(capability);
            require(is_for_clients, "not-for-clients", MESSAGES)?;
            exercise(capability)
        }
        Action::DestroyRoom => {
            let role = standing(room, actor)?;
            let has = role.is_some_and(|role| role.has("canDestroyRoom"));
            require(has, "missing-capability", DISRUPTIVE).map(|()| vec!["canDestroyRoom"])
        }
        Action::Change { sent, steps } => change(room, actor, *sent, steps),
    }
}

/// Who is banned does nothing, whatever the banned role holds (IRP-06).
fn not_banned(room: &Room, actor: &Actor) -> Result<(), Broken> {
    let Actor::User { user, .. } = actor else { return Ok(()) };
    let banned = room.participant(user).is_some_and(|participant| participant.role == 1);
    require(!banned, "actor-banned", CHANGES)
}

/// Section 8: the role by which the actor holds capabilities: of the list, else of the first preauthorization (section 4), else zero.
fn standing<'a>(room: &'a Room, actor: &Actor) -> Result<Option<&'a Role>, Broken> {
    let (listed, claims) = match actor {
        Actor::Hub => return Err(Broken("hub-needs-role", CAPABILITIES)),
        Actor::ExternalSender { claims } => {
            let first = room.preauthorized_roles(claims).first().copied();
            let index = first.ok_or(Broken("no-preauthorized-role", PREAUTH))?;
            return defined(room, Some(index), PREAUTH).map(Some);
        }
        Actor::User { user, claims, .. } => (room.participant(user), claims),
    };
    let index = match listed {
        Some(participant) => participant.role,
        None => room.preauthorized_roles(claims).first().copied().unwrap_or_default(),
    };
    Ok(room.role(index))
}

fn of_asset(asset: &str, up: bool) -> &'static str {
    match (asset, up) {
        ("image", true) => "canUploadImage",
        ("audio", true) => "canUploadAudio",
        ("video", true) => "canUploadVideo",
        (_, true) => "canUploadAttachment",
        ("image", false) => "canDownloadImage",
        ("audio", false) => "canDownloadAudio",
        ("video", false) => "canDownloadVideo",
        (_, false) => "canDownloadAttachment",
    }
}

fn exercised(room: &Room, actor: &Actor, capability: &str) -> Result<(), Broken> {
    let section = section_of(capability).unwrap_or(CAPABILITIES);
    let Actor::User { user, .. } = actor else {
        return Err(Broken("not-participant", section));
    };
    let participant = room.participant(user).ok_or(Broken("not-participant", section))?;
    let role = defined(room, Some(participant.role), section)?;
    require(role.has(capability), "missing-capability", section)
}

/// Users with their role and clients.
type List = BTreeMap<String, (u32, u32)>;

fn change(room: &Room, actor: &Actor, sent: Sent, steps: &[Step]) -> Verdict {
    let is_member = matches!(actor, Actor::User { member: true, .. });
    let joins = steps.iter().filter(|step| joins(step)).count();
    match (actor, sent) {
        (Actor::User { .. }, Sent::Proposals) => require(is_member || !steps.is_empty(), "not-member", CAPABILITIES)?,
        (_, Sent::Proposals) => require(!steps.is_empty(), "not-member", CAPABILITIES)?,
        (Actor::User { .. }, Sent::Commit) => require(is_member, "not-member", CAPABILITIES)?,
        (Actor::User { .. }, Sent::ExternalCommit) => {
            require(!is_member, "already-member", ADDING)?;
            require(joins == 1, "one-client-joins", ADDING)?;
        }
        _ => return Err(Broken("only-clients-commit", CAPABILITIES)),
    }
    require(joins <= 1, "one-client-joins", ADDING)?;
    let steps: &[Step] = &steps.iter().map(|step| as_ban(room, actor, step)).collect::<Vec<_>>();
    let mut grounds = Vec::new();
    for step in steps {
        grounds.push(single(room, actor, step)?);
    }
    together(actor, sent, steps)?;
    after(room, actor, steps)?;
    Ok(grounds)
}

/// Section 8.1.3: a change of another user's role to 1 is a ban and one from 1 an unban, whatever it is called.
fn as_ban(room: &Room, actor: &Actor, step: &Step) -> Step {
    let own = |user: &str| matches!(actor, Actor::User { user: own, .. } if own == user);
    match step {
        Step::ChangeRole { user, role: 1 } if !own(user) => Step::Ban { user: user.clone(), clients: 0 },
        Step::ChangeRole { user, role } if room.participant(user).is_some_and(|participant| participant.role == 1) => {
            Step::Unban { user: user.clone(), role: *role }
        }
        _ => step.clone(),
    }
}

/// Whether the acting client comes into the group by it.
const fn joins(step: &Step) -> bool {
    matches!(
        step,
        Step::AddOwnClient { .. } | Step::OpenJoin { .. } | Step::JoinPreauthorized { .. } | Step::JoinByCode { .. }
    )
}

/// What is wrong with the steps of one change taken together.
fn together(actor: &Actor, sent: Sent, steps: &[Step]) -> Result<(), Broken> {
    let own = match actor {
        Actor::User { user, .. } => user.as_str(),
        _ => "",
    };
    let mut touched: Vec<&str> = Vec::new();
    let mut removals = 0;
    for step in steps {
        if let Some(user) = listed(step, own) {
            require(!touched.contains(&user), "touched-twice", LIST)?;
            touched.push(user);
            removals += usize::from(matches!(step, Step::RemoveParticipant { .. } | Step::Leave { .. }));
        }
        let leaves = matches!(step, Step::Leave { .. } | Step::RemoveOwnClients { acting: true, .. });
        require(!leaves || sent == Sent::Proposals, "committed-by-leaver", REMOVING)?;
    }
    for component in ["updateRoles", "updatePreauthorized", "updateBasePolicy"] {
        let updates = steps.iter().filter(|step| name(step) == component).count();
        // IRP-22
        require(updates <= 1, "component-twice", ROLES)?;
    }
    let roles = steps.iter().any(|step| matches!(step, Step::UpdateRoles { .. }));
    require(!roles || touched.is_empty(), "roles-with-participants", ROLES)?;
    let preauth = steps.iter().any(|step| matches!(step, Step::UpdatePreauthorized { .. }));
    require(!preauth || touched.len() == removals, "preauth-with-participants", PREAUTH)
}

/// The user whose entry of the participant list a step changes.
fn listed<'a>(step: &'a Step, own: &'a str) -> Option<&'a str> {
    match step {
        Step::AddParticipant { user, .. }
        | Step::RemoveParticipant { user, .. }
        | Step::ChangeRole { user, .. }
        | Step::Ban { user, .. }
        | Step::Unban { user, .. } => Some(user),
        Step::Leave { .. }
        | Step::ChangeOwnRole { .. }
        | Step::OpenJoin { .. }
        | Step::JoinPreauthorized { .. }
        | Step::JoinByCode { .. } => Some(own),
        _ => None,
    }
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::AddParticipant { .. } => "addParticipant",
        Step::RemoveParticipant { .. } => "removeParticipant",
        Step::Leave { .. } => "leave",
        Step::ChangeRole { .. } => "changeRole",
        Step::ChangeOwnRole { .. } => "changeOwnRole",
        Step::Ban { .. } => "ban",
        Step::Unban { .. } => "unban",
        Step::Kick { .. } => "kick",
        Step::AddOwnClient { .. } => "addOwnClient",
        Step::AddOtherOwnClients { .. } => "addOtherOwnClients",
        Step::AddClientsOf { .. } => "addClientsOf",
        Step::RemoveOwnClients { .. } => "removeOwnClients",
        Step::OpenJoin { .. } => "openJoin",
        Step::JoinPreauthorized { .. } => "joinPreauthorized",
        Step::JoinByCode { .. } => "joinByCode",
        Step::ChangeMetadata { field } => field,
        Step::UpdateRoles { .. } => "updateRoles",
        Step::UpdatePreauthorized { .. } => "updatePreauthorized",
        Step::UpdateBasePolicy { .. } => "updateBasePolicy",
        Step::UpdateComponent { .. } => "updateComponent",
        Step::ReInit => "reInit",
    }
}

/// One step, by its line of the table. Capabilities that no line has authorize nothing (section 8.7).
fn single(room: &Room, actor: &Actor, step: &Step) -> Result<&'static str, Broken> {
    if let Step::AddClientsOf { user, .. } = step
        && room.base.fixed_membership
    {
        return brought(room, actor, user);
    }
    let Some(fact) = TABLE.iter().find(|fact| fact.step == name(step)) else {
        return Err(match step {
            Step::UpdateComponent { .. } => Broken("no-capability-for-component", RESERVED),
            Step::AddClientsOf { .. } => Broken("no-capability", ADDING),
            _ => Broken("no-capability", METADATA),
        });
    };
    let own = place(room, actor, fact)?;
    let (target, old) = about(room, actor, step)?;
    let role = match fact.holder {
        Holder::Actor => own,
        Holder::Zero => room.role(0),
        Holder::ZeroOrActor => room.role(0).filter(|role| role.has(fact.capability)).or(own),
        Holder::Target => Some(defined(room, target, fact.section)?),
    };
    let mut ground = fact.capability;
    if !role.is_some_and(|role| role.has(ground) && !lacks_banned_role(room, step)) {
        ground = instead(room, role, step, fact)?;
    }
    special(room, actor, step)?;
    let (from, to) = match fact.transition {
        Transition::None => return Ok(ground),
        Transition::Enter => (0, target.unwrap_or_default()),
        Transition::Exit => (old, 0),
        Transition::Move => (old, target.unwrap_or_default()),
    };
    require(role.is_some_and(|role| role.lists(from, to)), "transition-not-listed", fact.section)?;
    Ok(ground)
}

/// Section 5: where participants are fixed, their clients can be added. By whom is not said; those that could also come by themselves (IRP-73).
fn brought(room: &Room, actor: &Actor, user: &str) -> Result<&'static str, Broken> {
    const CAPABILITY: &str = "canAddOwnClient";
    let fact = fact("addClientsOf", CAPABILITY, Holder::Target, From::Member, Transition::None, ADDING);
    place(room, actor, &fact)?;
    let role = room.participant(user).map(|participant| participant.role);
    let role = role.ok_or(Broken("target-not-participant", ADDING))?;
    let holds = role != 1 && room.role(role).is_some_and(|role| role.has(CAPABILITY));
    require(holds, "missing-capability", ADDING).map(|()| CAPABILITY)
}

/// Whether a ban or unban is not possible by the capabilities of those names, since the role is not exactly as it has to be.
fn lacks_banned_role(room: &Room, step: &Step) -> bool {
    matches!(step, Step::Ban { .. } | Step::Unban { .. }) && !room.has_banned_role()
}

/// Section 8.1.3: canChangeUserRole, with canKick where clients go, allows the same as canBan, and as canUnBan (IRP-12). It is about
/// participants, so not about who is not in the list.
fn instead(room: &Room, role: Option<&Role>, step: &Step, fact: &Fact) -> Result<&'static str, Broken> {
    let has = |name: &str| role.is_some_and(|role| role.has(name));
    let refused = if has(fact.capability) { "no-banned-role" } else { "missing-capability" };
    let (user, kicks) = match step {
        Step::Ban { user, clients } => (user, *clients > 0),
        Step::Unban { user, .. } => (user, false),
        _ => return Err(Broken(refused, fact.section)),
    };
    require(room.participant(user).is_some(), refused, fact.section)?;
    require(has("canChangeUserRole") && (has("canKick") || !kicks), refused, fact.section)?;
    Ok("canChangeUserRole")
}

/// Whether the actor stands where the step is done from; the actor's role.
fn place<'a>(room: &'a Room, actor: &Actor, fact: &Fact) -> Result<Option<&'a Role>, Broken> {
    let section = fact.section;
    let role = standing(room, actor)?;
    let Actor::User { user, member, .. } = actor else {
        require(fact.from == From::Inside, "not-participant", section)?;
        return Ok(role);
    };
    let listed = room.participant(user).is_some();
    match fact.from {
        From::Inside => {}
        From::Listed => require(listed, "not-participant", section)?,
        From::Member => {
            require(listed, "not-participant", section)?;
            require(*member, "not-member", section)?;
        }
        From::OutsideListed => {
            require(listed, "not-participant", section)?;
            require(!*member, "already-member", section)?;
        }
        From::OutsideUnlisted => {
            require(!listed, "already-participant", section)?;
            require(!*member, "already-member", section)?;
        }
    }
    Ok(role)
}

fn defined<'a>(room: &'a Room, index: Option<u32>, section: &'static str) -> Result<&'a Role, Broken> {
    index.and_then(|index| room.role(index)).ok_or(Broken("undefined-role", section))
}

/// The role that someone gets, and the one they had: of the user whom the step is about.
fn about(room: &Room, actor: &Actor, step: &Step) -> Result<(Option<u32>, u32), Broken> {
    let acts = |user: &str| matches!(actor, Actor::User { user: own, .. } if own == user);
    let other = |user: &str, section| require(!acts(user), "target-is-actor", section);
    let there = |user: &str, section| {
        room.participant(user).map(|participant| participant.role).ok_or(Broken("target-not-participant", section))
    };
    let own = match actor {
        Actor::User { user, .. } => room.participant(user).map(|participant| participant.role).unwrap_or_default(),
        _ => 0,
    };
    Ok(match step {
        Step::AddParticipant { user, role, .. } => {
            other(user, ADDING)?;
            require(room.participant(user).is_none(), "already-participant", ADDING)?;
            (Some(*role), 0)
        }
        Step::RemoveParticipant { user, .. } | Step::Kick { user, .. } => {
            other(user, REMOVING)?;
            (None, there(user, REMOVING)?)
        }
        Step::ChangeRole { user, role } | Step::Unban { user, role } => {
            other(user, CHANGES)?;
            (Some(*role), there(user, CHANGES)?)
        }
        Step::Ban { user, .. } => {
            other(user, CHANGES)?;
            // "another user": also one who is not in the list, whose role is zero.
            (Some(1), there(user, CHANGES).unwrap_or_default())
        }
        Step::OpenJoin { role } | Step::JoinPreauthorized { role } | Step::JoinByCode { role, .. } => (Some(*role), 0),
        Step::ChangeOwnRole { role } => (Some(*role), own),
        _ => (None, own),
    })
}

/// What single capabilities ask for beyond the table.
fn special(room: &Room, actor: &Actor, step: &Step) -> Result<(), Broken> {
    let claims: &[Claim] = match actor {
        Actor::User { claims, .. } | Actor::ExternalSender { claims } => claims,
        Actor::Hub => &[],
    };
    let first = || room.preauthorized_roles(claims).first().copied();
    let nonzero = |role: u32, section| {
        require(role != 0, "role-zero", section)?;
        defined(room, Some(role), section).map(|_| ())
    };
    match step {
        Step::AddParticipant { role, .. } | Step::OpenJoin { role } => nonzero(*role, ADDING),
        Step::JoinPreauthorized { role } => {
            nonzero(*role, ADDING)?;
            require(first() == Some(*role), "not-preauthorized", ADDING)
        }
        Step::JoinByCode { role, code_role } => {
            nonzero(*role, ADDING)?;
            let code = code_role.ok_or(Broken("join-code-invalid", ADDING))?;
            require(code == *role, "join-code-for-other-role", ADDING)
        }
        Step::ChangeRole { role, .. } => nonzero(*role, CHANGES),
        Step::ChangeOwnRole { role } => {
            nonzero(*role, CHANGES)?;
            let own = room.preauthorized_roles(claims).into_iter().find(|role| *role != 0);
            require(own == Some(*role), "not-preauthorized", CHANGES)
        }
        Step::Ban { .. } => defined(room, Some(1), CHANGES).map(|_| ()),
        Step::Unban { user, role } => {
            nonzero(*role, CHANGES)?;
            require(room.participant(user).is_some_and(|target| target.role == 1), "not-banned", CHANGES)
        }
        _ => Ok(()),
    }
}

/// How a step moves someone: the user, the role after (none: out of the list), clients in and out.
fn effect<'a>(step: &'a Step, own: &'a str, list: &List) -> Option<(&'a str, Option<u32>, u32, u32)> {
    let role_of = |user: &str| list.get(user).map(|(role, _)| *role);
    Some(match step {
        Step::AddParticipant { user, role, clients } => (user.as_str(), Some(*role), *clients, 0),
        Step::RemoveParticipant { user, clients } => (user.as_str(), None, 0, *clients),
        Step::Leave { clients } => (own, None, 0, *clients),
        Step::ChangeRole { user, role } | Step::Unban { user, role } => (user.as_str(), Some(*role), 0, 0),
        Step::ChangeOwnRole { role } => (own, Some(*role), 0, 0),
        Step::Ban { user, clients } => (user.as_str(), Some(1), 0, *clients),
        Step::Kick { user, clients } => (user.as_str(), role_of(user), 0, *clients),
        Step::AddOwnClient { replaces } => (own, role_of(own), 1, *replaces),
        Step::AddOtherOwnClients { clients } => (own, role_of(own), *clients, 0),
        Step::AddClientsOf { user, clients } => (user.as_str(), role_of(user), *clients, 0),
        Step::RemoveOwnClients { clients, .. } => (own, role_of(own), 0, *clients),
        Step::OpenJoin { role } | Step::JoinPreauthorized { role } | Step::JoinByCode { role, .. } => {
            (own, Some(*role), 1, 0)
        }
        _ => return None,
    })
}

/// The participants after all steps, and whether everything that has to hold then does.
fn after(room: &Room, actor: &Actor, steps: &[Step]) -> Result<(), Broken> {
    let own = match actor {
        Actor::User { user, .. } => user.as_str(),
        _ => "",
    };
    let before: List =
        room.participants.iter().map(|entry| (entry.user.clone(), (entry.role, entry.clients))).collect();
    // Clients come in and go out of all steps together; a user who is not in the list has role zero.
    let mut moved: BTreeMap<&str, (u32, u64, u64)> = BTreeMap::new();
    let mut base = room.base.clone();
    let mut roles = room.roles.clone();
    for step in steps {
        if let Some((user, role, incoming, outgoing)) = effect(step, own, &before) {
            let (old, there) = before.get(user).copied().unwrap_or_default();
            let entry = moved.entry(user).or_insert((old, u64::from(there), 0));
            if listed(step, own).is_some() {
                entry.0 = role.unwrap_or_default();
            }
            entry.1 += u64::from(incoming);
            entry.2 += u64::from(outgoing);
        }
        match step {
            Step::UpdateBasePolicy { base: new } => base = new.clone(),
            Step::UpdateRoles { roles: new } => roles.clone_from(new),
            _ => {}
        }
    }
    let mut list: BTreeMap<&str, (u32, u64)> =
        before.iter().map(|(user, (role, clients))| (user.as_str(), (*role, u64::from(*clients)))).collect();
    for (user, (role, clients, outgoing)) in &moved {
        // Only those can go who were there; who comes by the same commit stays.
        let there = before.get(*user).map_or(0, |(_, clients)| u64::from(*clients));
        require(*outgoing <= there, "more-clients-than-there", REMOVING)?;
        let left = clients - outgoing;
        // Whoever has role 1 is banned, whatever its name (IRP-05).
        require(*role > 1 || left == 0, "clients-remain", if *role == 1 { CHANGES } else { REMOVING })?;
        if *role == 0 {
            list.remove(user);
        } else {
            list.insert(user, (*role, left));
        }
    }
    let bans = steps.iter().any(|step| matches!(step, Step::Ban { .. }));
    // Section 2.1 calls a ban a removal (IRP-17).
    require(!(bans && room.base.fixed_membership), "fixed-membership", BASE)?;
    let same_users = list.len() == before.len() && list.keys().all(|user| before.contains_key(*user));
    require(same_users || !room.base.fixed_membership, "fixed-membership", BASE)?;
    rooms(room, &base, &roles, &list, steps)?;
    constraints(room, &before, &list, &moved)
}

/// The rules of the base policy, and that every role in use is defined.
fn rooms(
    room: &Room,
    base: &Base,
    roles: &[Role],
    list: &BTreeMap<&str, (u32, u64)>,
    steps: &[Step],
) -> Result<(), Broken> {
    if steps.iter().any(|step| matches!(step, Step::UpdateRoles { .. } | Step::UpdateBasePolicy { .. })) {
        let adds = roles.iter().any(|role| role.index > 1 && role.has("canAddParticipant"));
        require(!(base.fixed_membership && adds), "fixed-membership-with-adding", BASE)?;
        for (role, _) in list.values() {
            require(roles.iter().any(|defined| defined.index == *role), "role-in-use", ROLES)?;
        }
    }
    if base.parent_room.is_some() {
        for user in list.keys() {
            let known = room.parent_participants.iter().any(|parent| parent == user);
            require(known, "not-in-parent", BASE)?;
        }
        require(list.len() < room.parent_participants.len(), "not-strict-subset", BASE)?;
    }
    if !base.multi_device {
        require(list.values().all(|(_, clients)| *clients <= 1), "multi-device", BASE)?;
    }
    let clients: u64 = list.values().map(|(_, clients)| clients).sum();
    let users = list.values().filter(|(role, _)| *role != 1).count();
    require(base.max_clients.is_none_or(|most| clients <= u64::from(most)), "max-clients", BASE)?;
    require(base.max_users.is_none_or(|most| users <= most as usize), "max-users", BASE)
}

/// The four constraints of the roles that someone comes into or goes out of, on what is there after all steps.
fn constraints(
    room: &Room,
    before: &List,
    list: &BTreeMap<&str, (u32, u64)>,
    moved: &BTreeMap<&str, (u32, u64, u64)>,
) -> Result<(), Broken> {
    let count = |role: u32| list.values().filter(|(held, _)| *held == role).count() as u64;
    let active = |role: u32| list.values().filter(|(held, clients)| *held == role && *clients > 0).count() as u64;
    let most = |limit: Option<u32>, there: u64| limit.is_none_or(|limit| there <= u64::from(limit));
    for user in moved.keys() {
        let (old, had) = before.get(*user).copied().unwrap_or_default();
        let (new, has) = list.get(user).copied().unwrap_or_default();
        let (was, is) = (had > 0, has > 0);
        if let Some(role) = room.role(old).filter(|role| role.index != 0) {
            let left = old != new;
            require(
                !left || count(old) >= u64::from(role.minimum_participants),
                "minimum-participants",
                constraint_section(old, new),
            )?;
            require(
                !(was && (left || !is)) || active(old) >= u64::from(role.minimum_active_participants),
                "minimum-active-participants",
                constraint_section(old, new),
            )?;
        }
        if let Some(role) = room.role(new).filter(|role| role.index != 0) {
            let came = old != new;
            require(
                !came || most(role.maximum_participants, count(new)),
                "maximum-participants",
                constraint_section(old, new),
            )?;
            require(
                !(is && (came || !was)) || most(role.maximum_active_participants, active(new)),
                "maximum-active-participants",
                constraint_section(old, new),
            )?;
        }
    }
    Ok(())
}

/// Where the constraint stands that a move from one role to another has to respect.
const fn constraint_section(old: u32, new: u32) -> &'static str {
    match (old, new) {
        (0, _) => ADDING,
        (_, 0) => REMOVING,
        _ if old != new => CHANGES,
        _ => ROLES,
    }
}
