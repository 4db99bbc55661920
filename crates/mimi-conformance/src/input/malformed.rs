//! Bodies that are not what the endpoint takes: cut short, too long, with something after the end.

use super::{ROOM, sample};
use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict};

/// How much larger than the others a body may be where it carries trees or messages in the clear.
const ROOM_FOR_TREES: usize = 32;

macro_rules! of_each_endpoint {
    ($($section:literal $endpoint:ident $requirement:literal;)*) => {
        &[$(
            Check {
                id: concat!("input.s", $section, ".truncated"),
                sentence: "A body that is cut short is refused.",
                explanation: "A well-formed body is sent empty, cut to its first octet, to its half, and short of its last octet. Each \
                    has to be answered with a 4xx status and a problem document, and the room has to stay as it was. A \
                    failure means that the provider acts on half a request, or breaks on it.",
                draft: Draft::Protocol,
                section: $section,
                level: Level::Interpretation("IP-12"),
                requirements: &[$requirement],
                needs: &[ROOM],
                ask: |scenario| Box::pin(truncated(scenario, Endpoint::$endpoint)),
            },
            Check {
                id: concat!("input.s", $section, ".trailing-octets"),
                sentence: "A body with something after its end is refused.",
                explanation: "A well-formed body is sent with one octet after it, and with itself cut to half after it. Each has to be \
                    answered with a 4xx status and a problem document, and the room has to stay as it was. A failure means \
                    that two providers can read one body in two ways.",
                draft: Draft::Protocol,
                section: $section,
                level: Level::Interpretation("IP-12"),
                requirements: &[$requirement],
                needs: &[ROOM],
                ask: |scenario| Box::pin(trailing_octets(scenario, Endpoint::$endpoint)),
            },
            Check {
                id: concat!("input.s", $section, ".body-limit"),
                sentence: "A body over the limit is refused.",
                explanation: "A body is sent that is larger than the target says its providers take: by one octet, or 32 times as \
                    large where bodies carry trees or reported messages. The answer has to be status 413 with a problem document, and the room has \
                    to stay as it was. A failure means that one request can fill the provider's memory.",
                draft: Draft::Protocol,
                section: $section,
                level: Level::Interpretation("IP-12"),
                requirements: &[$requirement],
                needs: &[ROOM],
                ask: |scenario| Box::pin(body_limit(scenario, Endpoint::$endpoint)),
            },
        )*]
    };
}

pub(super) static CHECKS: &[Check] = of_each_endpoint! {
    "5.2" KeyMaterial "MP06-5.2-14";
    "5.3" Update "MP06-5.3-09";
    "5.4" SubmitMessage "MP06-5.4-02";
    "5.5" Notify "MP06-5.5-10";
    "5.6" GroupInfo "MP06-5.6-11";
    "5.9" ReportAbuse "MP06-5.9-02";
};

async fn each_refused(
    scenario: &mut Scenario,
    endpoint: Endpoint,
    bodies: Vec<Vec<u8>>,
    status: Option<u16>,
) -> Verdict {
    let sample = sample(scenario, endpoint).await?;
    let mut text = String::new();
    for body in bodies {
        let length = body.len();
        let reply = scenario.suite.post(&sample.provider, endpoint, &sample.value, body).await?;
        let refused = match status {
            Some(status) => reply.refused_with(&[status]),
            None => reply.refused(),
        };
        text = refused.map_err(|halt| match halt {
            Halt::Failed { expected, observed } => {
                Halt::failed(expected, format!("{observed}, for a body of {length} octets"))
            }
            other => other,
        })?;
    }
    scenario.input.room()?.is_untouched().await?;
    Ok(text)
}

// req: MP06-5.2-14, MP06-5.3-09, MP06-5.4-02, MP06-5.5-10, MP06-5.6-11, MP06-5.9-02
async fn truncated(scenario: &mut Scenario, endpoint: Endpoint) -> Verdict {
    let body = sample(scenario, endpoint).await?.body;
    each_refused(scenario, endpoint, raw::truncations(&body), None).await
}

// req: MP06-5.2-14, MP06-5.3-09, MP06-5.4-02, MP06-5.5-10, MP06-5.6-11, MP06-5.9-02
async fn trailing_octets(scenario: &mut Scenario, endpoint: Endpoint) -> Verdict {
    let body = sample(scenario, endpoint).await?.body;
    let half: Vec<u8> = body.iter().copied().take(body.len() / 2).collect();
    let longer = vec![[body.as_slice(), &[0]].concat(), [body.as_slice(), half.as_slice()].concat()];
    each_refused(scenario, endpoint, longer, None).await
}

// req: MP06-5.2-14, MP06-5.3-09, MP06-5.4-02, MP06-5.5-10, MP06-5.6-11, MP06-5.9-02
async fn body_limit(scenario: &mut Scenario, endpoint: Endpoint) -> Verdict {
    let limit = match endpoint {
        Endpoint::Update | Endpoint::Notify | Endpoint::ReportAbuse => {
            scenario.target.body_limit.saturating_mul(ROOM_FOR_TREES)
        }
        _ => scenario.target.body_limit,
    };
    each_refused(scenario, endpoint, vec![vec![0; limit.saturating_add(1)]], Some(413)).await
}
