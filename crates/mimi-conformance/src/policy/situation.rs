//! A room, an actor and an action as they stand in the authorization vectors, put to `mimi-room-policy`.
//!
//! The components are read from their octets. The plain values beside them are for those who read the vectors without a decoder; that both
//! say the same is checked here too. Also used by the tests of mimi-room-policy, and by those of xtask that compare with the model.

use mimi_arch::{RoleIndex, UserUri, codec::Wire, mls::ComponentId, mls::CredentialType};
use mimi_room_policy::{
    authorize::{
        Action, Actor, AssetKind, Authority, Decision, JoinCode, MetadataField, RoomState, Sent, Step, authorize,
    },
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType,
    preauth::{Claim, PreauthList},
    roles::RolesList,
};
use serde_json::{Map, Value};

/// What the library answers to a test.
///
/// # Errors
/// The test is not of the form that the vectors have, or says one thing in octets and another in words.
pub(crate) fn decide(test: &Map<String, Value>) -> Result<Decision, String> {
    let room = Room::read(field(test, "room")?)?;
    let actor = field(test, "actor")?;
    let user = actor.get("user").map(uri).transpose()?;
    let claims = claims(actor.get("claims"))?;
    let actor = match (text(actor, "kind")?, &user) {
        ("user", Some(user)) => Actor::User { user, claims: &claims, member: flag(actor, "member")? },
        ("externalSender", None) => Actor::ExternalSender { claims: &claims },
        ("hub", None) => Actor::Hub,
        (other, _) => return Err(format!("unknown actor {other}")),
    };
    act(&room.state, &actor, field(test, "action")?)
}

/// The names of what allows each step.
pub(crate) fn names(decision: &Decision) -> Vec<&'static str> {
    decision
        .grounds()
        .iter()
        .map(|authority| match authority {
            Authority::Capability(capability) => capability.name().unwrap_or("unknown"),
            Authority::Hub => "hub",
            Authority::Membership => "membership",
        })
        .collect()
}

struct Room {
    state: RoomState,
}

impl Room {
    fn read(room: &Value) -> Result<Self, String> {
        let roles: RolesList = octets(room, "rolesEncoded")?;
        let preauthorized: PreauthList = octets(room, "preauthorizedEncoded")?;
        let base: BaseRoomPolicy = octets(room, "baseEncoded")?;
        agree(room, &roles)?;
        let mut state = RoomState::new(&roles, preauthorized, base);
        for participant in list(room, "participants")? {
            let (role, clients) = (RoleIndex(number(participant, "role")?), number(participant, "clients")?);
            state.insert(uri(field_of(participant, "user")?)?, role, clients).map_err(|error| error.to_string())?;
        }
        let parents: Vec<UserUri> = list(room, "parentParticipants")?.iter().map(uri).collect::<Result<_, _>>()?;
        if !parents.is_empty() {
            state.set_parent_participants(parents);
        }
        Ok(Self { state })
    }
}

/// Whether the roles in words are those in octets.
fn agree(room: &Value, roles: &RolesList) -> Result<(), String> {
    let words: Vec<Value> = roles
        .roles()
        .iter()
        .map(|role| {
            let capabilities: Vec<_> = role.role_capabilities.iter().filter_map(|one| one.name()).collect();
            let changes: Vec<Value> = role
                .authorized_role_changes
                .iter()
                .map(|change| {
                    let targets: Vec<u32> = change.target_role_indexes.iter().map(|target| target.0).collect();
                    serde_json::json!([change.from_role_index.0, targets])
                })
                .collect();
            serde_json::json!({
                "index": role.role_index.0,
                "name": role.role_name,
                "capabilities": capabilities,
                "minimumParticipants": role.minimum_participants_constraint,
                "maximumParticipants": role.maximum_participants_constraint,
                "minimumActiveParticipants": role.minimum_active_participants_constraint,
                "maximumActiveParticipants": role.maximum_active_participants_constraint,
                "authorizedRoleChanges": changes,
            })
        })
        .collect();
    let same = room.get("roles").and_then(Value::as_array).is_some_and(|own| *own == words);
    if same { Ok(()) } else { Err("the octets of the roles mean something else".to_owned()) }
}

fn act(state: &RoomState, actor: &Actor<'_>, action: &Value) -> Result<Decision, String> {
    Ok(match text(action, "kind")? {
        "message" => authorize(state, actor, &Action::Message),
        "receive" => authorize(state, actor, &Action::Receive),
        "reportAbuse" => authorize(state, actor, &Action::ReportAbuse),
        "destroyRoom" => authorize(state, actor, &Action::DestroyRoom),
        "upload" => authorize(state, actor, &Action::Upload(asset(action)?)),
        "download" => authorize(state, actor, &Action::Download(asset(action)?)),
        "exercise" => {
            let name = text(action, "capability")?;
            let capability = CapabilityType::from_name(name).ok_or_else(|| format!("unknown capability {name}"))?;
            authorize(state, actor, &Action::Exercise(capability))
        }
        "change" => {
            let sent = match text(action, "sent")? {
                "proposals" => Sent::Proposals,
                "commit" => Sent::Commit,
                "externalCommit" => Sent::ExternalCommit,
                other => return Err(format!("unknown way to send {other}")),
            };
            let owned: Vec<Owned> = list(action, "steps")?.iter().map(Owned::read).collect::<Result<_, _>>()?;
            let steps: Vec<Step<'_>> = owned.iter().map(Owned::step).collect::<Result<_, _>>()?;
            authorize(state, actor, &Action::Change { sent, steps: &steps })
        }
        other => return Err(format!("unknown action {other}")),
    })
}

fn asset(action: &Value) -> Result<AssetKind, String> {
    match text(action, "asset")? {
        "image" => Ok(AssetKind::Image),
        "audio" => Ok(AssetKind::Audio),
        "video" => Ok(AssetKind::Video),
        "attachment" => Ok(AssetKind::Attachment),
        other => Err(format!("unknown asset {other}")),
    }
}

/// A step with what it refers to.
struct Owned {
    value: Value,
    user: Option<UserUri>,
    update: Update,
}

enum Update {
    None,
    Roles(RolesList),
    Preauthorized(PreauthList),
    Base(BaseRoomPolicy),
}

impl Owned {
    fn read(step: &Value) -> Result<Self, String> {
        let update = match text(step, "kind")? {
            "updateRoles" => Update::Roles(octets(step, "encoded")?),
            "updatePreauthorized" => Update::Preauthorized(octets(step, "encoded")?),
            "updateBasePolicy" => Update::Base(octets(step, "encoded")?),
            _ => Update::None,
        };
        Ok(Self { value: step.clone(), user: step.get("user").map(uri).transpose()?, update })
    }

    fn step(&self) -> Result<Step<'_>, String> {
        match &self.update {
            Update::None => {}
            Update::Roles(roles) => return Ok(Step::UpdateRoles(roles)),
            Update::Preauthorized(list) => return Ok(Step::UpdatePreauth(list)),
            Update::Base(base) => return Ok(Step::UpdateBasePolicy(base)),
        }
        let of = &self.value;
        let user = || self.user.as_ref().ok_or_else(|| "a step names no user".to_owned());
        let role = || number(of, "role").map(RoleIndex);
        let clients = || number(of, "clients");
        Ok(match text(of, "kind")? {
            "addParticipant" => Step::AddParticipant { user: user()?, role: role()?, clients: clients()? },
            "removeParticipant" => Step::RemoveParticipant { user: user()?, clients: clients()? },
            "leave" => Step::Leave { clients: clients()? },
            "changeRole" => Step::ChangeRole { user: user()?, role: role()? },
            "changeOwnRole" => Step::ChangeOwnRole { role: role()? },
            "ban" => Step::Ban { user: user()?, clients: clients()? },
            "unban" => Step::Unban { user: user()?, role: role()? },
            "kick" => Step::Kick { user: user()?, clients: clients()? },
            "addOwnClient" => Step::AddOwnClient { replaces: number(of, "replaces")? },
            "addOtherOwnClients" => Step::AddOtherOwnClients { clients: clients()? },
            "addClientsOf" => Step::AddClientsOf { user: user()?, clients: clients()? },
            "removeOwnClients" => Step::RemoveOwnClients { clients: clients()?, acting: flag(of, "acting")? },
            "openJoin" => Step::OpenJoin { role: role()? },
            "joinPreauthorized" => Step::JoinPreauthorized { role: role()? },
            "joinByCode" => {
                let code = match of.get("codeRole").and_then(Value::as_u64).and_then(|role| u32::try_from(role).ok()) {
                    Some(role) => JoinCode::Valid { role: RoleIndex(role) },
                    None => JoinCode::Invalid,
                };
                Step::JoinByCode { role: role()?, code }
            }
            "changeMetadata" => Step::ChangeMetadata(match text(of, "field")? {
                "name" => MetadataField::Name,
                "description" => MetadataField::Description,
                "avatar" => MetadataField::Avatar,
                "subject" => MetadataField::Subject,
                "mood" => MetadataField::Mood,
                "uri" => MetadataField::Uri,
                other => return Err(format!("unknown field {other}")),
            }),
            "updateComponent" => Step::UpdateComponent(ComponentId(
                u16::try_from(number(of, "component")?).map_err(|error| error.to_string())?,
            )),
            "reInit" => Step::ReInit,
            other => return Err(format!("unknown step {other}")),
        })
    }
}

fn claims(list: Option<&Value>) -> Result<Vec<Claim>, String> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|claim| {
            let kind = u16::try_from(number(claim, "credentialType")?).map_err(|error| error.to_string())?;
            Ok(Claim::new(CredentialType(kind), text(claim, "id")?, text(claim, "value")?))
        })
        .collect()
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("no field {name}"))
}

fn field_of<'a>(value: &'a Value, name: &str) -> Result<&'a Value, String> {
    value.get(name).ok_or_else(|| format!("no field {name}"))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    field_of(value, name)?.as_str().ok_or_else(|| format!("{name} is no text"))
}

fn flag(value: &Value, name: &str) -> Result<bool, String> {
    field_of(value, name)?.as_bool().ok_or_else(|| format!("{name} is neither true nor false"))
}

fn number(value: &Value, name: &str) -> Result<u32, String> {
    let number = field_of(value, name)?.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| format!("{name} is no number"))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    field_of(value, name)?.as_array().map(Vec::as_slice).ok_or_else(|| format!("{name} is no list"))
}

fn uri(value: &Value) -> Result<UserUri, String> {
    let text = value.as_str().ok_or("a user is no text")?;
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn octets<T: Wire>(value: &Value, name: &str) -> Result<T, String> {
    let octets = hex::decode(text(value, name)?).map_err(|error| format!("{name}: {error}"))?;
    T::from_bytes(&octets).map_err(|error| format!("{name}: {error}"))
}
