//! How clients of the room use MLS (draft-ietf-mimi-room-policy-03 section 7).
//!
//! Durations are in seconds unless their name says milliseconds; the draft gives a unit for the latter only. The strategy for pending
//! proposals that the draft's structure calls an extension has no number in its enumeration: it can be neither written nor read.

mod capabilities;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use mimi_arch::mls::WireFormat;

use crate::fields::{self, replaced_as_a_whole};

pub use capabilities::{CapabilityConflict, ExtendedCapabilities};

rules! {
    STRATEGY_INVALID = "the strategy for pending proposals is none of unspecified, immediate_commit and random_delay",
        "draft-ietf-mimi-room-policy-03 section 7.1";
    DELAYS_CROSSED = "the shortest delay of pending proposals is longer than the longest",
        "draft-ietf-mimi-room-policy-03 section 7.1";
    TIMES_OUT_OF_ORDER = "the minimum, default and maximum times are not in this order",
        "draft-ietf-mimi-room-policy-03 section 7.1";
}

/// When members commit proposals of others (draft-ietf-mimi-room-policy-03 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PendingProposalPolicy {
    /// Nothing is said.
    Unspecified,
    /// At once.
    ImmediateCommit,
    /// After a delay that each member chooses at random.
    RandomDelay {
        /// The shortest delay, in milliseconds.
        minimum_delay_ms: u64,
        /// The longest delay, in milliseconds.
        maximum_delay_ms: u64,
    },
}

impl PendingProposalPolicy {
    /// The strategy's value on the wire.
    pub const fn strategy(&self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::ImmediateCommit => 1,
            Self::RandomDelay { .. } => 2,
        }
    }
}

// req: RP03-7.1-02, RP03-7.1-03
impl Wire for PendingProposalPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            0 => Ok(Self::Unspecified),
            1 => Ok(Self::ImmediateCommit),
            2 => {
                let start = r.clone();
                let (minimum_delay_ms, maximum_delay_ms) = (r.u64()?, r.u64()?);
                if minimum_delay_ms > maximum_delay_ms {
                    return Err(start.error(&DELAYS_CROSSED));
                }
                Ok(Self::RandomDelay { minimum_delay_ms, maximum_delay_ms })
            }
            _ => Err(start.error(&STRATEGY_INVALID)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.strategy());
        if let Self::RandomDelay { minimum_delay_ms, maximum_delay_ms } = self {
            if minimum_delay_ms > maximum_delay_ms {
                return Err(EncodeError::new(&DELAYS_CROSSED));
            }
            minimum_delay_ms.encode(out)?;
            maximum_delay_ms.encode(out)?;
        }
        Ok(())
    }
}

/// A range of times with one that is preferred, in seconds and in order (draft-ietf-mimi-room-policy-03 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MinDefaultMaxTime {
    minimum_time: u64,
    default_time: u64,
    maximum_time: u64,
}

impl MinDefaultMaxTime {
    /// These times.
    ///
    /// # Errors
    /// When they are not in order.
    pub fn new(minimum_time: u64, default_time: u64, maximum_time: u64) -> Result<Self, EncodeError> {
        Self::in_order(minimum_time, default_time, maximum_time).map_err(EncodeError::new)
    }

    fn in_order(minimum_time: u64, default_time: u64, maximum_time: u64) -> Result<Self, &'static Rule> {
        let ordered = (minimum_time..=maximum_time).contains(&default_time);
        if ordered { Ok(Self { minimum_time, default_time, maximum_time }) } else { Err(&TIMES_OUT_OF_ORDER) }
    }

    /// The shortest.
    pub const fn minimum(&self) -> u64 {
        self.minimum_time
    }

    /// The one that is preferred.
    pub const fn default_time(&self) -> u64 {
        self.default_time
    }

    /// The longest.
    pub const fn maximum(&self) -> u64 {
        self.maximum_time
    }
}

// req: RP03-7.1-04
impl Wire for MinDefaultMaxTime {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let (minimum, default, maximum) = (r.u64()?, r.u64()?, r.u64()?);
        Self::in_order(minimum, default, maximum).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        [self.minimum_time, self.default_time, self.maximum_time].iter().try_for_each(|time| time.encode(out))
    }
}

/// What is asked of application messages (draft-ietf-mimi-room-policy-03 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct AppMessagePolicy {
    /// How many epochs late a message may come.
    pub epoch_tolerance: u8,
    /// Messages are padded to a multiple of this many octets; 0 and 1 mean no padding.
    pub pad_to_size: u16,
    /// Most generations a secret tree ratchet is moved forward for one message.
    pub max_generations_skipahead: u32,
}

// req: RP03-7.1-05
impl Wire for AppMessagePolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { epoch_tolerance: r.u8()?, pad_to_size: r.u16()?, max_generations_skipahead: r.u32()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.epoch_tolerance.encode(out)?;
        self.pad_to_size.encode(out)?;
        self.max_generations_skipahead.encode(out)
    }
}

/// How clients of the room use MLS (draft-ietf-mimi-room-policy-03 section 7.1).
///
/// That what is mandatory is not forbidden is checked by [`capability_conflicts`](Self::capability_conflicts).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OperationalParameters {
    /// What every client has to be able to do.
    pub mandatory_capabilities: ExtendedCapabilities,
    /// What clients are taken to be able to do.
    pub default_capabilities: ExtendedCapabilities,
    /// What no client may use.
    pub forbidden_capabilities: ExtendedCapabilities,
    /// How proposals and commits may be framed.
    pub handshake_formats: Vec<WireFormat>,
    /// External proposals are allowed.
    pub external_proposal_allowed: bool,
    /// External commits are allowed.
    pub external_commit_allowed: bool,
    /// When members commit proposals of others.
    pub pending_proposal_policy: PendingProposalPolicy,
    /// How often a client updates its leaf.
    pub leaf_node_update_time: MinDefaultMaxTime,
    /// What is asked of application messages.
    pub app_message_policy: AppMessagePolicy,
    /// The longest lifetime of a key package, in seconds.
    pub max_kp_lifetime: u64,
    /// The longest lifetime of a credential, in seconds.
    pub max_credential_lifetime: u64,
    /// For how many seconds resumption secrets are kept.
    pub resumption_psk_lifetime: u64,
    /// How long unused keys and nonces of a sender are kept.
    pub sender_nonce_keypair_lifetime: MinDefaultMaxTime,
    /// Most unused keys and nonces of a sender that are kept.
    pub max_keypairs: u32,
    /// How long a message that came too early is kept.
    pub buffer_incoming_message_time: MinDefaultMaxTime,
    /// Most messages that are kept because they came too early.
    pub max_buffered_messages: u32,
}

impl OperationalParameters {
    /// What is both mandatory and forbidden.
    pub fn capability_conflicts(&self) -> Vec<CapabilityConflict> {
        self.mandatory_capabilities.conflicts_with(&self.forbidden_capabilities)
    }
}

// req: RP03-7.1-06
impl Wire for OperationalParameters {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            mandatory_capabilities: Wire::decode(r)?,
            default_capabilities: Wire::decode(r)?,
            forbidden_capabilities: Wire::decode(r)?,
            handshake_formats: r.list()?,
            external_proposal_allowed: fields::decode_bool(r)?,
            external_commit_allowed: fields::decode_bool(r)?,
            pending_proposal_policy: Wire::decode(r)?,
            leaf_node_update_time: Wire::decode(r)?,
            app_message_policy: Wire::decode(r)?,
            max_kp_lifetime: r.u64()?,
            max_credential_lifetime: r.u64()?,
            resumption_psk_lifetime: r.u64()?,
            sender_nonce_keypair_lifetime: Wire::decode(r)?,
            max_keypairs: r.u32()?,
            buffer_incoming_message_time: Wire::decode(r)?,
            max_buffered_messages: r.u32()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.mandatory_capabilities.encode(out)?;
        self.default_capabilities.encode(out)?;
        self.forbidden_capabilities.encode(out)?;
        codec::put_list(out, &self.handshake_formats)?;
        fields::put_bool(out, self.external_proposal_allowed);
        fields::put_bool(out, self.external_commit_allowed);
        self.pending_proposal_policy.encode(out)?;
        self.leaf_node_update_time.encode(out)?;
        self.app_message_policy.encode(out)?;
        self.max_kp_lifetime.encode(out)?;
        self.max_credential_lifetime.encode(out)?;
        self.resumption_psk_lifetime.encode(out)?;
        self.sender_nonce_keypair_lifetime.encode(out)?;
        self.max_keypairs.encode(out)?;
        self.buffer_incoming_message_time.encode(out)?;
        self.max_buffered_messages.encode(out)
    }
}

replaced_as_a_whole!(
    OperationalParameters,
    MLS_OPERATIONAL_POLICY,
    "mls_operational_policy",
    "draft-ietf-mimi-room-policy-03 section 7"
);

#[cfg(test)]
mod tests;
