//! Lists of media types (draft-ietf-mimi-room-policy-03 section 6.4).

use mimi_arch::media_type::MediaType;

use super::AssetPolicy;

impl AssetPolicy {
    /// Whether content of this media type is allowed: an entry of the permitted types, if there are any, covers it and none of the
    /// forbidden types does. An entry covers what has its parameters and any more.
    // req: RP03-6.4-16, RP03-6.4-17
    // req: RP03-6.4-18
    // req: RP03-6.4-19
    pub fn permits_media_type(&self, media_type: &MediaType) -> bool {
        let covered = |list: &[MediaType]| list.iter().any(|entry| entry.covers(media_type));
        self.permitted_media_types.as_deref().is_none_or(covered) && !covered(&self.forbidden_media_types)
    }

    /// Permitted types of which nothing is left, since a forbidden type covers them.
    pub fn futile_media_types(&self) -> impl Iterator<Item = &MediaType> {
        let permitted = self.permitted_media_types.as_deref().unwrap_or_default();
        permitted.iter().filter(|entry| self.forbidden_media_types.iter().any(|forbidden| forbidden.covers(entry)))
    }
}
