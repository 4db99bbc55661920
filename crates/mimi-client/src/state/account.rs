//! Who the client is and where its provider is.

use mimi_arch::{ClientUri, Domain, UserUri};
use openmls_basic_credential::SignatureKeyPair;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sealed::SealedTable;
use crate::{error::StateError, mls::Identity};

/// What of the table is sealed: everything.
pub(crate) const SEALED: SealedTable = SealedTable {
    table: "mimi_account",
    row: &[],
    keys: &[],
    values: &["endpoint", "domain", "ca_pem", "user", "client", "user_secret", "token", "signature_key"],
};

/// Where the provider's client API is.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) endpoint: String,
    pub(crate) domain: Domain,
    pub(crate) ca_pem: Vec<u8>,
}

/// The account that the file holds.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) provider: Provider,
    pub(crate) user: UserUri,
    pub(crate) user_secret: String,
    pub(crate) token: String,
    pub(crate) identity: Identity,
}

/// Writes the account.
///
/// # Errors
/// When there is one already, or the file fails.
pub(crate) fn put(connection: &Connection, account: &Account) -> Result<(), StateError> {
    if let Some(existing) = load(connection)? {
        return Err(StateError::AlreadyRegistered { client: existing.identity.client.to_string() });
    }
    let key =
        serde_json::to_vec(&account.identity.signer).map_err(|_| StateError::Corrupt { what: "signature key" })?;
    let text = |name, value: &str| SEALED.column(name).text("", value);
    let octets = |name, value: &[u8]| SEALED.column(name).octets("", value);
    connection.execute(
        "INSERT INTO mimi_account (one, endpoint, domain, ca_pem, user, client, user_secret, token, signature_key)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            text("endpoint", &account.provider.endpoint)?,
            text("domain", account.provider.domain.as_str())?,
            octets("ca_pem", &account.provider.ca_pem)?,
            text("user", account.user.as_str())?,
            text("client", account.identity.client.as_str())?,
            text("user_secret", &account.user_secret)?,
            text("token", &account.token)?,
            octets("signature_key", &key)?,
        ],
    )?;
    Ok(())
}

/// Reads the account, if there is one.
///
/// # Errors
/// When the file fails or holds something else.
pub(crate) fn load(connection: &Connection) -> Result<Option<Account>, StateError> {
    let row = connection
        .query_row(
            "SELECT endpoint, domain, ca_pem, user, client, user_secret, token, signature_key FROM mimi_account",
            [],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Vec<u8>>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, String>(4)?,
                    row.get::<_, String>(5)?,
                    row.get::<_, String>(6)?,
                    row.get::<_, Vec<u8>>(7)?,
                ))
            },
        )
        .optional()?;
    let Some((endpoint, domain, ca_pem, user, client, user_secret, token, key)) = row else {
        return Ok(None);
    };
    let text = |name, stored: &str| SEALED.column(name).open_text("", stored);
    let (endpoint, domain) = (text("endpoint", &endpoint)?, text("domain", &domain)?);
    let (user, client) = (text("user", &user)?, text("client", &client)?);
    let (user_secret, token) = (text("user_secret", &user_secret)?, text("token", &token)?);
    let ca_pem = SEALED.column("ca_pem").open_octets("", &ca_pem)?;
    let key = SEALED.column("signature_key").open_octets("", &key)?;
    let corrupt = |what| StateError::Corrupt { what };
    let signer: SignatureKeyPair = serde_json::from_slice(&key).map_err(|_| corrupt("signature key"))?;
    let client: ClientUri = client.parse().map_err(|_| corrupt("client URI"))?;
    Ok(Some(Account {
        provider: Provider { endpoint, domain: domain.parse().map_err(|_| corrupt("domain"))?, ca_pem },
        user: user.parse().map_err(|_| corrupt("user URI"))?,
        user_secret,
        token,
        identity: Identity { client, signer },
    }))
}
