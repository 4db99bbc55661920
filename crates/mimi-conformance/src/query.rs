//! Finding the internal URI of a user (draft-ietf-mimi-protocol-06 section 5.8), with the three users of the draft's example.

use mimi_client::{ProfileField, ProfileFieldName};
use mimi_protocol::identifier_query::{QueryElement, SearchField, Searchable};
use reqwest::Method;

use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Request, Speaks};
use crate::raw::{
    self, EMAIL, HANDLE, NICK, OIDC_STD_CLAIM, PARTIAL_NAME, PHONE, QueryAnswer, WHOLE_PROFILE, identifier_request,
};
use crate::scenario::{Halt, Scenario, Verdict, expect, has_to, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[QUERIES];

/// The check that makes the profiles for all others of the group.
const PROFILE: &str = "query.s5.8.profile";

/// What the checks of this group share.
#[derive(Default)]
pub(crate) struct Query {
    xavier: Option<Xavier>,
}

/// What can be known of xavier.
#[derive(Clone)]
struct Xavier {
    uri: String,
    handle: String,
    nick: String,
    given_name: String,
    family_name: String,
    email: String,
    /// Zach's, who does not want to be found.
    hidden_handle: String,
    hidden_name: String,
}

static QUERIES: &[Check] = &[
    Check {
        id: "query.s5.8.profile",
        sentence: "A user can make a profile of which parts are searchable.",
        explanation: "Xavier registers at the second provider and sets handle, nickname and names; he lets the given \
            name be found by a part, the handle, nickname and family name by the whole, and an email \
            address not at all. Zach registers with the same fields and lets nothing be found. The group is \
            skipped if the provider does not offer identifierQuery. A failure means that profiles are not \
            kept.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-15"],
        needs: &[],
        ask: |scenario| Box::pin(profile(scenario)),
    },
    Check {
        id: "query.s5.8.finds",
        sentence: "A query that matches finds the user, by each kind of search that the profile allows.",
        explanation: "The suite asks for xavier by handle, nick, the user part of the handle as a nick, a part of the \
            given name in another case, a part of anything, and a claim. Each answer has to be success (0) \
            with his URI; a kind of search that the provider does not support is left out. A failure means \
            that users cannot be found as they wish to be.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &[
            "MP06-5.8-05",
            "MP06-5.8-06",
            "MP06-5.8-07",
            "MP06-5.8-08",
            "MP06-5.8-09",
            "MP06-5.8-12",
            "MP06-5.8-13",
            "MP06-5.8-14",
            "MP06-5.8-16",
            "MP06-5.8-21",
        ],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(finds(scenario)),
    },
    Check {
        id: "query.s5.8.all-elements",
        sentence: "All elements of a query have to match.",
        explanation: "The suite asks for xavier's handle together with his family name, and with another one. The \
            first answer has to be success (0), the second may name nobody. A failure means that elements \
            are joined by or.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-04"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(all_elements(scenario)),
    },
    Check {
        id: "query.s5.8.exact",
        sentence: "What has to match exactly is not found by a part of it or in another case.",
        explanation: "The suite asks for a part of the handle, of the nickname and of the family name, and for the \
            nickname in capitals. No answer may name anybody. A failure means that users are found by less \
            than they allow.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-08", "MP06-5.8-09", "MP06-5.8-14", "MP06-5.8-15"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(exact(scenario)),
    },
    Check {
        id: "query.s5.8.not-searchable",
        sentence: "What is not searchable finds nobody, and looks like what is not there.",
        explanation: "The suite asks for xavier's email address, for zach's handle and name, and for a handle that \
            nobody has. No answer may name anybody, and the answers for zach have to be octet for octet \
            those for nobody. A failure means that users are found, or known to exist, against their will.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-10", "MP06-5.8-15", "MP06-5.8-17"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(not_searchable(scenario)),
    },
    Check {
        id: "query.s5.8.refused",
        sentence: "A query that asks for everybody is not answered.",
        explanation: "The suite sends a query without elements, one with an empty value, and one for a claim that \
            OpenID Connect does not have. No answer may name anybody, and the last one has to be \
            unsupportedField (4) or forbidden (3). A failure means that the directory can be read out.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-17", "MP06-5.8-22"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(refused(scenario)),
    },
    Check {
        id: "query.s5.8.other-domain",
        sentence: "A query for another domain is refused.",
        explanation: "The suite sends the second provider a query with the first one's domain in the path. The answer \
            has to be a 4xx status with a problem document. A failure means that a provider answers for \
            users it does not have.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-03"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(other_domain(scenario)),
    },
    Check {
        id: "query.s5.8.malformed",
        sentence: "A malformed query is refused.",
        explanation: "A well-formed query is sent cut short, with an octet after the end, with search type 0 and 9, \
            and with a value that is not UTF-8. Each answer has to be a 4xx status with a problem document. \
            A failure means that the provider acts on half a query, or breaks on it.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-05", "MP06-5.8-06", "MP06-5.8-07"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(malformed(scenario)),
    },
    Check {
        id: "query.s5.8.unknown-method",
        sentence: "The endpoint takes POST and no other method.",
        explanation: "GET, PUT and DELETE are sent. The answer has to be status 405 with a problem document. A \
            failure means that a request is carried out that the draft does not know.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-03"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(unknown_method(scenario)),
    },
    Check {
        id: "query.s5.8.relayed",
        sentence: "A user's own provider asks the other provider for the user.",
        explanation: "Yolanda, a user of the first provider, looks for xavier's nickname at the second one, twice. \
            She has to get his URI, and the same answer both times. A failure means that queries do not \
            find the way to the other provider, or change something there.",
        draft: Draft::Protocol,
        section: "5.8",
        level: Level::Must,
        requirements: &["MP06-5.8-01", "MP06-5.8-02"],
        needs: &[PROFILE],
        ask: |scenario| Box::pin(relayed(scenario)),
    },
];

fn field(name: &str, value: &str, searchable: Searchable) -> ProfileField {
    let name = match name {
        "handle" => ProfileFieldName::Handle,
        claim => ProfileFieldName::OidcStdClaim(claim.to_owned()),
    };
    ProfileField { name, value: value.to_owned(), searchable }
}

/// Sends a query to the second provider.
async fn ask(scenario: &mut Scenario, elements: &[(u8, &str, &str)]) -> Result<QueryAnswer, Halt> {
    let provider = scenario.provider(1)?;
    let domain = provider.domain.to_string();
    let body = identifier_request(elements);
    let reply = scenario.suite.post(&provider, Endpoint::IdentifierQuery, &domain, body).await?;
    QueryAnswer::read(reply.ok()?)
}

fn xavier(scenario: &Scenario) -> Result<Xavier, Halt> {
    left_by_earlier(scenario.query.xavier.as_ref()).cloned()
}

// req: MP06-5.8-15
async fn profile(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    scenario.suite.offers(&provider, &[Endpoint::IdentifierQuery]).await?;
    let client = scenario.register(1, "xavier", "B10", None).await?;
    let zach = scenario.register(1, "zach", "B11", None).await?;
    let known = Xavier {
        uri: client.user().to_string(),
        handle: format!("im:{}@{}", scenario.name("xavier.sales"), provider.domain),
        nick: scenario.name("xav"),
        given_name: scenario.name("Matthew"),
        family_name: scenario.name("Matali"),
        email: format!("{}@{}", scenario.name("xavier"), provider.domain),
        hidden_handle: format!("im:{}@{}", scenario.name("zach"), provider.domain),
        hidden_name: scenario.name("Zacharias"),
    };
    let fields = vec![
        field("handle", &known.handle, Searchable::Exactly),
        field("nickname", &known.nick, Searchable::Exactly),
        field("given_name", &known.given_name, Searchable::InPart),
        field("family_name", &known.family_name, Searchable::Exactly),
        field("email", &known.email, Searchable::No),
    ];
    let kept = has_to("xavier can set a profile", client.set_profile(fields.clone()).await)?;
    expect(kept == fields, "the profile as it was set", format!("{} fields", kept.len()))?;
    let hidden = vec![
        field("handle", &known.hidden_handle, Searchable::No),
        field("given_name", &known.hidden_name, Searchable::No),
    ];
    has_to("zach can set a profile", zach.set_profile(hidden).await)?;
    scenario.query.xavier = Some(known);
    Ok("two profiles".to_owned())
}

// req: MP06-5.8-05, MP06-5.8-06, MP06-5.8-07, MP06-5.8-08, MP06-5.8-09, MP06-5.8-12, MP06-5.8-13, MP06-5.8-14
// req: MP06-5.8-16, MP06-5.8-18, MP06-5.8-19, MP06-5.8-20, MP06-5.8-21
async fn finds(scenario: &mut Scenario) -> Verdict {
    let known = xavier(scenario)?;
    let user_part = scenario.name("xavier.sales");
    let part = known.given_name.to_uppercase();
    let whole = known.given_name.get(1..).unwrap_or_default().to_owned();
    let mut unsupported = Vec::new();
    for (what, element) in [
        ("handle", (HANDLE, "", known.handle.as_str())),
        ("nick", (NICK, "", known.nick.as_str())),
        ("nick of a handle", (NICK, "", user_part.as_str())),
        ("partialName", (PARTIAL_NAME, "", part.as_str())),
        ("wholeProfile", (WHOLE_PROFILE, "", whole.as_str())),
        ("oidcStdClaim", (OIDC_STD_CLAIM, "family_name", known.family_name.as_str())),
    ] {
        let answer = ask(scenario, &[element]).await?;
        if [3, 4].contains(&answer.code) {
            answer.has_nobody(&[3, 4])?;
            unsupported.push(what);
            continue;
        }
        answer.has(&known.uri).map_err(|halt| match halt {
            Halt::Failed { expected, observed } => Halt::failed(expected, format!("{observed}, by {what}")),
            other => other,
        })?;
    }
    expect(unsupported.len() < 6, "at least one kind of search", "none is supported")?;
    Ok(if unsupported.is_empty() {
        "found by each of six".to_owned()
    } else {
        format!("found; not supported: {}", unsupported.join(", "))
    })
}

// req: MP06-5.8-04
async fn all_elements(scenario: &mut Scenario) -> Verdict {
    let known = xavier(scenario)?;
    let name = (OIDC_STD_CLAIM, "family_name", known.family_name.as_str());
    let other = (OIDC_STD_CLAIM, "family_name", "Mather");
    let handle = (HANDLE, "", known.handle.as_str());
    let both = ask(scenario, &[handle, name]).await?;
    if [3, 4].contains(&both.code) {
        return Err(Halt::Skipped("the provider does not support the two fields".to_owned()));
    }
    both.has(&known.uri)?;
    ask(scenario, &[handle, other]).await?.has_nobody(&[1, 2])
}

// req: MP06-5.8-08, MP06-5.8-09, MP06-5.8-14, MP06-5.8-15
async fn exact(scenario: &mut Scenario) -> Verdict {
    let known = xavier(scenario)?;
    let cut = |text: &str| text.get(..text.len() - 1).unwrap_or_default().to_owned();
    let (handle, nick, family) = (cut(&known.handle), cut(&known.nick), cut(&known.family_name));
    let capitals = known.nick.to_uppercase();
    let mut text = String::new();
    for element in [
        (HANDLE, "", handle.as_str()),
        (NICK, "", nick.as_str()),
        (NICK, "", capitals.as_str()),
        (OIDC_STD_CLAIM, "family_name", family.as_str()),
        (PARTIAL_NAME, "", family.as_str()),
    ] {
        text = ask(scenario, &[element]).await?.has_nobody(&[1, 2, 3, 4])?;
    }
    Ok(text)
}

// req: MP06-5.8-10, MP06-5.8-11, MP06-5.8-15, MP06-5.8-17
async fn not_searchable(scenario: &mut Scenario) -> Verdict {
    let known = xavier(scenario)?;
    ask(scenario, &[(EMAIL, "", &known.email)]).await?.has_nobody(&[1, 2, 3, 4])?;
    ask(scenario, &[(PHONE, "", "+12125551212")]).await?.has_nobody(&[1, 2, 3, 4])?;
    let nobodys = format!("{}-no", known.hidden_name);
    for (hidden, nobody) in [
        ((HANDLE, "", known.hidden_handle.as_str()), (HANDLE, "", known.email.as_str())),
        ((PARTIAL_NAME, "", known.hidden_name.as_str()), (PARTIAL_NAME, "", nobodys.as_str())),
    ] {
        let (hidden, nobody) = (ask(scenario, &[hidden]).await?, ask(scenario, &[nobody]).await?);
        hidden.has_nobody(&[1, 2, 3, 4])?;
        expect(hidden == nobody, format!("{nobody:?}, as for nobody"), format!("{hidden:?}"))?;
    }
    Ok("nobody is found".to_owned())
}

// req: MP06-5.8-17, MP06-5.8-22
async fn refused(scenario: &mut Scenario) -> Verdict {
    ask(scenario, &[]).await?.has_nobody(&[1, 2, 3, 4])?;
    ask(scenario, &[(WHOLE_PROFILE, "", "")]).await?.has_nobody(&[1, 2, 3, 4])?;
    ask(scenario, &[(OIDC_STD_CLAIM, "shoe_size", "38")]).await?.has_nobody(&[3, 4])
}

// req: MP06-5.8-03
async fn other_domain(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let other = scenario.provider(0)?.domain.to_string();
    let body = identifier_request(&[(NICK, "", "x")]);
    scenario.suite.post(&provider, Endpoint::IdentifierQuery, &other, body).await?.refused()
}

// req: MP06-5.8-05, MP06-5.8-06, MP06-5.8-07, MP06-5.8-23
async fn malformed(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let domain = provider.domain.to_string();
    let good = identifier_request(&[(NICK, "", "xavier"), (OIDC_STD_CLAIM, "email", "x")]);
    let mut bodies = raw::truncations(&good);
    bodies.push([good.as_slice(), &[0]].concat());
    bodies.push(identifier_request(&[(0, "", "x")]));
    bodies.push(identifier_request(&[(9, "x", "x")]));
    bodies.push([raw::vector(&[NICK, 1, 0xff]), raw::vector(&[])].concat());
    let sent = bodies.len();
    for body in bodies {
        scenario.suite.post(&provider, Endpoint::IdentifierQuery, &domain, body).await?.refused()?;
    }
    Ok(format!("{sent} bodies refused"))
}

// req: MP06-5.8-03
async fn unknown_method(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let domain = provider.domain.to_string();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = identifier_request(&[(NICK, "", "x")]);
        let request = scenario.suite.request_to(&provider, Endpoint::IdentifierQuery, &domain, body).await?;
        let request = Request { method, ..request };
        scenario.suite.call(&provider, Speaks::Http2, request).await?.refused_with(&[405])?;
    }
    Ok("405 for GET, PUT and DELETE".to_owned())
}

// req: MP06-5.8-01, MP06-5.8-02
async fn relayed(scenario: &mut Scenario) -> Verdict {
    let known = xavier(scenario)?;
    let domain = scenario.provider(1)?.domain;
    let yolanda = scenario.register(0, "yolanda", "A9", None).await?;
    let query = || vec![QueryElement { field: SearchField::Nick, search_value: known.nick.clone() }];
    let first = has_to("yolanda can ask", yolanda.find(&domain, query()).await)?;
    let second = has_to("yolanda can ask again", yolanda.find(&domain, query()).await)?;
    let uris: Vec<&str> = first.uri.iter().map(|uri| uri.as_str()).collect();
    expect(uris == [known.uri.as_str()], &known.uri, format!("{:?}, {uris:?}", first.response_code))?;
    expect(first == second, "the same answer twice", "another one")?;
    Ok(known.uri)
}
