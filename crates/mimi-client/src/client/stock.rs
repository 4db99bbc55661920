//! The stock of key packages at the provider, each of which lets somebody add this client to a room once (draft-ietf-mimi-protocol-06
//! section 5.2).

use std::sync::atomic::Ordering;

use super::{Client, FIRST_KEY_PACKAGES};
use crate::events::Event;

/// With fewer than these the provider gets more.
const FEW: usize = FIRST_KEY_PACKAGES / 2;

impl Client {
    /// Asks the provider how many key packages it holds, when that is not known or one was just used, and uploads more when they are few.
    /// A failure is not one of what was asked for: the next time tries again.
    pub(super) async fn top_up(&self, events: &[Event]) {
        let used = events.iter().any(|event| matches!(event, Event::Joined { .. }));
        if used || !self.inner.stocked.load(Ordering::Relaxed) {
            let stocked = self.restock().await.is_ok();
            self.inner.stocked.store(stocked, Ordering::Relaxed);
        }
    }

    /// Uploads key packages until the provider holds as many as of a new client, if they are few.
    async fn restock(&self) -> Result<(), crate::ClientError> {
        // The answer to an upload of none says how many there are.
        let held = usize::try_from(self.upload_key_packages(0).await?).unwrap_or(usize::MAX);
        if held < FEW {
            self.upload_key_packages(FIRST_KEY_PACKAGES.saturating_sub(held)).await?;
        }
        Ok(())
    }
}
