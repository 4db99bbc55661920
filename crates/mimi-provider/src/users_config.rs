//! What a provider tells others about its users: the sections `[users]` and `[search]` of the configuration.

use std::collections::BTreeSet;

use crate::config::SettingProblem;
use mimi_ds::follower::ClaimPolicy;
use mimi_protocol::identifier_query::{SearchField, SearchPolicy, StandardClaims};

/// The vCard properties (RFC 6350) that can be searched for unless the configuration says otherwise.
const VCARD_FIELDS: [&str; 8] = ["FN", "N", "NICKNAME", "EMAIL", "TEL", "ORG", "TITLE", "ROLE"];

/// What other providers are told about users. By default they cannot tell who exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsersConfig {
    /// Tells that a user is unknown or deleted, where noConsent and 201 would hide it (sections 5.2 and 5.7).
    pub reveal_unknown: bool,
    /// Tells that consent is missing for one room and not for others (section 5.2).
    pub tell_rooms_apart: bool,
    /// Lets hubs send something only for clients whose tokens they show (draft-robert-mimi-delivery-service, Enqueue authorization).
    pub enqueue_authorization: bool,
}

impl UsersConfig {
    pub(crate) const fn claim_policy(self) -> ClaimPolicy {
        ClaimPolicy { reveals_unknown_users: self.reveal_unknown, tells_rooms_apart: self.tell_rooms_apart }
    }
}

/// What other providers may search for (section 5.8). A user is found only by what the user made searchable.
///
/// A field is written `handle`, `nick`, `email`, `phone`, `partialName`, `wholeProfile`, `oidcStdClaim:NAME` or
/// `vcardField:NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchConfig {
    /// The fields that queries are supported on; by default all kinds, all standard claims and the usual vCard properties.
    pub fields: Option<Vec<String>>,
    /// Supported fields that may not be used; `["*"]` forbids all queries.
    pub forbidden: Vec<String>,
    /// Combinations of fields of which a query has to match one exactly; none by default.
    pub exact: Vec<Vec<String>>,
    /// How many users an answer names at most; 16 by default.
    pub max_results: Option<usize>,
}

impl SearchConfig {
    /// The policy that the settings mean.
    ///
    /// # Errors
    /// When a field is none.
    pub(crate) fn policy(&self) -> Result<SearchPolicy, SettingProblem> {
        let mut policy = SearchPolicy::supporting(match &self.fields {
            Some(fields) => named("search.fields", fields)?,
            None => usual_fields(),
        });
        policy.forbidden = match self.forbidden.as_slice() {
            [all] if all == "*" => policy.supported.clone(),
            fields => named("search.forbidden", fields)?,
        };
        policy.exact = self.exact.iter().map(|fields| named("search.exact", fields)).collect::<Result<_, _>>()?;
        if let Some(most) = self.max_results {
            policy.max_results = most.max(1);
        }
        Ok(policy)
    }
}

fn usual_fields() -> BTreeSet<SearchField> {
    let kinds = [
        SearchField::Handle,
        SearchField::Nick,
        SearchField::Email,
        SearchField::Phone,
        SearchField::PartialName,
        SearchField::WholeProfile,
    ];
    let claims = StandardClaims::NAMES.into_iter().map(|name| SearchField::OidcStdClaim(name.to_owned()));
    let properties = VCARD_FIELDS.into_iter().map(|name| SearchField::VcardField(name.to_owned()));
    kinds.into_iter().chain(claims).chain(properties).collect()
}

fn named(setting: &str, fields: &[String]) -> Result<BTreeSet<SearchField>, SettingProblem> {
    fields
        .iter()
        .map(|text| {
            field(text).ok_or_else(|| {
                let problem = format!(
                    "{text:?} is not one of handle, nick, email, phone, partialName, wholeProfile, oidcStdClaim:NAME, \
                     vcardField:NAME"
                );
                SettingProblem::new(setting, problem)
            })
        })
        .collect()
}

fn field(text: &str) -> Option<SearchField> {
    Some(match text.split_once(':') {
        None => match text {
            "handle" => SearchField::Handle,
            "nick" => SearchField::Nick,
            "email" => SearchField::Email,
            "phone" => SearchField::Phone,
            "partialName" => SearchField::PartialName,
            "wholeProfile" => SearchField::WholeProfile,
            _ => return None,
        },
        Some(("oidcStdClaim", name)) if StandardClaims::contains(name) => SearchField::OidcStdClaim(name.to_owned()),
        Some(("vcardField", name)) if !name.is_empty() => SearchField::VcardField(name.to_owned()),
        Some(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn by_default_nobody_learns_who_exists_and_all_kinds_are_supported() {
        assert_eq!(UsersConfig::default().claim_policy(), ClaimPolicy::default());
        let policy = SearchConfig::default().policy().unwrap();
        assert_eq!(policy.supported.len(), 6 + StandardClaims::NAMES.len() + VCARD_FIELDS.len());
        assert!(policy.forbidden.is_empty() && policy.exact.is_empty());
    }

    #[test]
    fn fields_are_written_as_the_draft_names_them() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let config = SearchConfig {
            fields: Some(texts(&["handle", "oidcStdClaim:given_name", "vcardField:ORG"])),
            forbidden: texts(&["handle"]),
            exact: vec![texts(&["oidcStdClaim:given_name", "vcardField:ORG"])],
            max_results: Some(0),
        };
        let policy = config.policy().unwrap();
        assert_eq!((policy.supported.len(), policy.forbidden.len(), policy.max_results), (3, 1, 1));
        assert_eq!(policy.exact[0].len(), 2);
        let all = SearchConfig { forbidden: vec!["*".to_owned()], ..config };
        let policy = all.policy().unwrap();
        assert_eq!(policy.forbidden, policy.supported);
    }

    #[test]
    fn a_field_that_is_none_is_named_with_its_setting() {
        for text in ["hand", "oidcStdClaim:shoe_size", "vcardField:", "nick:x"] {
            let config = SearchConfig { forbidden: vec![text.to_owned()], ..SearchConfig::default() };
            let error = config.policy().unwrap_err().to_string();
            assert!(error.contains("search.forbidden") && error.contains(text), "{error}");
        }
    }
}
