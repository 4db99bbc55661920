//! TLS 1.3 and nothing earlier (R7; discovery profile 0 section 17).
//!
//! A TLS configuration does not tell which versions it takes. What a client offers is read from its first message; what a server has agreed on
//! is known after the handshake.

use std::sync::Arc;

use mimi_arch::codec::{DecodeError, Reader};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, ServerConnection};

/// The extension in which a client lists its versions (RFC 8446 section 4.2.1).
const SUPPORTED_VERSIONS: u16 = 43;
/// TLS 1.3 (RFC 8446 section 4.1.2).
const TLS_1_3: u16 = 0x0304;

/// Whether a connection that has been accepted is one of TLS 1.3.
// req: UD03-12-01
pub(crate) fn is_tls_1_3(connection: &ServerConnection) -> bool {
    connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
}

/// Whether a client offers TLS 1.3 and no other version.
// req: UD03-12-01
pub(crate) fn offers_tls_1_3_alone(config: &ClientConfig) -> bool {
    first_message(config).and_then(|message| versions(&message).ok()) == Some(vec![TLS_1_3])
}

/// The record that opens a connection. It goes nowhere.
fn first_message(config: &ClientConfig) -> Option<Vec<u8>> {
    let nobody = ServerName::try_from("nobody.invalid").ok()?;
    let mut connection = ClientConnection::new(Arc::new(config.clone()), nobody).ok()?;
    let mut message = Vec::new();
    connection.write_tls(&mut message).ok()?;
    Some(message)
}

/// The versions that a ClientHello lists (RFC 8446 sections 4.1.2 and 5.1); none when it does not list them, as clients of TLS 1.2 alone do.
fn versions(record: &[u8]) -> Result<Vec<u16>, DecodeError> {
    let mut r = Reader::new(record);
    // Type, version and length of the record, type and length of the message, version, random.
    r.take(5 + 4 + 2 + 32)?;
    let session_id = usize::from(r.u8()?);
    r.take(session_id)?;
    let cipher_suites = usize::from(r.u16()?);
    r.take(cipher_suites)?;
    let compression_methods = usize::from(r.u8()?);
    r.take(compression_methods)?;
    let extensions = usize::from(r.u16()?);
    let mut r = Reader::new(r.take(extensions)?);
    while !r.rest().is_empty() {
        let (kind, length) = (r.u16()?, usize::from(r.u16()?));
        let mut content = Reader::new(r.take(length)?);
        if kind == SUPPORTED_VERSIONS {
            let mut versions = Vec::new();
            for _ in 0..content.u8()? / 2 {
                versions.push(content.u16()?);
            }
            return Ok(versions);
        }
    }
    Ok(Vec::new())
}
