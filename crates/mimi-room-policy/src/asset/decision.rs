//! Whether one upload is in order (draft-ietf-mimi-room-policy-03 section 6.4).

use std::fmt;

use mimi_arch::identifier::Domain;
use mimi_arch::media_type::MediaType;
use mimi_arch::uri::Uri;

use super::{AssetPolicy, AssetUploadLocation};

/// What a file counts as, which decides how large it may be (draft-ietf-mimi-room-policy-03 sections 6.4 and 8.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AssetKind {
    /// A picture to be rendered.
    Image,
    /// Sound to be rendered.
    Audio,
    /// A film to be rendered.
    Video,
    /// Everything else.
    Attachment,
}

impl AssetKind {
    /// The kind of a file with this media type; `render` says whether its disposition is to be rendered.
    pub fn of(media_type: &MediaType, render: bool) -> Self {
        let top = media_type.name().split('/').next().unwrap_or_default();
        match top.to_ascii_lowercase().as_str() {
            "image" if render => Self::Image,
            "audio" if render => Self::Audio,
            "video" if render => Self::Video,
            _ => Self::Attachment,
        }
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Attachment => "attachment",
        }
    }
}

impl fmt::Display for AssetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why an asset is not in order (draft-ietf-mimi-room-policy-03 section 6.4).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssetRefusal {
    /// Its media type is not allowed.
    #[error("the media type {media_type} is not allowed")]
    MediaType {
        /// The media type.
        media_type: MediaType,
    },
    /// It is too large.
    #[error("the {kind} has {size} octets, and {limit} are allowed")]
    TooLarge {
        /// What it counts as.
        kind: AssetKind,
        /// Its size.
        size: u64,
        /// The largest size of that kind.
        limit: u64,
    },
    /// The policy names hosts, and the URL has none.
    #[error("the URL of the asset has no host")]
    NoHost,
    /// The policy has no hosts for the provider of the sender.
    #[error("there is no upload domain for {provider}")]
    ProviderUnlisted {
        /// The provider.
        provider: Domain,
    },
    /// The host is none of those to which the assets go.
    #[error("{host} is no upload domain for this sender")]
    HostUnlisted {
        /// The host.
        host: String,
    },
}

impl AssetRefusal {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-room-policy-03 section 6.4"
    }
}

impl AssetPolicy {
    /// The largest size of a kind, in octets.
    pub const fn limit(&self, kind: AssetKind) -> u64 {
        match kind {
            AssetKind::Image => self.max_image,
            AssetKind::Audio => self.max_audio,
            AssetKind::Video => self.max_video,
            AssetKind::Attachment => self.max_attachment,
        }
    }

    /// Decides about an asset that a user of `sender` has uploaded to `url`.
    ///
    /// # Errors
    /// The first rule that it breaks: media type, size, place.
    // req: RP03-6.4-15
    pub fn permits_upload(
        &self,
        url: &Uri,
        sender: &Domain,
        media_type: &MediaType,
        kind: AssetKind,
        size: u64,
    ) -> Result<(), AssetRefusal> {
        if !self.permits_media_type(media_type) {
            return Err(AssetRefusal::MediaType { media_type: media_type.clone() });
        }
        let limit = self.limit(kind);
        if size > limit {
            return Err(AssetRefusal::TooLarge { kind, size, limit });
        }
        self.permits_location(url, sender)
    }

    /// Decides whether assets of users of `sender` may be at `url`.
    ///
    /// # Errors
    /// When the policy names hosts and the URL's is not among those for the sender.
    // req: RP03-6.4-05, RP03-6.4-06
    pub fn permits_location(&self, url: &Uri, sender: &Domain) -> Result<(), AssetRefusal> {
        let mut entries = self.upload_domains.iter();
        let entry = match self.asset_upload_location {
            AssetUploadLocation::Unspecified => return Ok(()),
            AssetUploadLocation::LocalProvider => entries.find(|entry| entry.provider == *sender),
            AssetUploadLocation::Hub => entries.next(),
        };
        let entry = entry.ok_or_else(|| AssetRefusal::ProviderUnlisted { provider: sender.clone() })?;
        let host = host_of(url).ok_or(AssetRefusal::NoHost)?;
        let listed = |domain: &Domain| domain.as_str().eq_ignore_ascii_case(host);
        if entry.asset_upload_destinations.iter().any(listed) {
            Ok(())
        } else {
            Err(AssetRefusal::HostUnlisted { host: host.to_owned() })
        }
    }
}

/// The host of a URI, as it was written and without user information and port; absent if the URI has no authority or an empty host.
pub fn host_of(uri: &Uri) -> Option<&str> {
    let (_, rest) = uri.as_str().split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = match place.split_once(']') {
        Some((literal, _)) => literal.strip_prefix('[')?,
        None => place.split(':').next()?,
    };
    Some(host).filter(|host| !host.is_empty())
}
