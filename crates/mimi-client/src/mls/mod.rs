//! What a client does in a room's MLS group: bytes and stored state in, bytes and stored state out, no network and
//! no clock but the one OpenMLS reads for lifetimes.
//!
//! One file per step of draft-ietf-mimi-protocol-06 section 3, and beside them what the library leaves to its user:
//! the components ([`components`], [`participants`]) and the checks on a group that it does not make ([`room_group`]).

mod codec;
pub(crate) mod commit;
pub(crate) mod components;
pub(crate) mod create;
pub(crate) mod external_proposal;
pub(crate) mod external_senders;
pub(crate) mod join;
pub(crate) mod key_package;
pub(crate) mod leave;
pub(crate) mod participants;
pub(crate) mod process;
pub(crate) mod room_group;
pub(crate) mod token;

use mimi_arch::{ClientUri, RoomUri};
use openmls::group::PURE_PLAINTEXT_WIRE_FORMAT_POLICY;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, Capabilities, Ciphersuite, Credential,
    CredentialType, CredentialWithKey, Extension, ExtensionType, Extensions, LeafNode, MlsGroupJoinConfig,
    OpenMlsProvider, ProposalType, SenderRatchetConfiguration,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use openmls_sqlite_storage::SqliteStorageProvider;
use rusqlite::Connection;

pub(crate) use self::codec::{PLACE as OPENMLS_PLACE, StateCodec};
use crate::{
    error::{ClientError, MlsFailure, StateError},
    state::rooms,
};

/// The one cipher suite our clients make groups and key packages with: X25519, AES128GCM, SHA-256, Ed25519.
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// How far behind the newest one a message of a sender may arrive and still be opened.
const OUT_OF_ORDER: u32 = 100;
/// How many messages of a sender may be missing before one that is still opened.
const FORWARD: u32 = 1000;
/// Messages of how many epochs before the current one can be opened.
///
/// The answer to a client's own commit is quicker than the fan-out of what the hub accepted before it: a client that commits while its provider is slow or
/// away runs ahead of its queue, and has to open what then comes. Keys that are kept longer are keys that can be lost longer, so not more than that.
const PAST_EPOCHS: usize = 16;

/// Storage of OpenMLS within one transaction of the state file.
pub(crate) type Storage<'a> = SqliteStorageProvider<StateCodec, &'a Connection>;

/// What OpenMLS works with: cryptography, and the storage of one transaction.
pub(crate) struct Provider<'a> {
    crypto: RustCrypto,
    storage: Storage<'a>,
    connection: &'a Connection,
}

impl<'a> Provider<'a> {
    /// MLS state as the transaction sees it. Nothing lasts before the transaction commits.
    pub(crate) fn new(transaction: &'a Connection) -> Self {
        let storage = SqliteStorageProvider::new(transaction);
        Self { crypto: RustCrypto::default(), storage, connection: transaction }
    }

    /// Which of the room's groups this client knows, counted from 1.
    pub(crate) fn group_number(&self, room: &RoomUri) -> Result<u32, StateError> {
        rooms::group_number(self.connection, room)
    }

    /// Notes which of the room's groups it is, before that group is kept.
    pub(crate) fn set_group_number(&self, room: &RoomUri, number: u32) -> Result<(), StateError> {
        rooms::set_group_number(self.connection, room, number)
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage<'a>;

    fn storage(&self) -> &Self::StorageProvider {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

/// Who this client is: its URI and the key that signs for it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) client: ClientUri,
    pub(crate) signer: SignatureKeyPair,
}

impl Identity {
    /// Basic credential that holds the client URI, with the signature key.
    pub(crate) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.client.as_str().as_bytes().to_vec()).into(),
            signature_key: self.signer.to_public_vec().into(),
        }
    }
}

/// The client a credential names.
///
/// # Errors
/// When it is not a basic credential that holds a client URI.
pub(crate) fn client_of(credential: &Credential) -> Result<ClientUri, MlsFailure> {
    let basic =
        BasicCredential::try_from(credential.clone()).map_err(|error| MlsFailure::Credential(error.to_string()))?;
    ClientUri::from_bytes(basic.identity()).map_err(|error| MlsFailure::Credential(error.to_string()))
}

/// What our clients can do: the extension and proposal types that rooms need.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![SUITE])
        .extensions(vec![ExtensionType::AppDataDictionary, ExtensionType::Unknown(token::EXTENSION)])
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// The leaf's app_data_dictionary: what this client understands.
pub(crate) fn leaf_extensions() -> Result<Extensions<LeafNode>, ClientError> {
    let mut dictionary = AppDataDictionary::new();
    for (component, data) in components::of_leaf()? {
        dictionary.insert(component.0, data);
    }
    Ok(Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))
        .map_err(library("leaf extensions"))?)
}

/// Settings of a group at this client; handshakes go as PublicMessage (section 5.3).
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    // req: MP06-4.2-04, MP06-5.3-18
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .sender_ratchet_configuration(sender_ratchet())
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(false)
        .build()
}

fn sender_ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD)
}

/// An error of OpenMLS as ours, with the name of the operation.
pub(crate) fn library<E: std::fmt::Display>(during: &'static str) -> impl FnOnce(E) -> MlsFailure {
    move |error| MlsFailure::Library { during, reason: error.to_string() }
}

/// An error of the storage below OpenMLS as ours: the state file's, not the message's.
pub(crate) fn storage(error: rusqlite::Error) -> ClientError {
    StateError::Sqlite(error).into()
}

/// Encoding of an MLS object; it fails only beyond the limits of the format.
pub(crate) fn encoded(
    what: &'static str,
    bytes: Result<Vec<u8>, openmls::prelude::tls_codec::Error>,
) -> Result<Vec<u8>, MlsFailure> {
    bytes.map_err(library(what))
}
