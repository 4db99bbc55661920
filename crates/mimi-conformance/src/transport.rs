//! How providers reach each other: TLS, Host and From (draft-ietf-mimi-protocol-06 section 4.1), and the directory (section 5.1).

use serde_json::Value;

use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Request, Shows, Speaks};
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict, expect};
use crate::target::ProviderTarget;

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[DIRECTORY, TLS, HEADERS];

static DIRECTORY: &[Check] = &[
    Check {
        id: "transport.s5.1.directory",
        sentence: "Every provider serves a directory with the endpoints of the flow.",
        explanation: "The directory is fetched from its well-known URI at each provider. It has to be a JSON object that names \
            keyMaterial, update, submitMessage, notify and groupInfo, each with an https URI template that has the variable \
            of the endpoint. A failure means that no other provider can find out where to send its requests.",
        draft: Draft::Protocol,
        section: "5.1",
        level: Level::Must,
        requirements: &["MP06-5.1-01", "MP06-5.1-02", "MP06-5.1-03", "MP06-5.1-04"],
        needs: &[],
        ask: |scenario| Box::pin(directory(scenario)),
    },
    Check {
        id: "transport.s5.1.endpoint-answers",
        sentence: "A well-formed request to an endpoint of the directory is answered.",
        explanation: "The suite plays the hub of a room of its own and asks each provider for key material of a user that does \
            not exist. The answer has to be status 200 with a KeyMaterialResponse. The checks that follow spoil this \
            request in one point each. A failure means that a proper request of another provider is refused.",
        draft: Draft::Protocol,
        section: "5.1",
        level: Level::Must,
        requirements: &["MP06-5.1-01", "MP06-4.1-01", "MP06-5.2-03", "MP06-5.2-04", "MP06-5.2-06"],
        needs: &["transport.s5.1.directory"],
        ask: |scenario| Box::pin(endpoint_answers(scenario)),
    },
];

static TLS: &[Check] = &[
    Check {
        id: "transport.s4.1.http1",
        sentence: "Every provider speaks HTTP/1.1.",
        explanation: "The proper request is sent on a connection that offers only HTTP/1.1. It has to be answered with status \
            200. A failure means that providers whose software has no HTTP/2 are shut out.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Interpretation("IP-13"),
        requirements: &["MP06-4.1-01"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(http_version(scenario, Speaks::Http1)),
    },
    Check {
        id: "transport.s4.1.http2",
        sentence: "Every provider speaks HTTP/2.",
        explanation: "The proper request is sent on a connection that offers only HTTP/2. It has to be answered with status 200. A \
            failure means that a busy hub needs a connection for each request under way.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Interpretation("IP-13"),
        requirements: &["MP06-4.1-01"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(http_version(scenario, Speaks::Http2)),
    },
    Check {
        id: "transport.s4.1.no-client-certificate",
        sentence: "A connection without a client certificate gets no answer.",
        explanation: "The proper request is sent without a client certificate. The connection has to end without an HTTP reply. A \
            failure means that the source provider is not authenticated.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-09"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(refused_connection(scenario, Shows::None)),
    },
    Check {
        id: "transport.s4.1.foreign-authority",
        sentence: "A client certificate of an unknown authority is refused.",
        explanation: "The proper request is sent with a certificate for the right domain, signed by an authority that the providers \
            do not know. The connection has to end without an HTTP reply. A failure means that anyone can make himself any \
            provider.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-09", "MP06-4.1-10"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(refused_connection(scenario, Shows::Foreign)),
    },
];

static HEADERS: &[Check] = &[
    Check {
        id: "transport.s4.1.from-other-domain",
        sentence: "A From header that names another domain than the certificate is refused.",
        explanation: "The suite keeps its own certificate and puts the domain of a provider under test into From. The answer has to \
            be a 4xx status with a problem document. A failure means that a provider can speak in another one's name.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-02", "MP06-4.1-05", "MP06-4.1-10"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(from_other_domain(scenario)),
    },
    Check {
        id: "transport.s4.1.from-missing",
        sentence: "A request without a From header is refused.",
        explanation: "The proper request is sent without From. The answer has to be a 4xx status with a problem document. A failure \
            means that requests are taken that do not say where they come from.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-02", "MP06-4.1-05"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(from_missing(scenario)),
    },
    Check {
        id: "transport.s4.1.from-malformed",
        sentence: "A From header that is not mimi@ and a domain, and nothing else, is refused.",
        explanation: "The proper request is sent with another local part, with a display name, with angle brackets, with two \
            addresses, without a domain and empty. Each has to be answered with a 4xx status and a problem document. A \
            failure means that two providers can read one From in two ways.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-06", "MP06-4.1-07", "MP06-4.1-08"],
        needs: &["transport.s5.1.endpoint-answers"],
        ask: |scenario| Box::pin(from_malformed(scenario)),
    },
    Check {
        id: "transport.s4.1.host-other",
        sentence: "A request whose Host is another provider is refused.",
        explanation: "The proper request is sent over HTTP/1.1 with a Host header that names the suite's own domain. The answer has \
            to be a 4xx status with a problem document. A failure means that a provider answers for domains that are not its \
            own.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-02", "MP06-4.1-03"],
        needs: &["transport.s4.1.http1"],
        ask: |scenario| Box::pin(host_other(scenario)),
    },
    Check {
        id: "transport.s4.1.host-port",
        sentence: "The port in the Host header does not matter.",
        explanation: "The proper request is sent over HTTP/1.1 with a Host header that names the provider and some other port. It has \
            to be answered with status 200. A failure means that a provider behind a port mapping cannot be reached.",
        draft: Draft::Protocol,
        section: "4.1",
        level: Level::Must,
        requirements: &["MP06-4.1-04"],
        needs: &["transport.s4.1.http1"],
        ask: |scenario| Box::pin(host_port(scenario)),
    },
];

// req: MP06-5.1-01, MP06-5.1-02, MP06-5.1-03, MP06-5.1-04
async fn directory(scenario: &mut Scenario) -> Verdict {
    let mut others = 0;
    for provider in scenario.target.providers.clone() {
        let directory = scenario.suite.directory(&provider).await?;
        for endpoint in Endpoint::ALL {
            let named = format!("{} in the directory of {}", endpoint.name(), provider.domain);
            let template = directory.get(endpoint.name()).and_then(Value::as_str);
            let template = template.ok_or_else(|| Halt::failed(&named, "no such text"))?;
            let variable = format!("{{{}}}", endpoint.variable());
            let right = template.starts_with("https://") && template.contains(&variable);
            expect(right, format!("{named} to be an https URI template with {variable}"), template)?;
        }
        others = directory.as_object().map_or(0, |members| members.len().saturating_sub(Endpoint::ALL.len()));
    }
    Ok(format!("{} endpoints at each provider, and {others} more", Endpoint::ALL.len()))
}

/// A proper request that changes nothing: key material of a user that does not exist.
async fn proper(scenario: &mut Scenario, provider: &ProviderTarget) -> Result<Request, Halt> {
    let nobody = format!("mimi://{}/u/{}", provider.domain, scenario.name("nobody"));
    let (dora, client) = scenario.suite.user("dora");
    let body = raw::key_material_request(&dora, &client, &nobody, &scenario.suite.room("transport"));
    scenario.suite.request_to(provider, Endpoint::KeyMaterial, &nobody, body).await
}

fn domains(scenario: &Scenario) -> String {
    let domains: Vec<&str> = scenario.target.providers.iter().map(|provider| provider.domain.as_str()).collect();
    domains.join(", ")
}

// req: MP06-5.1-01, MP06-4.1-01, MP06-5.2-03, MP06-5.2-04, MP06-5.2-06
async fn endpoint_answers(scenario: &mut Scenario) -> Verdict {
    for provider in scenario.target.providers.clone() {
        let request = proper(scenario, &provider).await?;
        let reply = scenario.suite.call(&provider, Speaks::Http2, request).await?;
        raw::KeyMaterialAnswer::read(reply.ok()?)?;
    }
    Ok(format!("answers from {}", domains(scenario)))
}

// req: MP06-4.1-01
async fn http_version(scenario: &mut Scenario, speaks: Speaks) -> Verdict {
    for provider in scenario.target.providers.clone() {
        let request = proper(scenario, &provider).await?;
        let reply = scenario.suite.call(&provider, speaks, request).await?;
        reply.ok()?;
        expect(reply.version == speaks.version(), format!("{:?}", speaks.version()), format!("{:?}", reply.version))?;
    }
    Ok(format!("{:?} with {}", speaks.version(), domains(scenario)))
}

// req: MP06-4.1-09, MP06-4.1-10
async fn refused_connection(scenario: &mut Scenario, shows: Shows) -> Verdict {
    let mut ended = String::new();
    for provider in scenario.target.providers.clone() {
        for speaks in [Speaks::Http1, Speaks::Http2] {
            let request = proper(scenario, &provider).await?;
            ended = match scenario.suite.call_showing(&provider, shows, speaks, request).await? {
                Err(ended) => ended,
                Ok(reply) if (400..500).contains(&reply.status) => {
                    return Err(Halt::Warning(format!(
                        "{} refuses in HTTP, after the TLS handshake: {}",
                        provider.domain,
                        reply.describe()
                    )));
                }
                Ok(reply) => return Err(Halt::failed("no reply", reply.describe())),
            };
        }
        // The provider has to be alive, or the silence would say nothing.
        let request = proper(scenario, &provider).await?;
        scenario.suite.call(&provider, Speaks::Http2, request).await?.ok()?;
    }
    let reason = ended.rsplit(": ").next().unwrap_or_default();
    Ok(format!("no reply from {}; the connection ended: {reason}", domains(scenario)))
}

// req: MP06-4.1-02, MP06-4.1-05, MP06-4.1-10
async fn from_other_domain(scenario: &mut Scenario) -> Verdict {
    let mut text = String::new();
    let providers = scenario.target.providers.clone();
    for (provider, other) in providers.iter().zip(providers.iter().cycle().skip(1)) {
        let request = proper(scenario, provider).await?;
        let request = Request { from: Some(format!("mimi@{}", other.domain)), ..request };
        text = scenario.suite.call(provider, Speaks::Http2, request).await?.refused()?;
    }
    Ok(text)
}

// req: MP06-4.1-02, MP06-4.1-05
async fn from_missing(scenario: &mut Scenario) -> Verdict {
    let mut text = String::new();
    for provider in scenario.target.providers.clone() {
        let request = proper(scenario, &provider).await?;
        let request = Request { from: None, ..request };
        text = scenario.suite.call(&provider, Speaks::Http2, request).await?.refused()?;
    }
    Ok(text)
}

// req: MP06-4.1-06, MP06-4.1-07, MP06-4.1-08
async fn from_malformed(scenario: &mut Scenario) -> Verdict {
    let domain = scenario.suite.domain().to_string();
    let malformed = [
        format!("root@{domain}"),
        format!("MIMI provider <mimi@{domain}>"),
        format!("<mimi@{domain}>"),
        format!("mimi@{domain}, mimi@{domain}"),
        "mimi@".to_owned(),
        domain,
        String::new(),
    ];
    let provider = scenario.provider(0)?;
    for from in &malformed {
        let request = proper(scenario, &provider).await?;
        let request = Request { from: Some(from.clone()), ..request };
        let reply = scenario.suite.call(&provider, Speaks::Http2, request).await?;
        reply.refused().map_err(|halt| with_context(halt, &format!("with From {from:?}")))?;
    }
    Ok(format!("{} malformed values refused", malformed.len()))
}

fn with_context(halt: Halt, context: &str) -> Halt {
    match halt {
        Halt::Failed { expected, observed } => Halt::failed(expected, format!("{observed}, {context}")),
        other => other,
    }
}

// req: MP06-4.1-02, MP06-4.1-03
async fn host_other(scenario: &mut Scenario) -> Verdict {
    let mut text = String::new();
    let host = scenario.suite.domain().to_string();
    for provider in scenario.target.providers.clone() {
        let request = proper(scenario, &provider).await?;
        let request = Request { host: Some(host.clone()), ..request };
        text = scenario.suite.call(&provider, Speaks::Http1, request).await?.refused()?;
    }
    Ok(text)
}

// req: MP06-4.1-04
async fn host_port(scenario: &mut Scenario) -> Verdict {
    for provider in scenario.target.providers.clone() {
        let request = proper(scenario, &provider).await?;
        let request = Request { host: Some(format!("{}:12345", provider.domain)), ..request };
        scenario.suite.call(&provider, Speaks::Http1, request).await?.ok()?;
    }
    Ok(format!("port 12345 taken by {}", domains(scenario)))
}
