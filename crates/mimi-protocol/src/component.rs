//! Components: pieces of application state that an MLS group agrees on (draft-ietf-mls-extensions sections 4.6 and 4.7).
//!
//! A [`Component`] says what its data and its updates are and what updates make of the data. [`resolve`] computes what all AppDataUpdate
//! proposals of one commit make of the dictionary in the group context; it knows nothing of any component but what [`Known`] tells it.
//!
//! AppDataUpdate proposals take effect after the default proposals of RFC 9420 and after AppEphemeral proposals. They are taken together
//! by component, those of one component in the order of the commit; the order among components has no effect.

use std::collections::BTreeMap;
use std::fmt;

use crate::codec::{DecodeError, EncodeError, Wire};
use crate::mls::{
    AppDataDictionary, AppDataOperation, AppDataUpdate, ComponentData, ComponentId, Extension, ExtensionType,
    Extensions, RequiredCapabilities,
};

pub use mimi_arch::component::{Component, Refusal};

/// A component that an application knows, for [`resolve`] (draft-ietf-mls-extensions section 4.7).
#[derive(Clone, Copy)]
pub struct Known {
    id: ComponentId,
    apply: Apply,
}

type Apply = fn(Option<&[u8]>, &[&[u8]]) -> Result<Vec<u8>, Cause>;

impl Known {
    /// The component `C`.
    pub const fn of<C: Component>() -> Self {
        Self { id: C::ID, apply: apply_encoded::<C> }
    }

    /// Its number.
    pub const fn id(&self) -> ComponentId {
        self.id
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({:?})", self.id)
    }
}

fn apply_encoded<C: Component>(data: Option<&[u8]>, updates: &[&[u8]]) -> Result<Vec<u8>, Cause> {
    let data = data.map(C::Data::from_bytes).transpose().map_err(Cause::Data)?;
    let mut decoded = Vec::with_capacity(updates.len());
    for (index, update) in updates.iter().enumerate() {
        decoded.push(C::Update::from_bytes(update).map_err(|error| Cause::Update { index, error })?);
    }
    let after = C::apply(data.as_ref(), &decoded).map_err(|refusal| Cause::Refused(Box::new(refusal)))?;
    after.to_bytes().map_err(Cause::NotWritten)
}

/// What happens to proposals for components that the application does not know (draft-ietf-mls-extensions section 4.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnknownComponents {
    /// They are invalid: the rule of the draft for members of a group.
    Refuse,
    /// Data that only the component could change stay as they are, and [`Resolution::uninterpreted`] names them; a removal is carried
    /// out. For a reader of commits that is no member.
    Keep,
}

/// What the AppDataUpdate proposals of one commit lead to (draft-ietf-mls-extensions section 4.7).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resolution {
    /// The dictionary after the commit. Absent only if there was none and nothing was put into one.
    pub dictionary: Option<AppDataDictionary>,
    /// The components that were touched with their new data, or without any when they were removed.
    pub changes: BTreeMap<ComponentId, Option<Vec<u8>>>,
    /// Unknown components whose updates were not carried out, in order; see [`UnknownComponents::Keep`].
    pub uninterpreted: Vec<ComponentId>,
}

/// Proposals that make a commit invalid (draft-ietf-mls-extensions section 4.7).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The component is not one that the application knows.
    #[error("component {:#06x} is not known", .component_id.0)]
    UnknownComponent {
        /// The component.
        component_id: ComponentId,
    },
    /// A component without an entry in the dictionary is removed.
    #[error("component {:#06x} is removed and has no data", .component_id.0)]
    RemovesAbsent {
        /// The component.
        component_id: ComponentId,
    },
    /// A component is removed more than once.
    #[error("component {:#06x} is removed twice", .component_id.0)]
    RemovedTwice {
        /// The component.
        component_id: ComponentId,
    },
    /// A component is removed and updated.
    #[error("component {:#06x} is both removed and updated", .component_id.0)]
    RemovedAndUpdated {
        /// The component.
        component_id: ComponentId,
    },
    /// The updates of a component do not lead to new data.
    #[error("component {:#06x}: {cause}", .component_id.0)]
    Component {
        /// The component.
        component_id: ComponentId,
        /// Why not.
        cause: Cause,
    },
    /// An extension of the group context that is needed is malformed.
    #[error("the group context: {0}")]
    Context(DecodeError),
    /// A GroupContextExtensions proposal touches the dictionary in a group that requires AppDataUpdate.
    #[error("a GroupContextExtensions proposal changes the app_data_dictionary")]
    DictionaryReplaced,
    /// The dictionary would be too long.
    #[error("the app_data_dictionary has no encoding: {0}")]
    NotWritten(EncodeError),
}

impl ResolveError {
    /// Document and section of the broken rule.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Component { cause, .. } => cause.section(),
            Self::Context(error) => error.section(),
            Self::NotWritten(error) => error.section(),
            _ => "draft-ietf-mls-extensions section 4.7",
        }
    }
}

/// Why updates of one component do not lead to new data (draft-ietf-mls-extensions section 4.7).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The data in the dictionary are malformed.
    #[error("the data are malformed: {0}")]
    Data(DecodeError),
    /// An update is malformed.
    #[error("update {index} is malformed: {error}")]
    Update {
        /// Which one, counted from 0 among the component's updates in the commit.
        index: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The component does not accept the updates.
    #[error("{0}")]
    Refused(Box<dyn Refusal>),
    /// The new data have no encoding.
    #[error("the new data have no encoding: {0}")]
    NotWritten(EncodeError),
}

impl Cause {
    /// Document and section of the broken rule.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Data(error) | Self::Update { error, .. } => error.section(),
            Self::Refused(refusal) => refusal.section(),
            Self::NotWritten(error) => error.section(),
        }
    }
}

/// What the proposals for one component ask for.
enum Request<'u> {
    Remove,
    Update(Vec<&'u [u8]>),
}

/// What all AppDataUpdate proposals of one commit, in its order, make of the dictionary (draft-ietf-mls-extensions section 4.7).
///
/// A component is either removed by a single proposal or updated by one or more; data of components that no proposal names are kept,
/// known or not. Of several errors that of the component with the lowest number is told.
///
/// # Errors
/// When the proposals make the commit invalid; see [`ResolveError`].
pub fn resolve<'u>(
    dictionary: Option<&AppDataDictionary>,
    updates: impl IntoIterator<Item = &'u AppDataUpdate>,
    known: &[Known],
    unknown: UnknownComponents,
) -> Result<Resolution, ResolveError> {
    let mut resolution = Resolution::default();
    for (component_id, request) in by_component(updates)? {
        let data = dictionary.and_then(|dictionary| dictionary.find(component_id));
        let component = known.iter().find(|known| known.id == component_id);
        if component.is_none() && unknown == UnknownComponents::Refuse {
            return Err(ResolveError::UnknownComponent { component_id });
        }
        let change = match (request, component) {
            (Request::Remove, _) if data.is_none() => return Err(ResolveError::RemovesAbsent { component_id }),
            (Request::Remove, _) => None,
            (Request::Update(updates), Some(component)) => {
                let after = (component.apply)(data, &updates);
                Some(after.map_err(|cause| ResolveError::Component { component_id, cause })?)
            }
            (Request::Update(_), None) => {
                resolution.uninterpreted.push(component_id);
                continue;
            }
        };
        resolution.changes.insert(component_id, change);
    }
    resolution.dictionary = changed(dictionary, &resolution.changes)?;
    Ok(resolution)
}

fn by_component<'u>(
    updates: impl IntoIterator<Item = &'u AppDataUpdate>,
) -> Result<BTreeMap<ComponentId, Request<'u>>, ResolveError> {
    let mut operations: BTreeMap<ComponentId, Vec<&AppDataOperation>> = BTreeMap::new();
    for update in updates {
        operations.entry(update.component_id).or_default().push(&update.operation);
    }
    let mut requests = BTreeMap::new();
    for (component_id, operations) in operations {
        let count = operations.len();
        let updates: Vec<&[u8]> = operations
            .into_iter()
            .filter_map(|operation| match operation {
                AppDataOperation::Update(update) => Some(update.as_slice()),
                AppDataOperation::Remove => None,
            })
            .collect();
        let request = match (updates.len(), count) {
            (0, 1) => Request::Remove,
            (0, _) => return Err(ResolveError::RemovedTwice { component_id }),
            (updated, count) if updated < count => return Err(ResolveError::RemovedAndUpdated { component_id }),
            _ => Request::Update(updates),
        };
        requests.insert(component_id, request);
    }
    Ok(requests)
}

fn changed(
    dictionary: Option<&AppDataDictionary>,
    changes: &BTreeMap<ComponentId, Option<Vec<u8>>>,
) -> Result<Option<AppDataDictionary>, ResolveError> {
    if dictionary.is_none() && changes.is_empty() {
        return Ok(None);
    }
    let before = dictionary.map(AppDataDictionary::entries).unwrap_or_default();
    let kept = before.iter().filter(|entry| !changes.contains_key(&entry.component_id)).cloned();
    let new = changes.iter().filter_map(|(&component_id, data)| {
        let data = data.clone()?;
        Some(ComponentData { component_id, data })
    });
    AppDataDictionary::new(kept.chain(new).collect()).map(Some).map_err(ResolveError::NotWritten)
}

/// The same on the extensions of the group context, as they are after the commit's default proposals: the dictionary stays at its place,
/// and one that is new goes to the end (draft-ietf-mls-extensions section 4.7).
///
/// # Errors
/// Those of [`resolve`], and when the dictionary is malformed or becomes too long.
pub fn resolve_extensions<'u>(
    extensions: &Extensions,
    updates: impl IntoIterator<Item = &'u AppDataUpdate>,
    known: &[Known],
    unknown: UnknownComponents,
) -> Result<(Extensions, Resolution), ResolveError> {
    let before = extensions.app_data_dictionary().map_err(ResolveError::Context)?;
    let resolution = resolve(before.as_ref(), updates, known, unknown)?;
    let mut list = extensions.as_slice().to_vec();
    if let Some(dictionary) = &resolution.dictionary {
        let extension_data = dictionary.to_bytes().map_err(ResolveError::NotWritten)?;
        let extension_type = ExtensionType::APP_DATA_DICTIONARY;
        match list.iter_mut().find(|extension| extension.extension_type == extension_type) {
            Some(extension) => extension.extension_data = extension_data,
            None => list.push(Extension { extension_type, extension_data }),
        }
    }
    let list = Extensions::new(list).map_err(ResolveError::NotWritten)?;
    Ok((list, resolution))
}

/// Checks that a GroupContextExtensions proposal leaves the dictionary as it is, which it has to in a group whose required capabilities
/// name AppDataUpdate (draft-ietf-mls-extensions section 4.7).
///
/// # Errors
/// When it does not, or the group's required capabilities are malformed.
pub fn check_group_context_extensions(before: &Extensions, proposed: &Extensions) -> Result<(), ResolveError> {
    let required: Option<RequiredCapabilities> =
        before.read(ExtensionType::REQUIRED_CAPABILITIES).map_err(ResolveError::Context)?;
    let binds =
        required.is_some_and(|required| required.proposal_types.contains(&crate::mls::proposal::APP_DATA_UPDATE));
    let dictionary = ExtensionType::APP_DATA_DICTIONARY;
    if binds && before.find(dictionary) != proposed.find(dictionary) {
        return Err(ResolveError::DictionaryReplaced);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
