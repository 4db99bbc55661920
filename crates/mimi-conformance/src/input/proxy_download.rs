//! URLs that a hub has to fetch for nobody (section 5.10.2).

use reqwest::Method;

use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Reply, Request, Speaks};
use crate::scenario::{Halt, Scenario, Verdict};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "input.s5.10.2.foreign-host",
        sentence: "The hub downloads nothing from a host that is not listed for a peer provider.",
        explanation: "The suite asks the hub to download from hosts of its own making: one that nobody has, one below a provider's \
            domain, the hub itself, an address of the local network, and the loopback address. Each has to be refused with a \
            4xx status. A failure means that the hub is an open proxy, perhaps into its own network.",
        draft: Draft::Protocol,
        section: "5.10.2",
        level: Level::Must,
        requirements: &["MP06-5.10.2-02", "MP06-5.10.2-03"],
        needs: &[],
        ask: |scenario| Box::pin(foreign_host(scenario)),
    },
    Check {
        id: "input.s5.10.2.bad-url",
        sentence: "What is no plain https URL is not downloaded.",
        explanation: "The suite asks the hub to download from URLs of other schemes, with user information, with a fragment, with \
            characters that stand in no URI, and from no URL at all. Each has to be refused with a 4xx status. A failure \
            means that two readers of the URL can see two hosts in it.",
        draft: Draft::Protocol,
        section: "5.10.2",
        level: Level::Interpretation("IP-55"),
        requirements: &["MP06-5.10.2-02"],
        needs: &[],
        ask: |scenario| Box::pin(bad_url(scenario)),
    },
    Check {
        id: "input.s5.10.2.method",
        sentence: "Downloads are asked for with GET alone.",
        explanation: "The suite sends POST, PUT and DELETE to proxyDownload. Each has to be answered 405. A failure means that a \
            download may change something.",
        draft: Draft::Protocol,
        section: "5.10.2",
        level: Level::Must,
        requirements: &["MP06-5.10.2-01"],
        needs: &[],
        ask: |scenario| Box::pin(method(scenario)),
    },
];

async fn ask(scenario: &mut Scenario, method: Method, url: &str) -> Result<Reply, Halt> {
    let hub = scenario.provider(0)?;
    let request = scenario.suite.request_to(&hub, Endpoint::ProxyDownload, url, Vec::new()).await?;
    scenario.suite.call(&hub, Speaks::Http2, Request { method, ..request }).await
}

async fn each_refused(scenario: &mut Scenario, urls: &[String]) -> Verdict {
    let mut text = String::new();
    for url in urls {
        let reply = ask(scenario, Method::GET, url).await?;
        text = reply.refused().map_err(|halt| match halt {
            Halt::Failed { expected, observed } => Halt::failed(expected, format!("{observed}, for {url:?}")),
            other => other,
        })?;
    }
    Ok(format!("{} URLs refused, the last with {text}", urls.len()))
}

// req: MP06-5.10.2-02, MP06-5.10.2-03
async fn foreign_host(scenario: &mut Scenario) -> Verdict {
    let (hub, peer) = (scenario.provider(0)?.domain, scenario.provider(1)?.domain);
    let hosts = [
        "no-such-host.invalid".to_owned(),
        format!("assets.no-such-host.{peer}"),
        hub.to_string(),
        "127.0.0.1".to_owned(),
        "[::1]".to_owned(),
        "10.0.0.1:8443".to_owned(),
        "localhost".to_owned(),
    ];
    each_refused(scenario, &hosts.map(|host| format!("https://{host}/asset"))).await
}

// req: MP06-5.10.2-02
async fn bad_url(scenario: &mut Scenario) -> Verdict {
    let peer = scenario.provider(1)?.domain;
    let urls = [
        format!("http://{peer}/asset"),
        format!("ftp://{peer}/asset"),
        "file:///etc/passwd".to_owned(),
        format!("https://{peer}@no-such-host.invalid/"),
        format!("https://{peer}/asset#part"),
        format!("https://{peer}/a b"),
        format!("https://{peer}\\@no-such-host.invalid/"),
        "asset".to_owned(),
    ];
    each_refused(scenario, &urls).await
}

// req: MP06-5.10.2-01
async fn method(scenario: &mut Scenario) -> Verdict {
    let mut text = String::new();
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        text = ask(scenario, method, "https://assets.invalid/").await?.refused_with(&[405])?;
    }
    Ok(text)
}
