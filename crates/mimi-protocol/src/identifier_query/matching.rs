//! When a profile matches an element of a query (draft-ietf-mimi-protocol-06 section 5.8).
//!
//! Only fields that their user made searchable take part; the others might as well not be there. Text is compared as it
//! stands, without Unicode normalisation. A search that ignores case compares the lowercase mapping of each character
//! (Unicode's `Lowercase_Mapping`, without language and context), so `İ` becomes `i` with a dot above, and the two
//! small sigmas stay apart.

use mimi_arch::UserUri;

use super::{QueryElement, SearchField};

/// What queries may find a field (draft-ietf-mimi-protocol-06 section 5.8).
// req: MP06-5.8-15
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Searchable {
    /// None: the field takes no part in any search.
    #[default]
    No,
    /// Those that have its whole value.
    Exactly,
    /// Also those that have a part of its value.
    InPart,
}

/// What a field of a profile is (draft-ietf-mimi-protocol-06 section 5.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FieldKind<'a> {
    /// A handle URI, `im:alice.smith@a.example`.
    Handle,
    /// A nickname.
    Nick,
    /// An email address, an addr-spec of RFC 5322.
    Email,
    /// A telephone number in international form.
    Phone,
    /// A name of the user or a part of one.
    Name,
    /// The standard claim of OpenID Connect with this name.
    OidcStdClaim(&'a str),
    /// The vCard property with this name, in which case does not matter (RFC 6350 section 3.3).
    VcardField(&'a str),
}

impl FieldKind<'_> {
    /// Whether the field contains the name of the user.
    fn is_name(self) -> bool {
        match self {
            Self::Name => true,
            Self::OidcStdClaim(claim) => matches!(claim, "name" | "given_name" | "family_name" | "middle_name"),
            Self::VcardField(property) => is_one_of(property, &["FN", "N"]),
            _ => false,
        }
    }

    fn is_nick(self) -> bool {
        match self {
            Self::Nick => true,
            Self::OidcStdClaim(claim) => claim == "nickname",
            Self::VcardField(property) => is_one_of(property, &["NICKNAME"]),
            _ => false,
        }
    }

    fn is_email(self) -> bool {
        match self {
            Self::Email => true,
            Self::OidcStdClaim(claim) => claim == "email",
            Self::VcardField(property) => is_one_of(property, &["EMAIL"]),
            _ => false,
        }
    }

    fn is_phone(self) -> bool {
        match self {
            Self::Phone => true,
            Self::OidcStdClaim(claim) => claim == "phone_number",
            Self::VcardField(property) => is_one_of(property, &["TEL"]),
            _ => false,
        }
    }
}

fn is_one_of(property: &str, names: &[&str]) -> bool {
    names.iter().any(|name| property.eq_ignore_ascii_case(name))
}

/// One field of a profile (draft-ietf-mimi-protocol-06 section 5.8). A field with several values is several fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Field<'a> {
    /// What it is.
    pub kind: FieldKind<'a>,
    /// Its value.
    pub value: &'a str,
    /// What queries may find it.
    pub searchable: Searchable,
}

/// What a provider knows of one of its users, and what of it may be found (draft-ietf-mimi-protocol-06 section 5.8).
pub trait Profile {
    /// The user's internal URI.
    fn stable_uri(&self) -> &UserUri;

    /// All fields, in the order in which they are told.
    fn fields(&self) -> impl Iterator<Item = Field<'_>>;
}

impl QueryElement {
    /// Whether some searchable field of the profile matches this element. An empty value matches nothing.
    pub fn matches(&self, profile: &impl Profile) -> bool {
        profile.fields().any(|field| self.matches_field(&field))
    }

    /// Whether one field matches this element.
    // req: MP06-5.8-08, MP06-5.8-09, MP06-5.8-10, MP06-5.8-11
    // req: MP06-5.8-12, MP06-5.8-13, MP06-5.8-14, MP06-5.8-15
    pub fn matches_field(&self, field: &Field<'_>) -> bool {
        let sought = self.search_value.as_str();
        if field.searchable == Searchable::No || sought.is_empty() {
            return false;
        }
        let exact = field.value == sought;
        match &self.field {
            SearchField::Handle => field.kind == FieldKind::Handle && exact,
            SearchField::Nick if field.kind == FieldKind::Handle => handle_user_part(field.value) == Some(sought),
            SearchField::Nick => field.kind.is_nick() && exact,
            SearchField::Email => field.kind.is_email() && exact,
            SearchField::Phone => field.kind.is_phone() && exact && is_international(sought),
            SearchField::PartialName => {
                field.kind.is_name() && is_found(field.searchable, &lowercase(field.value), &lowercase(sought))
            }
            SearchField::WholeProfile => is_found(field.searchable, field.value, sought),
            SearchField::OidcStdClaim(claim) => field.kind == FieldKind::OidcStdClaim(claim) && exact,
            SearchField::VcardField(name) => match field.kind {
                FieldKind::VcardField(property) => property.eq_ignore_ascii_case(name) && exact,
                _ => false,
            },
        }
    }
}

/// A part of the value, or the whole of it where the user lets only that be searched for.
fn is_found(searchable: Searchable, value: &str, sought: &str) -> bool {
    match searchable {
        Searchable::No => false,
        Searchable::Exactly => value == sought,
        Searchable::InPart => value.contains(sought),
    }
}

fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The user part of a handle URI: `alice.smith` of `im:alice.smith@a.example` and of `mimi://a.example/u/alice.smith`. It is
/// not percent-decoded.
fn handle_user_part(handle: &str) -> Option<&str> {
    let (scheme, rest) = handle.split_once(':')?;
    if scheme.eq_ignore_ascii_case("mimi") {
        let (_, path) = rest.strip_prefix("//")?.split_once('/')?;
        return path.strip_prefix("u/");
    }
    rest.rsplit_once('@').map(|(user, _)| user)
}

/// Whether this is a plus sign and digits, none of them a leading zero.
fn is_international(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}
