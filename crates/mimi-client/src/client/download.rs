//! Downloading assets through the hub of a room (draft-ietf-mimi-protocol-06 section 5.10.2).

use mimi_arch::RoomUri;
use mimi_client_api::{AssetPiece, DownloadRequest};
use tonic::Streaming;

use super::Client;
use crate::error::{ClientError, TransportError};

/// An asset on its way, piece by piece. What arrives is as the asset provider has it: encrypted, as a rule.
#[derive(Debug)]
pub struct Download {
    pieces: Streaming<AssetPiece>,
}

impl Download {
    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// When the download breaks off, or has a limit's worth of octets. What has come is then not the asset.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let piece = self.pieces.message().await.map_err(TransportError::from)?;
        Ok(piece.map(|piece| piece.octets))
    }
}

impl Client {
    /// Fetches an asset by the hub of a room, so that the asset provider sees the hub and the hub this client's provider.
    ///
    /// # Errors
    /// When this client is no member of the room, the hub does not fetch this URL, or somebody cannot be reached.
    pub async fn download(&self, room: &RoomUri, url: &str) -> Result<Download, ClientError> {
        let request = DownloadRequest { room_uri: room.to_string(), url: url.to_owned() };
        Ok(Download { pieces: self.api().download_asset(request).await? })
    }
}
