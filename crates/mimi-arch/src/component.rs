//! Components: pieces of application state that an MLS group agrees on (draft-ietf-mls-extensions sections 4.6 and 4.7).
//!
//! Every component of the MIMI drafts implements [`Component`]; what all updates of one commit make of a room's state is computed from it.

use crate::codec::Wire;
use crate::mls::ComponentId;

/// Why a component does not accept updates.
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// Document and section of the broken rule.
    fn section(&self) -> &'static str;
}

/// A component whose data stand in the group context (draft-ietf-mls-extensions section 4.7).
///
/// Whether someone is allowed to make an update is not asked here.
pub trait Component {
    /// Its number.
    const ID: ComponentId;
    /// What the dictionary holds for it.
    type Data: Wire;
    /// What an AppDataUpdate proposal carries for it.
    type Update: Wire;
    /// Why updates are not accepted.
    type Error: Refusal;

    /// The data after all updates of one commit, in the order of the commit. `data` is absent when the dictionary has no entry yet.
    ///
    /// # Errors
    /// When the component considers the updates invalid, which makes the commit invalid.
    fn apply(data: Option<&Self::Data>, updates: &[Self::Update]) -> Result<Self::Data, Self::Error>;
}
