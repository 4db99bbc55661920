//! What a provider lets others search for.

use std::collections::BTreeSet;

use super::{IdentifierQueryCode, IdentifierRequest, SearchField, SearchIdentifierType};

/// The standard claims of OpenID Connect Core 1.0 section 5.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StandardClaims;

impl StandardClaims {
    /// Their names.
    pub const NAMES: [&'static str; 20] = [
        "sub",
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "email",
        "email_verified",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "phone_number",
        "phone_number_verified",
        "address",
        "updated_at",
    ];

    /// Whether a claim is one of them.
    pub fn contains(name: &str) -> bool {
        Self::NAMES.contains(&name)
    }
}

/// A provider's rules for queries (draft-ietf-mimi-protocol-06 section 5.8). What a user lets be found is in the profile.
///
/// [`SearchPolicy::default`] forbids everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchPolicy {
    /// The fields that queries are supported on. Claims that are not standard claims are never supported. Case does not
    /// matter in the names of vCard properties.
    pub supported: BTreeSet<SearchField>,
    /// Supported fields that this asker may not use. If all are, the use of the endpoint is forbidden.
    pub forbidden: BTreeSet<SearchField>,
    /// Combinations of fields of which a query must have at least one, whole, and match it exactly; and then no more than
    /// one user may match. Empty if the provider makes no such demand. A combination with `partialName` or `wholeProfile`
    /// is never met, since those do not match exactly.
    pub exact: Vec<BTreeSet<SearchField>>,
    /// How many users a response names at most.
    pub max_results: usize,
    /// How many elements a query has at most.
    pub max_elements: usize,
    /// How many octets a value that is sought has at most.
    pub max_value_octets: usize,
    /// How many octets a value has at least where a part of a field is enough.
    pub min_partial_octets: usize,
}

impl SearchPolicy {
    /// Supports these fields, forbids none, names 16 users at most, takes 8 elements of 256 octets at most, and of 3 at least
    /// where a part is enough.
    pub fn supporting(fields: impl IntoIterator<Item = SearchField>) -> Self {
        Self {
            supported: fields.into_iter().collect(),
            forbidden: BTreeSet::new(),
            exact: Vec::new(),
            max_results: 16,
            max_elements: 8,
            max_value_octets: 256,
            min_partial_octets: 3,
        }
    }

    /// What is wrong with a query before any profile is looked at.
    ///
    /// A query without elements, or with an empty value, would match everybody and is forbidden; so is one beyond the limits.
    // req: MP06-5.8-17
    pub(super) fn refuse(&self, request: &IdentifierRequest) -> Option<IdentifierQueryCode> {
        let elements = &request.query_elements;
        if self.supported.is_subset(&self.forbidden) || elements.is_empty() || elements.len() > self.max_elements {
            return Some(IdentifierQueryCode::Forbidden);
        }
        if !elements.iter().all(|element| supports(&self.supported, &element.field)) {
            return Some(IdentifierQueryCode::UnsupportedField);
        }
        let allowed = elements.iter().all(|element| {
            let octets = element.search_value.len();
            let least = if is_exact(&element.field) { 1 } else { self.min_partial_octets.max(1) };
            (least..=self.max_value_octets).contains(&octets) && !contains(&self.forbidden, &element.field)
        });
        if !allowed {
            return Some(IdentifierQueryCode::Forbidden);
        }
        let has = |field: &SearchField| is_exact(field) && elements.iter().any(|element| same(&element.field, field));
        let exact = self.exact.is_empty() || self.exact.iter().any(|fields| fields.iter().all(has));
        (!exact).then_some(IdentifierQueryCode::Ambiguous)
    }

    /// Whether only one user may match.
    pub(super) fn is_unique(&self) -> bool {
        !self.exact.is_empty()
    }
}

fn supports(supported: &BTreeSet<SearchField>, field: &SearchField) -> bool {
    match field {
        SearchField::OidcStdClaim(name) if !StandardClaims::contains(name) => false,
        _ => contains(supported, field),
    }
}

fn contains(fields: &BTreeSet<SearchField>, field: &SearchField) -> bool {
    fields.contains(field) || fields.iter().any(|own| same(own, field))
}

fn same(a: &SearchField, b: &SearchField) -> bool {
    match (a, b) {
        (SearchField::VcardField(a), SearchField::VcardField(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

fn is_exact(field: &SearchField) -> bool {
    !matches!(field.search_type(), SearchIdentifierType::PartialName | SearchIdentifierType::WholeProfile)
}
