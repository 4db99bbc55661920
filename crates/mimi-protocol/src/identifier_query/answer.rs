//! Answers a query from the profiles of a provider's users (draft-ietf-mimi-protocol-06 section 5.8).

use super::{
    Field, FieldKind, FieldSource, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, Profile, ProfileField,
    SearchPolicy, Searchable, UserProfile,
};
use crate::identifier_uri::IdentifierUri;
use crate::mls::AppDataDictionary;

/// Answers a query (draft-ietf-mimi-protocol-06 section 5.8).
///
/// The answer depends on fields that may be searched for and on nothing else of the profiles: whoever asks cannot tell a
/// user who is not searchable from one who is not there. Of a profile that is found, the answer tells the fields that may be
/// searched in part, and those whose value the query has in full; a field that is found by its whole value only is not
/// told to somebody who does not know it.
///
/// Users are named in the order of `profiles`, as far as the limit of the policy allows.
// req: MP06-5.8-04, MP06-5.8-15, MP06-5.8-16, MP06-5.8-17
pub fn answer<'p, P: Profile + 'p>(
    request: &IdentifierRequest,
    policy: &SearchPolicy,
    profiles: impl IntoIterator<Item = &'p P>,
) -> IdentifierResponse {
    if let Some(code) = policy.refuse(request) {
        return IdentifierResponse::nobody(code);
    }
    let matches = |profile: &P| request.query_elements.iter().all(|element| element.matches(profile));
    // One more than is told, to see whether the match is the only one.
    let limit = if policy.is_unique() { 2 } else { policy.max_results };
    let found: Vec<&P> = profiles.into_iter().filter(|profile| matches(profile)).take(limit).collect();
    if policy.is_unique() && found.len() > 1 {
        return IdentifierResponse::nobody(IdentifierQueryCode::Ambiguous);
    }
    let found: Vec<&P> = found.into_iter().take(policy.max_results).collect();
    if found.is_empty() {
        return IdentifierResponse::nobody(IdentifierQueryCode::NotFound);
    }
    IdentifierResponse {
        response_code: IdentifierQueryCode::Success,
        uri: found.iter().map(|profile| IdentifierUri::from(profile.stable_uri())).collect(),
        found_profiles: found.into_iter().map(|profile| told(request, profile)).collect(),
        id_response_extensions: AppDataDictionary::default(),
    }
}

/// What the asker is told of a profile that matches.
fn told(request: &IdentifierRequest, profile: &impl Profile) -> UserProfile {
    let is_told = |field: &Field<'_>| match field.searchable {
        Searchable::No => false,
        Searchable::Exactly => request
            .query_elements
            .iter()
            .any(|element| element.search_value == field.value && element.matches_field(field)),
        Searchable::InPart => true,
    };
    let fields = profile.fields().filter(is_told).filter_map(|field| {
        let (field_source, name) = match field.kind {
            FieldKind::OidcStdClaim(name) => (FieldSource::OidcStdClaim, name),
            FieldKind::VcardField(name) => (FieldSource::VcardField, name),
            _ => return None,
        };
        Some(ProfileField { field_source, field_name: name.to_owned(), field_value: field.value.as_bytes().to_vec() })
    });
    UserProfile { stable_uri: IdentifierUri::from(profile.stable_uri()), fields: fields.collect() }
}
