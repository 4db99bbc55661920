//! What the AppDataUpdate proposals of a commit make of the room's components (draft-ietf-mls-extensions section 4.7).

use std::sync::LazyLock;

use mimi_protocol::{
    Wire,
    component::{self, Component, Known, ResolveError, UnknownComponents},
    franking::{FrankingAgent, FrankingAgentUpdate},
    mls::{AppDataDictionary, AppDataUpdate, ComponentData, ExtensionType, ExternalSenders},
    participant_list::ParticipantList,
    room_metadata::RoomMetadata,
};
use mimi_room_policy::policy::{PerComponent, per_component};

use super::{HubRoom, NotAllowed, UpdateRefusal, meaning::invalid};
use crate::group::RoomGroup;

/// The components whose updates this hub can follow.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let own = [Known::of::<ParticipantList>(), Known::of::<FrankingAgent>(), Known::of::<RoomMetadata>()];
    own.into_iter().chain(per_component::<PolicyComponent>()).collect()
});

struct PolicyComponent;

impl PerComponent for PolicyComponent {
    type Output = Known;

    fn of<C: Component>() -> Known {
        Known::of::<C>()
    }
}

impl<G: RoomGroup> HubRoom<G> {
    /// The data of the components that these proposals, in the order of their commit, change.
    ///
    /// The dictionary is looked at only as far as the hub knows its components: the others cannot change.
    pub(super) fn resolve<'a>(
        &self,
        proposals: impl Iterator<Item = &'a AppDataUpdate>,
    ) -> Result<Vec<ComponentData>, UpdateRefusal> {
        let proposals: Vec<_> = proposals.collect();
        if proposals.is_empty() {
            return Ok(Vec::new());
        }
        let known = KNOWN.iter().filter(|known| proposals.iter().any(|update| update.component_id == known.id()));
        let present = known.filter_map(|known| {
            let data = self.group.component(known.id())?.to_vec();
            Some(ComponentData { component_id: known.id(), data })
        });
        let dictionary =
            AppDataDictionary::new(present.collect()).map_err(|error| UpdateRefusal::Internal(error.to_string()))?;
        let resolution =
            component::resolve(Some(&dictionary), proposals, &KNOWN, UnknownComponents::Refuse).map_err(|error| {
                match error {
                    ResolveError::UnknownComponent { component_id } => NotAllowed::Component(component_id.0).into(),
                    other => invalid(other.to_string()),
                }
            })?;
        let changes = resolution.changes.into_iter().map(|(component_id, data)| match data {
            Some(data) => Ok(ComponentData { component_id, data }),
            // A room keeps its components.
            None => Err(NotAllowed::Component(component_id.0).into()),
        });
        changes.collect()
    }

    /// Whether an update makes the hub itself the franking agent, which is the only one a room of this hub can have: another
    /// key is for another group (ReInit).
    // req: MP06-5.4.1-05, MP06-5.4.1-06, MP06-5.4.1-07
    pub(super) fn check_franking_agent(&self, update: &[u8]) -> Result<(), UpdateRefusal> {
        let FrankingAgentUpdate(agent) = FrankingAgentUpdate::from_bytes(update)
            .map_err(|error| invalid(format!("franking agent update: {error}")))?;
        let extensions = self.group.context_extensions().map_err(|error| UpdateRefusal::Internal(error.to_string()))?;
        let senders: Option<ExternalSenders> = extensions.read(ExtensionType::EXTERNAL_SENDERS).ok().flatten();
        let is_hub = senders
            .as_ref()
            .and_then(|senders| senders.0.first())
            .is_some_and(|hub| hub.signature_key == agent.franking_signature_key && hub.credential == agent.credential);
        if is_hub { Ok(()) } else { Err(NotAllowed::FrankingAgent.into()) }
    }
}
