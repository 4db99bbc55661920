//! The one place where the provider looks at the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use mimi_protocol::AcceptedTimestamp;

/// Milliseconds since the Unix epoch; a clock before 1970 counts as 1970.
pub(crate) fn now() -> AcceptedTimestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    AcceptedTimestamp(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
