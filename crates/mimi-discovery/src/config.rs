//! What an asker has to know of a discovery provider (discovery profile 0 section 10): keys, modes, whose tokens it takes; signed by it.
//!
//! All askers have to see the same configuration: a provider that gives one of them a key of its own recognises that one by it. Two askers, or one
//! asker over two ways, compare [`VerifiedConfig::digest`].

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest as _, Sha256};

use crate::lookup::b::BucketParameters;
use crate::oblivious::ObliviousKey;
use crate::oprf::Element;
use crate::profile::{Key, Moment, PublicKey, Seconds, Signature, SignatureError, Validity, domain, put_domain};
use crate::snapshot::TrustedProvider;
use crate::token::IssuerKey;

rules! {
    MODES_UNKNOWN = "a configuration offers no mode, or an unknown one", "discovery profile 0 section 10";
    BUCKETS_MISPLACED = "a configuration has buckets without mode B or P, or a mode without its buckets", "discovery profile 0 section 10";
    ISSUERS_NOT_SORTED = "token issuers are not in ascending order, each key once", "discovery profile 0 section 10";
    TOO_MANY_ISSUERS = "a configuration has more than 256 token issuers", "discovery profile 0 section 10";
}

const LABEL: &str = "DpConfig";
const MAX_ISSUERS: usize = 256;

/// The modes of look-up that a provider offers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Modes {
    /// The sender is hidden (section 10).
    pub s: bool,
    /// Buckets (section 11).
    pub b: bool,
    /// The recipient is hidden by private information retrieval (section 12).
    pub p: bool,
}

impl Modes {
    fn number(self) -> u8 {
        u8::from(self.s) | u8::from(self.b) << 1 | u8::from(self.p) << 2
    }
}

/// A messaging provider whose tokens are taken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TokenIssuer {
    /// Its domain.
    pub msp: Domain,
    /// A key with which it issues tokens for this discovery provider; it may have two, when it changes from one to the next.
    pub key: IssuerKey,
    /// When tokens of the key are taken.
    pub validity: Validity,
}

impl Wire for TokenIssuer {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { msp: domain(r)?, key: IssuerKey(Element::decode(r)?), validity: Validity::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_domain(out, &self.msp)?;
        self.key.0.encode(out)?;
        self.validity.encode(out)
    }
}

/// How a discovery provider is used. Not verified: see [`DpConfig::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DpConfig {
    /// The provider.
    pub domain: Domain,
    /// The key that signs its snapshots.
    pub snapshot_key: PublicKey,
    /// The modes that it offers; at least one.
    pub modes: Modes,
    /// The key of its Oblivious HTTP gateway.
    pub oblivious_key: ObliviousKey,
    /// How mode B and P are served; there if and only if one of them is.
    pub buckets: Option<BucketParameters>,
    /// Whose tokens it takes, sorted.
    pub issuers: Vec<TokenIssuer>,
    /// For how long all this holds.
    pub validity: Validity,
    /// By the provider.
    pub signature: Signature,
}

impl DpConfig {
    /// Signs the configuration with the provider's key; what `signature` was does not matter. Sorts the issuers.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn sign(mut self, key: &Key) -> Result<Self, EncodeError> {
        self.issuers.sort();
        self.issuers.dedup();
        self.signature = key.sign(LABEL, &self.content()?);
        Ok(self)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(512);
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        put_domain(out, &self.domain)?;
        self.snapshot_key.encode(out)?;
        out.push(self.modes.number());
        self.oblivious_key.encode(out)?;
        codec::put_optional(out, self.buckets.as_ref())?;
        codec::put_list(out, &self.issuers)?;
        self.validity.encode(out)
    }

    fn check(&self) -> Result<(), &'static codec::Rule> {
        if self.modes.number() == 0 {
            return Err(&MODES_UNKNOWN);
        }
        if (self.modes.b || self.modes.p) != self.buckets.is_some() {
            return Err(&BUCKETS_MISPLACED);
        }
        if self.issuers.len() > MAX_ISSUERS {
            return Err(&TOO_MANY_ISSUERS);
        }
        if !self.issuers.is_sorted_by(|before, after| (&before.msp, before.key) < (&after.msp, after.key)) {
            return Err(&ISSUERS_NOT_SORTED);
        }
        Ok(())
    }

    /// Checks that it is of this provider, signed with its key, and holds now.
    ///
    /// # Errors
    /// The first of these that fails.
    pub fn verify(self, dp: &Domain, key: &PublicKey, now: Seconds) -> Result<VerifiedConfig, ConfigError> {
        if self.domain != *dp {
            return Err(ConfigError::OtherProvider(self.domain));
        }
        // What was decoded or signed has an encoding.
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        key.verify(LABEL, &content, &self.signature)?;
        match self.validity.at(now) {
            Moment::Within => Ok(VerifiedConfig { digest: Sha256::digest(&content).into(), config: self }),
            Moment::Before => Err(ConfigError::InFuture { begins: self.validity.not_before }),
            Moment::After => Err(ConfigError::Expired { ended: self.validity.not_after }),
        }
    }
}

impl Wire for DpConfig {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (domain, snapshot_key) = (domain(r)?, PublicKey::decode(r)?);
        let start = r.clone();
        let modes = r.u8()?;
        if modes == 0 || modes > 7 {
            return Err(start.error(&MODES_UNKNOWN));
        }
        let modes = Modes { s: modes & 1 != 0, b: modes & 2 != 0, p: modes & 4 != 0 };
        let oblivious_key = ObliviousKey::decode(r)?;
        let at_buckets = r.clone();
        let buckets = r.optional()?;
        let at_issuers = r.clone();
        let issuers = r.list()?;
        let config = Self {
            domain,
            snapshot_key,
            modes,
            oblivious_key,
            buckets,
            issuers,
            validity: Validity::decode(r)?,
            signature: Signature::decode(r)?,
        };
        match config.check() {
            Ok(()) => Ok(config),
            Err(rule) if std::ptr::eq(rule, &raw const BUCKETS_MISPLACED) => Err(at_buckets.error(rule)),
            Err(rule) => Err(at_issuers.error(rule)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}

/// A configuration that is not to be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is another provider's.
    #[error("the configuration is of {0}")]
    OtherProvider(Domain),
    /// The provider has not signed it.
    #[error("the configuration: {0}")]
    Signature(#[from] SignatureError),
    /// It has not begun to hold.
    #[error("the configuration begins at {}", .begins.0)]
    InFuture {
        /// When.
        begins: Seconds,
    },
    /// It holds no longer.
    #[error("the configuration ended at {}", .ended.0)]
    Expired {
        /// Its last second.
        ended: Seconds,
    },
}

/// A configuration that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedConfig {
    config: DpConfig,
    digest: [u8; 32],
}

impl VerifiedConfig {
    /// What it says.
    #[must_use]
    pub const fn get(&self) -> &DpConfig {
        &self.config
    }

    /// SHA-256 of what is signed, to compare it with others.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The provider as the signer of snapshots; `seen` is the highest number of a snapshot of it that was seen, 0 at first.
    #[must_use]
    pub fn provider(&self, seen: u64) -> TrustedProvider {
        TrustedProvider { domain: self.config.domain.clone(), key: self.config.snapshot_key, seen }
    }

    /// The keys of a messaging provider of which tokens are taken now.
    pub fn issuer_keys<'a>(&'a self, msp: &'a Domain, now: Seconds) -> impl Iterator<Item = &'a IssuerKey> {
        let taken = move |issuer: &&TokenIssuer| issuer.msp == *msp && issuer.validity.at(now) == Moment::Within;
        self.config.issuers.iter().filter(taken).map(|issuer| &issuer.key)
    }

    /// The key with which a messaging provider issues tokens for this one now: of those that have begun, the one that has begun last.
    #[must_use]
    pub fn issuer_key(&self, msp: &Domain, now: Seconds) -> Option<&IssuerKey> {
        let current = |issuer: &&TokenIssuer| {
            let Validity { not_before, not_after } = issuer.validity;
            issuer.msp == *msp && not_before <= now && now <= not_after
        };
        let issuers = self.config.issuers.iter().filter(current);
        issuers.max_by_key(|issuer| issuer.validity.not_before).map(|issuer| &issuer.key)
    }
}
