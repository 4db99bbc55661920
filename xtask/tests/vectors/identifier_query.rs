//! Finding users, reporting abuse, and the URLs that a hub fetches.

use std::collections::BTreeSet;

use mimi_arch::UserUri;
use mimi_protocol::Wire;
use mimi_protocol::directory::ValueError;
use mimi_protocol::identifier_query::{
    Field, FieldKind, IdentifierRequest, IdentifierResponse, Profile, SearchField, SearchPolicy, Searchable, answer,
};
use mimi_protocol::mls::AppDataDictionary;
use mimi_protocol::proxy_download::{AssetHosts, DownloadError, permit, permit_path};
use mimi_protocol::report_abuse::AbuseReport;
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::describe::{self, camel};
use crate::{Verdict, kebab, refused};

fn dictionary(dictionary: &AppDataDictionary) -> Value {
    let entries = dictionary.entries().iter();
    entries.map(|entry| json!({"component_id": entry.component_id.0, "data": hex::encode(&entry.data)})).collect()
}

/// The meaning of a request.
pub(crate) fn request(request: &IdentifierRequest) -> Value {
    let elements: Value = request
        .query_elements
        .iter()
        .map(|element| {
            let mut described = json!({
                "searchType": camel(&format!("{:?}", element.field.search_type())),
                "searchValue": element.search_value,
            });
            match &element.field {
                SearchField::OidcStdClaim(name) => described["claimName"] = json!(name),
                SearchField::VcardField(name) => described["propertyName"] = json!(name),
                _ => {}
            }
            described
        })
        .collect();
    json!({"query_elements": elements, "id_request_extensions": dictionary(&request.id_request_extensions)})
}

/// The meaning of a response.
pub(crate) fn response(response: &IdentifierResponse) -> Value {
    let profiles = response.found_profiles.iter().map(|profile| {
        let fields = profile.fields.iter().map(|field| {
            json!({
                "fieldSource": camel(&format!("{:?}", field.field_source)),
                "fieldName": field.field_name,
                "fieldValue": hex::encode(&field.field_value),
            })
        });
        json!({"stableUri": profile.stable_uri.as_str(), "fields": fields.collect::<Value>()})
    });
    json!({
        "responseCode": camel(&format!("{:?}", response.response_code)),
        "uri": response.uri.iter().map(|uri| uri.as_str()).collect::<Value>(),
        "foundProfiles": profiles.collect::<Value>(),
        "id_response_extensions": dictionary(&response.id_response_extensions),
    })
}

/// The meaning of a report.
pub(crate) fn report(report: &AbuseReport) -> Value {
    let messages = report.messages.iter().map(|message| {
        json!({
            "message_content": hex::encode(&message.message_content),
            "frank": describe::frank(&Some(message.frank.clone())),
            "accepted_timestamp": message.accepted_timestamp.0,
        })
    });
    json!({
        "reportingUser": report.reporter().map_or("", |uri| uri.as_str()),
        "allegedAbuserUri": report.alleged_abuser_uri.as_str(),
        "reasonCode": report.reason_code.0,
        "note": report.note,
        "messages": messages.collect::<Value>(),
        "abuse_extensions": dictionary(&report.abuse_extensions),
    })
}

fn search_field(text: &Value) -> SearchField {
    let text = text.as_str().unwrap();
    match text.split_once(':') {
        Some(("oidcStdClaim", name)) => SearchField::OidcStdClaim(name.to_owned()),
        Some(("vcardField", name)) => SearchField::VcardField(name.to_owned()),
        _ => match text {
            "handle" => SearchField::Handle,
            "nick" => SearchField::Nick,
            "email" => SearchField::Email,
            "phone" => SearchField::Phone,
            "partialName" => SearchField::PartialName,
            "wholeProfile" => SearchField::WholeProfile,
            other => panic!("search for {other}"),
        },
    }
}

fn search_fields(list: &Value) -> BTreeSet<SearchField> {
    list.as_array().unwrap().iter().map(search_field).collect()
}

fn policy(policy: &Value) -> SearchPolicy {
    let number = |name: &str| usize::try_from(policy[name].as_u64().unwrap()).unwrap();
    SearchPolicy {
        supported: search_fields(&policy["supported"]),
        forbidden: search_fields(&policy["forbidden"]),
        exact: policy["exact"].as_array().unwrap().iter().map(search_fields).collect(),
        max_results: number("maxResults"),
        max_elements: number("maxElements"),
        max_value_octets: number("maxValueOctets"),
        min_partial_octets: number("minPartialOctets"),
    }
}

struct Described<'a> {
    uri: UserUri,
    fields: Vec<Field<'a>>,
}

impl<'a> Described<'a> {
    fn new(profile: &'a Value) -> Self {
        let field = |field: &'a Value| {
            let kind = field["kind"].as_str().unwrap();
            let kind = match kind.split_once(':') {
                Some(("oidcStdClaim", name)) => FieldKind::OidcStdClaim(name),
                Some(("vcardField", name)) => FieldKind::VcardField(name),
                _ => match kind {
                    "handle" => FieldKind::Handle,
                    "nick" => FieldKind::Nick,
                    "email" => FieldKind::Email,
                    "phone" => FieldKind::Phone,
                    "name" => FieldKind::Name,
                    other => panic!("a field of kind {other}"),
                },
            };
            let searchable = match field["searchable"].as_str().unwrap() {
                "no" => Searchable::No,
                "exactly" => Searchable::Exactly,
                "inPart" => Searchable::InPart,
                other => panic!("searchable {other}"),
            };
            Field { kind, value: field["value"].as_str().unwrap(), searchable }
        };
        Self {
            uri: profile["stableUri"].as_str().unwrap().parse().unwrap(),
            fields: profile["fields"].as_array().unwrap().iter().map(field).collect(),
        }
    }
}

impl Profile for Described<'_> {
    fn stable_uri(&self) -> &UserUri {
        &self.uri
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().copied()
    }
}

/// Answers a query.
pub(crate) fn query(test: &TestCase) -> Verdict {
    // req: MP06-5.8-04, MP06-5.8-08, MP06-5.8-09, MP06-5.8-10, MP06-5.8-11, MP06-5.8-12
    // req: MP06-5.8-13, MP06-5.8-14, MP06-5.8-15, MP06-5.8-16, MP06-5.8-17
    let request = IdentifierRequest::from_bytes(&test.octets("encoded").unwrap()).unwrap();
    let profiles: Vec<Described<'_>> = test.fields["profiles"].as_array().unwrap().iter().map(Described::new).collect();
    let ours = answer(&request, &policy(&test.fields["searchPolicy"]), &profiles);
    assert_eq!(camel(&format!("{:?}", ours.response_code)), test.text("answerCode").unwrap(), "{}", test.comment);
    assert_eq!(hex::encode(ours.to_bytes().unwrap()), test.text("answer").unwrap(), "{}", test.comment);
    Ok(())
}

/// Permits a download, or not.
pub(crate) fn download(test: &TestCase) -> Verdict {
    // req: MP06-5.10.2-01, MP06-5.10.2-02, MP06-5.10.2-03
    let mut hosts = AssetHosts::new();
    for host in test.fields["assetHosts"].as_array().unwrap() {
        let (host, port) = host.as_str().unwrap().split_once(':').unwrap();
        hosts.allow_port(host.parse().unwrap(), port.parse().unwrap());
    }
    let path = format!("/mimi/v1/proxyDownload/{}", test.text("segment").unwrap());
    let permitted = permit_path(&path, &hosts).map_err(|error| {
        let (offset, rule) = match error {
            DownloadError::Url(error) => {
                (Some(error.offset()), format!("download-{}", kebab(&format!("{:?}", error.rule()))))
            }
            DownloadError::Value(error) => {
                let rule = match error {
                    ValueError::Escape { .. } => "percent-encoding-broken",
                    ValueError::Character { .. } => "percent-encoding-missing",
                    ValueError::NotUtf8 => "percent-encoding-not-utf8",
                    other => panic!("{other}"),
                };
                (error.offset(), rule.to_owned())
            }
            other => panic!("{other}"),
        };
        ExpectedError { offset, ..refused(&rule, error.section()) }
    })?;
    assert_eq!(permitted.url(), test.text("url").unwrap());
    assert_eq!(permit(permitted.url(), &hosts), Ok(permitted), "the normal form is its own normal form");
    Ok(())
}
