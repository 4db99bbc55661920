//! The part of `mimi client` that is about users: consent, profiles, searches, the account.

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_client::{Client, ConsentSummary, Conveyed, ProfileField, ProfileFieldName};
use mimi_protocol::{
    consent::ScopeState,
    identifier_query::{FieldSource, IdentifierQueryCode, IdentifierResponse, QueryElement, SearchField, Searchable},
};

use crate::client_command::{printable, room_uri};

#[derive(Subcommand)]
pub(crate) enum ConsentAction {
    /// Asks a user for consent to be added to a room, or to any.
    Ask(ConsentScope),
    /// Takes a request back, which was for the same user and room.
    Cancel(ConsentScope),
    /// Lets a user add this user, asked or not.
    Grant {
        #[command(flatten)]
        scope: ConsentScope,
        /// Sends key packages along, so that the user can add this one without asking for them.
        #[arg(long)]
        key_packages: bool,
    },
    /// Takes consent back, or denies it beforehand.
    Revoke {
        #[command(flatten)]
        scope: ConsentScope,
        /// Lets the other provider know; without this the decision stays private.
        #[arg(long)]
        tell: bool,
    },
    /// Shows what others asked for, what was decided, and what this user asked for.
    List,
    /// Says whether others need this user's consent where nothing was decided, or changes it.
    Require {
        /// Changes it.
        #[arg(value_parser = ["yes", "no"])]
        answer: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct ConsentScope {
    /// The other user's URI, for example mimi://b.example/u/bob.
    user: String,
    /// The room's URI or name; any room if absent.
    #[arg(long)]
    room: Option<String>,
}

impl ConsentScope {
    fn parse(&self, client: &Client) -> anyhow::Result<(UserUri, Option<RoomUri>)> {
        let user = self.user.parse().with_context(|| format!("{:?} is not a user's URI", self.user))?;
        let room = self.room.as_deref().map(|room| room_uri(client, room)).transpose()?;
        Ok((user, room))
    }
}

pub(crate) async fn consent(client: &Client, action: ConsentAction) -> anyhow::Result<()> {
    let (user, conveyed) = match action {
        ConsentAction::List => return list(client).await,
        ConsentAction::Require { answer } => {
            let required = client.requires_consent(answer.map(|answer| answer == "yes")).await?;
            println!("consent is {}", if required { "required" } else { "not required" });
            return Ok(());
        }
        ConsentAction::Ask(scope) => {
            let (user, room) = scope.parse(client)?;
            let conveyed = client.request_consent(&user, room.as_ref()).await?;
            (user, conveyed)
        }
        ConsentAction::Cancel(scope) => {
            let (user, room) = scope.parse(client)?;
            let conveyed = client.cancel_consent(&user, room.as_ref()).await?;
            (user, conveyed)
        }
        ConsentAction::Grant { scope, key_packages } => {
            let (user, room) = scope.parse(client)?;
            let conveyed = client.grant_consent(&user, room.as_ref(), key_packages).await?;
            (user, conveyed)
        }
        ConsentAction::Revoke { scope, tell } => {
            let (user, room) = scope.parse(client)?;
            let conveyed = client.revoke_consent(&user, room.as_ref(), tell).await?;
            (user, conveyed)
        }
    };
    match conveyed {
        Conveyed::Received => println!("{} has received it", user.domain()),
        Conveyed::UserUnknown => println!("{} says that it has no user {user}", user.domain()),
        Conveyed::Kept => println!("kept here; {} is not told", user.domain()),
    }
    Ok(())
}

async fn list(client: &Client) -> anyhow::Result<()> {
    let consents = client.consents().await?;
    if consents.of_others.is_empty() && consents.to_others.is_empty() {
        println!("nothing asked, nothing decided");
    }
    for consent in &consents.of_others {
        println!("{}", line(consent, ["asks", "may add this user", "may not add this user"]));
    }
    for consent in &consents.to_others {
        println!("{}", line(consent, ["was asked", "may be added", "may not be added"]));
    }
    Ok(())
}

fn line(consent: &ConsentSummary, [asked, granted, denied]: [&str; 3]) -> String {
    let room = consent.room.as_ref().map_or_else(|| "any room".to_owned(), ToString::to_string);
    let state = match consent.state {
        ScopeState::Unknown => "nothing".to_owned(),
        ScopeState::Requested => asked.to_owned(),
        ScopeState::Granted => granted.to_owned(),
        ScopeState::Denied => denied.to_owned(),
        ScopeState::DeniedRequested => format!("{denied}, {asked} again"),
    };
    format!("{}  {state}  ({room})", consent.user)
}

#[derive(Subcommand)]
pub(crate) enum ProfileAction {
    /// Shows the profile.
    Show,
    /// Sets a field, in place of those with the same name.
    Set {
        /// `handle`, or the name of a standard claim of OpenID Connect (given_name, nickname, email, ...), or
        /// `vcard:PROPERTY`.
        field: String,
        /// The value; several for a field that has several.
        #[arg(required = true)]
        values: Vec<String>,
        /// What queries may find it.
        #[arg(long, value_enum, default_value = "no")]
        searchable: SearchableArgument,
    },
    /// Removes a field.
    Remove {
        /// As with `set`.
        field: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SearchableArgument {
    /// None.
    No,
    /// Those that have its whole value.
    Exactly,
    /// Also those that have a part of it.
    InPart,
}

impl From<SearchableArgument> for Searchable {
    fn from(argument: SearchableArgument) -> Self {
        match argument {
            SearchableArgument::No => Self::No,
            SearchableArgument::Exactly => Self::Exactly,
            SearchableArgument::InPart => Self::InPart,
        }
    }
}

pub(crate) async fn profile(client: &Client, action: ProfileAction) -> anyhow::Result<()> {
    let mut fields = client.profile().await?;
    match action {
        ProfileAction::Show => {}
        ProfileAction::Set { field, values, searchable } => {
            let name = field_name(&field);
            fields.retain(|field| !same_name(&field.name, &name));
            let searchable = searchable.into();
            fields.extend(values.into_iter().map(|value| ProfileField { name: name.clone(), value, searchable }));
            fields = client.set_profile(fields).await?;
        }
        ProfileAction::Remove { field } => {
            let name = field_name(&field);
            let before = fields.len();
            fields.retain(|field| !same_name(&field.name, &name));
            if fields.len() == before {
                bail!("the profile has no field {field:?}");
            }
            fields = client.set_profile(fields).await?;
        }
    }
    if fields.is_empty() {
        println!("the profile is empty");
    }
    for field in &fields {
        let searchable = match field.searchable {
            Searchable::No => "not searchable",
            Searchable::Exactly => "searchable by its whole value",
            Searchable::InPart => "searchable by a part",
        };
        println!("{}  {}  ({searchable})", name_text(&field.name), printable(&field.value));
    }
    Ok(())
}

fn field_name(text: &str) -> ProfileFieldName {
    match text.split_once(':') {
        Some(("vcard", property)) => ProfileFieldName::VcardField(property.to_ascii_uppercase()),
        _ if text == "handle" => ProfileFieldName::Handle,
        _ => ProfileFieldName::OidcStdClaim(text.to_owned()),
    }
}

fn name_text(name: &ProfileFieldName) -> String {
    match name {
        ProfileFieldName::Handle => "handle".to_owned(),
        ProfileFieldName::OidcStdClaim(claim) => claim.clone(),
        ProfileFieldName::VcardField(property) => format!("vcard:{property}"),
    }
}

fn same_name(a: &ProfileFieldName, b: &ProfileFieldName) -> bool {
    match (a, b) {
        (ProfileFieldName::VcardField(a), ProfileFieldName::VcardField(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

#[derive(Args)]
pub(crate) struct FindArguments {
    /// The provider to ask.
    domain: String,
    /// A whole handle, like im:alice@b.example.
    #[arg(long)]
    handle: Option<String>,
    /// A nickname, or the user part of a handle.
    #[arg(long)]
    nick: Option<String>,
    /// An email address.
    #[arg(long)]
    email: Option<String>,
    /// A telephone number, like +12125551212.
    #[arg(long)]
    phone: Option<String>,
    /// A part of a name.
    #[arg(long)]
    name: Option<String>,
    /// A part of anything in the profile.
    #[arg(long)]
    any: Option<String>,
    /// A standard claim of OpenID Connect and its value.
    #[arg(long, value_name = "NAME=VALUE")]
    claim: Vec<String>,
    /// A vCard property and its value.
    #[arg(long, value_name = "NAME=VALUE")]
    vcard: Vec<String>,
}

impl FindArguments {
    fn elements(&self) -> anyhow::Result<Vec<QueryElement>> {
        let plain = [
            (SearchField::Handle, &self.handle),
            (SearchField::Nick, &self.nick),
            (SearchField::Email, &self.email),
            (SearchField::Phone, &self.phone),
            (SearchField::PartialName, &self.name),
            (SearchField::WholeProfile, &self.any),
        ];
        let mut elements: Vec<QueryElement> = plain
            .into_iter()
            .filter_map(|(field, value)| Some(QueryElement { field, search_value: value.clone()? }))
            .collect();
        for text in &self.claim {
            let (name, value) = named(text)?;
            elements.push(QueryElement { field: SearchField::OidcStdClaim(name), search_value: value });
        }
        for text in &self.vcard {
            let (name, value) = named(text)?;
            elements.push(QueryElement { field: SearchField::VcardField(name), search_value: value });
        }
        if elements.is_empty() {
            bail!("say what to look for: --nick, --handle, --email, --phone, --name, --any, --claim or --vcard");
        }
        Ok(elements)
    }
}

fn named(text: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text.split_once('=').with_context(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn find(client: &Client, arguments: FindArguments) -> anyhow::Result<()> {
    let domain: Domain =
        arguments.domain.parse().with_context(|| format!("{:?} is not a domain name", arguments.domain))?;
    let answer = client.find(&domain, arguments.elements()?).await?;
    for text in found(&domain, &answer) {
        println!("{text}");
    }
    Ok(())
}

fn found(domain: &Domain, answer: &IdentifierResponse) -> Vec<String> {
    let said = match answer.response_code {
        IdentifierQueryCode::Success => None,
        IdentifierQueryCode::NotFound => Some("finds nobody"),
        IdentifierQueryCode::Ambiguous => Some("wants a field, or fields together, that match one user exactly"),
        IdentifierQueryCode::Forbidden => Some("does not allow this query"),
        IdentifierQueryCode::UnsupportedField => Some("does not support queries on one of these fields"),
    };
    if let Some(said) = said {
        return vec![format!("{domain} {said}")];
    }
    let mut lines = Vec::new();
    for profile in &answer.found_profiles {
        lines.push(printable(profile.stable_uri.as_str()));
        for field in &profile.fields {
            let vocabulary = match field.field_source {
                FieldSource::OidcStdClaim => "",
                FieldSource::VcardField => "vcard:",
            };
            let value = String::from_utf8_lossy(&field.field_value);
            lines.push(format!("  {vocabulary}{}  {}", printable(&field.field_name), printable(&value)));
        }
    }
    let has_profile = |uri: &str| answer.found_profiles.iter().any(|profile| profile.stable_uri.as_str() == uri);
    lines.extend(answer.uri.iter().map(|uri| uri.as_str()).filter(|uri| !has_profile(uri)).map(printable));
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::{
        IdentifierUri,
        identifier_query::{ProfileField as FoundField, UserProfile},
        mls::AppDataDictionary,
    };

    use super::*;

    fn response(response_code: IdentifierQueryCode, uri: &[&str], profiles: Vec<UserProfile>) -> IdentifierResponse {
        IdentifierResponse {
            response_code,
            uri: uri.iter().map(|uri| IdentifierUri::new(*uri)).collect(),
            found_profiles: profiles,
            id_response_extensions: AppDataDictionary::default(),
        }
    }

    #[test]
    fn what_is_found_is_shown_once_and_cannot_steer_the_terminal() {
        let domain = "b.example".parse().unwrap();
        let fields = vec![FoundField {
            field_source: FieldSource::VcardField,
            field_name: "ORG".to_owned(),
            field_value: b"x\x1b[2J".to_vec(),
        }];
        let profile = UserProfile { stable_uri: IdentifierUri::new("mimi://b.example/u/bob"), fields };
        let uris = ["mimi://b.example/u/bob", "mimi://b.example/u/bo"];
        let lines = found(&domain, &response(IdentifierQueryCode::Success, &uris, vec![profile]));
        assert_eq!(lines, ["mimi://b.example/u/bob", "  vcard:ORG  x\u{fffd}[2J", "mimi://b.example/u/bo"]);
        for code in IdentifierQueryCode::ALL.into_iter().skip(1) {
            assert_eq!(found(&domain, &response(code, &[], vec![])).len(), 1);
        }
    }

    #[test]
    fn a_field_is_a_handle_a_claim_or_a_property() {
        assert_eq!(field_name("handle"), ProfileFieldName::Handle);
        assert_eq!(name_text(&field_name("vcard:org")), "vcard:ORG");
        assert_eq!(name_text(&field_name("given_name")), "given_name");
        assert!(same_name(&field_name("vcard:org"), &ProfileFieldName::VcardField("Org".to_owned())));
    }

    #[test]
    fn a_consent_is_said_in_words() {
        let consent = ConsentSummary {
            user: "mimi://a.example/u/alice".parse().unwrap(),
            room: None,
            state: ScopeState::DeniedRequested,
        };
        assert_eq!(
            line(&consent, ["asks", "may", "may not"]),
            "mimi://a.example/u/alice  may not, asks again  (any room)"
        );
    }
}
