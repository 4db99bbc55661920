//! The system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use mimi_discovery::Seconds;

pub(crate) fn now() -> Seconds {
    Seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}
