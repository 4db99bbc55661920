//! Being found: the user's key, and registering, changing and removing mappings.

use mimi_arch::Domain;
use mimi_arch::codec::Wire as _;
use mimi_client_api::RegisterMappingRequest;
use mimi_discovery::{
    Csi, CsiAttestation, PublicKey, Record, Removal,
    mapping::{MappingEntry, MappingName, NewMapping, Sequence},
    profile::{Key, Validity},
    push::RegisterResponse,
    sealed::SealedEntries,
};

use super::{DiscoveryError, now, random};
use crate::{client::Client, state::discovery};

/// What a user wants to be found by.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// What the issuer of the identifier has given the user for the key of this client ([`Client::discovery_key`]).
    pub attestation: CsiAttestation,
    /// The discovery provider; the own provider's without one.
    pub dp: Option<Domain>,
    /// Which of the user's mappings it is; usually empty.
    pub name: MappingName,
    /// The services; none when the user does not want to be found.
    pub entries: Vec<MappingEntry>,
    /// Parts for those who hold a capability.
    pub sealed: Vec<SealedEntries>,
}

impl Client {
    /// The key that speaks for the identifiers of this client's user; made when it is first asked for. Issuers attest it.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn discovery_key(&self) -> Result<PublicKey, DiscoveryError> {
        Ok(self.key().await?.public())
    }

    async fn key(&self) -> Result<Key, DiscoveryError> {
        let fresh = random()?;
        let seed = self.step(move |session| session.discovery(|file| discovery::key(file, fresh))).await?;
        Ok(Key::from_seed(seed))
    }

    /// Registers a mapping, or puts one in the place of the former one of that name. It holds as long as the attestation. Gives the discovery provider,
    /// in which it is durable then.
    ///
    /// # Errors
    /// When the attestation is for another key, or the discovery provider cannot be reached or does not take it. After a lost answer, register again.
    pub async fn register_mapping(&self, registration: NewRegistration) -> Result<Domain, DiscoveryError> {
        let NewRegistration { attestation, dp, name, entries, sealed } = registration;
        let key = self.key().await?;
        if attestation.subject_key != key.public() {
            return Err(DiscoveryError::NotMyAttestation);
        }
        let sequence = self.next_sequence(&attestation).await?;
        let Validity { not_before, not_after } = attestation.validity;
        // Clocks differ: it holds from now on, or from when the attestation does.
        let validity = Validity { not_before: not_before.max(now().min(not_after)), not_after };
        let mapping = NewMapping { name, sequence, validity, entries, sealed }.sign(&attestation, &key)?;
        self.send_record(dp, Record::Mapping(Box::new(attestation), mapping)).await
    }

    /// Takes a mapping back, or all of them without a name. `attestation` is not needed when this client has registered it.
    ///
    /// # Errors
    /// As [`Client::register_mapping`], and when there is no attestation.
    pub async fn remove_mapping(
        &self,
        csi: &Csi,
        name: Option<MappingName>,
        attestation: Option<CsiAttestation>,
        dp: Option<Domain>,
    ) -> Result<Domain, DiscoveryError> {
        let attestation = match attestation {
            Some(attestation) => attestation,
            None => {
                let csi = csi.clone();
                let mine = self.step(move |session| session.discovery(|file| discovery::mine(file, &csi))).await?;
                let (attestation, _) = mine.ok_or(DiscoveryError::NothingRegistered)?;
                CsiAttestation::from_bytes(&attestation)?
            }
        };
        let key = self.key().await?;
        if attestation.subject_key != key.public() || attestation.csi != *csi {
            return Err(DiscoveryError::NotMyAttestation);
        }
        let sequence = self.next_sequence(&attestation).await?;
        let removal = Removal::by_recipient(&attestation, sequence, name, now(), &key)?;
        self.send_record(dp, Record::RecipientRemoval(Box::new(attestation), removal)).await
    }

    /// A sequence that was not used before, durably. It is at least the time: also a client whose state was restored from a copy, or another device of
    /// the user, goes on above.
    async fn next_sequence(&self, attestation: &CsiAttestation) -> Result<Sequence, DiscoveryError> {
        let (csi, octets, now) = (attestation.csi.clone(), attestation.to_bytes()?, now().0);
        let next = self
            .step(move |session| {
                session.discovery(|file| {
                    let last = discovery::mine(file, &csi)?.map_or(0, |(_, sequence)| sequence);
                    let next = now.max(last.saturating_add(1));
                    discovery::put_mine(file, &csi, &octets, next)?;
                    Ok(next)
                })
            })
            .await?;
        Ok(Sequence(next))
    }

    async fn send_record(&self, dp: Option<Domain>, record: Record) -> Result<Domain, DiscoveryError> {
        let dp = match dp {
            Some(dp) => dp,
            None => self.source(record.csi(), None).await?.domain,
        };
        let request = RegisterMappingRequest { dp: dp.to_string(), record: record.to_bytes()? };
        let answer = self.api().register_mapping(request).await?;
        match RegisterResponse::from_bytes(&answer)? {
            RegisterResponse::Registered | RegisterResponse::Known => Ok(dp),
            RegisterResponse::Refused { reason } => Err(DiscoveryError::NotRegistered { dp, reason }),
        }
    }
}
