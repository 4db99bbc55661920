//! Delivery notifications and read receipts (draft-ietf-mimi-room-policy-03 section 6.1).

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};

use crate::fields::replaced_as_a_whole;
use crate::optionality::Optionality;

/// Whether clients tell that messages were delivered and read (draft-ietf-mimi-room-policy-03 section 6.1).
///
/// What is optional is decided by each client's own settings. The notifications themselves are those of
/// draft-mahy-mimi-message-status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StatusNotificationPolicy {
    /// Notifications that a message was delivered.
    pub delivery_notifications: Optionality,
    /// Notifications that a message was read.
    pub read_receipts: Optionality,
}

// req: RP03-6.1-02, RP03-6.1-03, RP03-6.1-04
impl Wire for StatusNotificationPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { delivery_notifications: Optionality::decode(r)?, read_receipts: Optionality::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.delivery_notifications.encode(out)?;
        self.read_receipts.encode(out)
    }
}

replaced_as_a_whole!(
    StatusNotificationPolicy,
    STATUS_NOTIFICATION_POLICY,
    "status_notification_policy",
    "draft-ietf-mimi-room-policy-03 section 6.1"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, refused};

    use super::*;
    use crate::optionality::OPTIONALITY_INVALID;

    #[test]
    fn the_policy_is_two_octets_delivery_first() {
        // req: RP03-6.1-02, RP03-6.1-03, RP03-6.1-04
        for (octets, delivery_notifications, read_receipts) in [
            ([0, 0], Optionality::Optional, Optionality::Optional),
            ([1, 2], Optionality::Required, Optionality::Forbidden),
            ([2, 1], Optionality::Forbidden, Optionality::Required),
        ] {
            assert_eq!(laws(&StatusNotificationPolicy { delivery_notifications, read_receipts }), octets);
        }
        refused::<StatusNotificationPolicy>(&[0, 3], 1, &OPTIONALITY_INVALID);
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let forbidden = Optionality::Forbidden;
        let policy = StatusNotificationPolicy { delivery_notifications: forbidden, read_receipts: forbidden };
        assert_eq!(StatusNotificationPolicy::apply(None, &[policy]), Ok(policy));
        assert!(StatusNotificationPolicy::apply(None, &[policy, policy]).is_err());
    }
}
