//! Attached files: where they are uploaded, how they are downloaded, how large they are and of which types
//! (draft-ietf-mimi-room-policy-03 section 6.4).
//!
//! Whether one upload is in order is decided by [`AssetPolicy::permits_upload`].

mod decision;
mod media_list;

use std::fmt;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use mimi_arch::identifier::Domain;
use mimi_arch::media_type::MediaType;

use crate::fields::replaced_as_a_whole;

pub use decision::{AssetKind, AssetRefusal, host_of};

rules! {
    UPLOAD_LOCATION_INVALID = "the upload location is none of unspecified, localProvider and hub",
        "draft-ietf-mimi-room-policy-03 section 6.4";
    DOWNLOAD_TYPE_INVALID = "the download type is none of direct, hubProxy and ohttp",
        "draft-ietf-mimi-room-policy-03 section 6.4";
    DOMAIN_INVALID = "the domain is no host name in lower case", "draft-ietf-mimi-room-policy-03 section 6.4";
    PROVIDER_TWICE = "a provider is listed twice among the upload domains", "draft-ietf-mimi-room-policy-03 section 6.4";
    HUB_NOT_ALONE = "assets go to the hub and the upload domains do not list exactly one provider",
        "draft-ietf-mimi-room-policy-03 section 6.4";
    HUB_IS_OTHER = "assets go to the hub and the upload domains list another provider",
        "draft-ietf-mimi-room-policy-03 section 6.4";
    DOWNLOAD_CONTRADICTORY = "a download type is both allowed and forbidden",
        "draft-ietf-mimi-room-policy-03 section 6.4";
    DOWNLOAD_DEFAULT_NOT_ALLOWED = "the default download type is not an allowed one",
        "draft-ietf-mimi-room-policy-03 section 6.4";
}

/// Where assets are uploaded (draft-ietf-mimi-room-policy-03 section 6.4).
// req: RP03-6.4-09
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AssetUploadLocation {
    /// Anywhere.
    Unspecified,
    /// Each client uploads to its own provider. What the draft recommends.
    LocalProvider,
    /// All clients upload to the hub.
    Hub,
}

impl AssetUploadLocation {
    /// All values, in order.
    pub const ALL: [Self; 3] = [Self::Unspecified, Self::LocalProvider, Self::Hub];

    /// The value on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::LocalProvider => 1,
            Self::Hub => 2,
        }
    }

    /// The draft's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::LocalProvider => "localProvider",
            Self::Hub => "hub",
        }
    }
}

impl fmt::Display for AssetUploadLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Wire for AssetUploadLocation {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let value = r.u8()?;
        Self::ALL.into_iter().find(|known| known.value() == value).ok_or(start.error(&UPLOAD_LOCATION_INVALID))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.value());
        Ok(())
    }
}

/// How assets are downloaded (draft-ietf-mimi-room-policy-03 section 6.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DownloadPrivacyType {
    /// By the client itself (draft-ietf-mimi-protocol-06 section 5.10.1).
    Direct,
    /// Through a proxy at the hub (draft-ietf-mimi-protocol-06 section 5.10.2).
    HubProxy,
    /// By Oblivious HTTP through the hub (draft-ietf-mimi-protocol-06 section 5.10.3).
    Ohttp,
}

impl DownloadPrivacyType {
    /// All values, in order.
    pub const ALL: [Self; 3] = [Self::Direct, Self::HubProxy, Self::Ohttp];

    /// The value on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Direct => 0,
            Self::HubProxy => 1,
            Self::Ohttp => 2,
        }
    }

    /// The draft's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::HubProxy => "hubProxy",
            Self::Ohttp => "ohttp",
        }
    }
}

impl fmt::Display for DownloadPrivacyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// req: RP03-6.4-12
impl Wire for DownloadPrivacyType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let value = r.u8()?;
        Self::ALL.into_iter().find(|known| known.value() == value).ok_or(start.error(&DOWNLOAD_TYPE_INVALID))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.value());
        Ok(())
    }
}

/// How assets may be downloaded (draft-ietf-mimi-room-policy-03 section 6.4).
///
/// No type is both allowed and forbidden, and the default is allowed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DownloadPrivacy {
    /// Ways that are allowed.
    pub allowed_download_types: Vec<DownloadPrivacyType>,
    /// Ways that are forbidden.
    pub forbidden_download_types: Vec<DownloadPrivacyType>,
    /// The way that is suggested.
    pub default_download_type: DownloadPrivacyType,
}

impl DownloadPrivacy {
    /// Through the hub in one way or the other, and never directly.
    pub fn through_hub() -> Self {
        Self {
            allowed_download_types: vec![DownloadPrivacyType::HubProxy, DownloadPrivacyType::Ohttp],
            forbidden_download_types: vec![DownloadPrivacyType::Direct],
            default_download_type: DownloadPrivacyType::HubProxy,
        }
    }

    /// Whether assets may be downloaded this way: it is allowed and not forbidden. A way that is in neither list is not allowed.
    // req: RP03-6.4-07, RP03-6.4-08
    pub fn permits(&self, way: DownloadPrivacyType) -> bool {
        self.allowed_download_types.contains(&way) && !self.forbidden_download_types.contains(&way)
    }

    fn check(&self) -> Result<(), &'static Rule> {
        // By type, since the lists can be long and repeat themselves.
        let both = |way| self.allowed_download_types.contains(way) && self.forbidden_download_types.contains(way);
        if DownloadPrivacyType::ALL.iter().any(both) {
            return Err(&DOWNLOAD_CONTRADICTORY);
        }
        if self.permits(self.default_download_type) { Ok(()) } else { Err(&DOWNLOAD_DEFAULT_NOT_ALLOWED) }
    }
}

// req: RP03-6.4-13
impl Wire for DownloadPrivacy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let privacy = Self {
            allowed_download_types: r.list()?,
            forbidden_download_types: r.list()?,
            default_download_type: DownloadPrivacyType::decode(r)?,
        };
        privacy.check().map(|()| privacy).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        codec::put_list(out, &self.allowed_download_types)?;
        codec::put_list(out, &self.forbidden_download_types)?;
        self.default_download_type.encode(out)
    }
}

/// The hosts to which assets of one provider's users go (draft-ietf-mimi-room-policy-03 section 6.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProviderAssetUploadDomains {
    /// The provider.
    pub provider: Domain,
    /// The hosts.
    pub asset_upload_destinations: Vec<Domain>,
}

fn decode_domain(r: &mut Reader<'_>) -> Result<Domain, DecodeError> {
    let start = r.clone();
    let octets = r.opaque()?;
    let domain = Domain::from_bytes(octets).ok().filter(|domain| domain.as_str().as_bytes() == octets);
    domain.ok_or(start.error(&DOMAIN_INVALID))
}

fn put_domain(domain: &Domain, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    codec::put_opaque(out, domain.as_str().as_bytes())
}

// req: RP03-6.4-10, RP03-6.4-11
impl Wire for ProviderAssetUploadDomains {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { provider: decode_domain(r)?, asset_upload_destinations: r.list_with(decode_domain)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_domain(&self.provider, out)?;
        codec::put_list_with(out, &self.asset_upload_destinations, put_domain)
    }
}

/// What is allowed with attached files (draft-ietf-mimi-room-policy-03 section 6.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AssetPolicy {
    /// Where assets are uploaded.
    pub asset_upload_location: AssetUploadLocation,
    /// The hosts of each provider, each provider once. If assets go to the hub it is the only provider.
    pub upload_domains: Vec<ProviderAssetUploadDomains>,
    /// How assets are downloaded.
    pub download_privacy: DownloadPrivacy,
    /// The largest image, in octets.
    pub max_image: u64,
    /// The largest audio file, in octets.
    pub max_audio: u64,
    /// The largest video, in octets.
    pub max_video: u64,
    /// The largest other file, in octets.
    pub max_attachment: u64,
    /// Media types that are not allowed. One without parameters means all with the same type and subtype.
    pub forbidden_media_types: Vec<MediaType>,
    /// If present, no other media types are allowed.
    pub permitted_media_types: Option<Vec<MediaType>>,
}

impl AssetPolicy {
    fn check(&self) -> Result<(), &'static Rule> {
        let mut providers: Vec<&Domain> = self.upload_domains.iter().map(|entry| &entry.provider).collect();
        providers.sort_unstable();
        if !providers.is_sorted_by(|a, b| a < b) {
            return Err(&PROVIDER_TWICE);
        }
        // req: RP03-6.4-04
        let alone = self.asset_upload_location != AssetUploadLocation::Hub || self.upload_domains.len() == 1;
        if alone { Ok(()) } else { Err(&HUB_NOT_ALONE) }
    }

    /// Checks the policy as one of a room on this hub: if assets go to the hub, the one provider in the list is this hub.
    ///
    /// # Errors
    /// The rule that is broken, also when it has nothing to do with the hub.
    // req: RP03-6.4-04
    pub fn check_for(&self, hub: &Domain) -> Result<(), &'static Rule> {
        self.check()?;
        self.download_privacy.check()?;
        let other = self.upload_domains.iter().any(|entry| entry.provider != *hub);
        if self.asset_upload_location == AssetUploadLocation::Hub && other { Err(&HUB_IS_OTHER) } else { Ok(()) }
    }
}

// req: RP03-6.4-14
impl Wire for AssetPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let policy = Self {
            asset_upload_location: AssetUploadLocation::decode(r)?,
            upload_domains: r.list()?,
            download_privacy: DownloadPrivacy::decode(r)?,
            max_image: r.u64()?,
            max_audio: r.u64()?,
            max_video: r.u64()?,
            max_attachment: r.u64()?,
            forbidden_media_types: r.list()?,
            permitted_media_types: r.optional_with(Reader::list)?,
        };
        policy.check().map(|()| policy).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        self.asset_upload_location.encode(out)?;
        codec::put_list(out, &self.upload_domains)?;
        self.download_privacy.encode(out)?;
        for size in [self.max_image, self.max_audio, self.max_video, self.max_attachment] {
            size.encode(out)?;
        }
        codec::put_list(out, &self.forbidden_media_types)?;
        out.push(u8::from(self.permitted_media_types.is_some()));
        self.permitted_media_types.as_deref().map_or(Ok(()), |permitted| codec::put_list(out, permitted))
    }
}

replaced_as_a_whole!(AssetPolicy, ASSET_POLICY, "asset_policy", "draft-ietf-mimi-room-policy-03 section 6.4");

#[cfg(test)]
mod tests;
