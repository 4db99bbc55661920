//! The values of our tables on their way into the file and out of it, and the vault of the step that is being done.
//!
//! OpenMLS' storage makes its octets in a codec that has no instance ([`crate::mls::StateCodec`]), so the vault is known to the thread
//! for the time of a step: [`super::State`] enters it, and outside of a step nothing is sealed or opened.

use std::{cell::RefCell, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::vault::{Damaged, Vault};
use crate::error::StateError;

thread_local! {
    static CURRENT: RefCell<Option<Step>> = const { RefCell::new(None) };
}

struct Step {
    vault: Arc<Vault>,
    damaged: bool,
}

/// A step that works with a vault, until this is dropped.
pub(super) struct Entered(Option<Step>);

/// Begins a step.
pub(super) fn enter(vault: &Arc<Vault>) -> Entered {
    let step = Step { vault: Arc::clone(vault), damaged: false };
    Entered(CURRENT.with(|current| current.borrow_mut().replace(step)))
}

impl Entered {
    /// Whether a value was met in this step that does not open. What came of it is not to be trusted, whatever the library made of it.
    pub(super) fn has_met_damage(&self) -> bool {
        CURRENT.with(|current| current.borrow().as_ref().is_some_and(|step| step.damaged))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

/// A value was to be sealed or opened outside of a step.
#[derive(Debug, thiserror::Error)]
#[error("there is no step that has a vault")]
pub(crate) struct NoStep;

impl From<NoStep> for StateError {
    fn from(NoStep: NoStep) -> Self {
        Self::OutsideOfStep
    }
}

/// Seals a value in the step at hand.
///
/// # Errors
/// When there is none.
pub(crate) fn seal(place: &[u8], value: &[u8]) -> Result<Vec<u8>, NoStep> {
    CURRENT.with(|current| current.borrow().as_ref().map(|step| step.vault.seal(place, value)).ok_or(NoStep))
}

/// Opens a value in the step at hand, which fails as a whole if it does not open.
///
/// # Errors
/// When there is no step, or the value does not open.
pub(crate) fn open(place: &[u8], stored: &[u8]) -> Result<Result<Vec<u8>, Damaged>, NoStep> {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        let step = current.as_mut().ok_or(NoStep)?;
        let opened = step.vault.open(place, stored);
        step.damaged |= opened.is_err();
        Ok(opened)
    })
}

fn is_sealing() -> bool {
    CURRENT.with(|current| current.borrow().as_ref().is_some_and(|step| matches!(*step.vault, Vault::Sealed(_))))
}

/// A column whose values are sealed, by table and name. Values that are looked up are bound to the column alone, others to their row, too.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) table: &'static str,
    pub(crate) name: &'static str,
}

impl Column {
    fn place(self, row: &str) -> Vec<u8> {
        [self.table.as_bytes(), b".", self.name.as_bytes(), b"\0", row.as_bytes()].concat()
    }

    fn damaged(self) -> StateError {
        StateError::Damaged { what: format!("{}.{}", self.table, self.name) }
    }

    /// Octets for the file.
    ///
    /// # Errors
    /// Outside of a step.
    pub(crate) fn octets(self, row: &str, value: &[u8]) -> Result<Vec<u8>, StateError> {
        Ok(seal(&self.place(row), value)?)
    }

    /// Octets from the file.
    ///
    /// # Errors
    /// When they were changed or moved.
    pub(crate) fn open_octets(self, row: &str, stored: &[u8]) -> Result<Vec<u8>, StateError> {
        open(&self.place(row), stored)?.map_err(|Damaged| self.damaged())
    }

    /// A text for the file, which stays one.
    ///
    /// # Errors
    /// Outside of a step.
    pub(crate) fn text(self, row: &str, value: &str) -> Result<String, StateError> {
        let octets = self.octets(row, value.as_bytes())?;
        if is_sealing() {
            return Ok(STANDARD_NO_PAD.encode(octets));
        }
        Ok(value.to_owned())
    }

    /// A text from the file.
    ///
    /// # Errors
    /// When it was changed or moved.
    pub(crate) fn open_text(self, row: &str, stored: &str) -> Result<String, StateError> {
        if !is_sealing() {
            return Ok(stored.to_owned());
        }
        // What does not decode cannot open either, which is then noted.
        let octets = STANDARD_NO_PAD.decode(stored).unwrap_or_default();
        String::from_utf8(self.open_octets(row, &octets)?).map_err(|_| self.damaged())
    }

    /// A text by which a row is found.
    ///
    /// # Errors
    /// Outside of a step.
    pub(crate) fn key(self, value: &str) -> Result<String, StateError> {
        self.text("", value)
    }

    /// A text by which a row is found, from the file.
    ///
    /// # Errors
    /// When it was changed or moved.
    pub(crate) fn open_key(self, stored: &str) -> Result<String, StateError> {
        self.open_text("", stored)
    }
}

/// The columns of a table whose values are sealed. Those that stand nowhere here are in the clear: numbers, all of them.
pub(crate) struct SealedTable {
    pub(crate) table: &'static str,
    /// The columns that name a row, whose values are bound to it.
    pub(crate) row: &'static [&'static str],
    /// Columns by which rows are found.
    pub(crate) keys: &'static [&'static str],
    /// Columns whose values are bound to their row.
    pub(crate) values: &'static [&'static str],
}

impl SealedTable {
    /// One of its columns.
    pub(crate) const fn column(&self, name: &'static str) -> Column {
        Column { table: self.table, name }
    }
}
