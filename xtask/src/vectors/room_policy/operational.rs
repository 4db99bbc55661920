//! Section 7: operational parameters.

use super::*;

const S71: &str = "draft-ietf-mimi-room-policy-03 section 7.1";
const STRATEGY: Rule = Rule("strategy-invalid", S71);
const DELAYS: Rule = Rule("delays-crossed", S71);
const TIMES: Rule = Rule("times-out-of-order", S71);

fn numbers(values: &[u16]) -> Both {
    list(values.iter().map(|value| (layout::u16(*value), (*value).into())).collect())
}

fn capabilities(full: bool) -> Both {
    let of_two = |values: &'static [u16]| numbers(if full { values } else { &[] });
    let content_types: &[u8] = if full { &[1, 2, 3] } else { &[] };
    inner(of([
        ("versions", of_two(&[1])),
        ("cipher_suites", of_two(&[1, 2])),
        ("extensions", of_two(&[6])),
        ("proposals", of_two(&[8, 0x0a0a])),
        ("credentials", of_two(&[1])),
        ("wire_formats", of_two(&[1, 2])),
        ("component_ids", of_two(&[0x0025])),
        ("safe_aad_types", of_two(&[])),
        ("media_types", list(if full { vec![media_type("application/mimi-content")] } else { vec![] })),
        ("content_types", list(content_types.iter().map(|value| (layout::u8(*value), (*value).into())).collect())),
    ]))
}

fn times(minimum: u64, default: u64, maximum: u64) -> Both {
    inner(of([("minimum_time", u64(minimum)), ("default_time", u64(default)), ("maximum_time", u64(maximum))]))
}

fn parameters(strategy: u8, delays: Option<(u64, u64)>, update: [u64; 3], full: bool) -> (Struct, Value) {
    let names = ["unspecified", "immediate_commit", "random_delay"];
    let name = names.get(usize::from(strategy)).copied().unwrap_or_default();
    let start = of([("pending_proposal_strategy", (layout::u8(strategy), name.into()))]);
    let policy = match delays {
        None => start,
        Some((least, most)) => and(start, of([("minimum_delay_ms", u64(least)), ("maximum_delay_ms", u64(most))])),
    };
    let [minimum, default, maximum] = update;
    let messages = of([
        ("epoch_tolerance", (layout::u8(3), 3.into())),
        ("pad_to_size", (layout::u16(256), 256.into())),
        ("max_generations_skipahead", u32(1000)),
    ]);
    of([
        ("mandatory_capabilities", capabilities(full)),
        ("default_capabilities", capabilities(false)),
        ("forbidden_capabilities", capabilities(false)),
        ("handshake_formats", numbers(&[1])),
        ("external_proposal_allowed", bool(true)),
        ("external_commit_allowed", bool(false)),
        ("pending_proposal_policy", inner(policy)),
        ("LeafNode_update_time", times(minimum, default, maximum)),
        ("app_message_policy", inner(messages)),
        ("max_kp_lifetime", u64(1)),
        ("max_credential_lifetime", u64(2)),
        ("resumption_psk_lifetime", u64(3)),
        ("sender_nonce_keypair_lifetime", times(0, 0, 0)),
        ("max_keypairs", u32(4)),
        ("buffer_incoming_message_time", times(1, 2, u64::from(u32::MAX))),
        ("max_buffered_messages", u32(5)),
    ])
}

pub(super) fn build() -> Result<Built> {
    let usual = parameters(2, Some((10, 500)), [1, 2, 3], true);
    let mut cases = vec![
        good("a random delay", &usual),
        good("no strategy, no capabilities", &parameters(0, None, [0, 0, 0], false)),
        good("an immediate commit; the three times are equal", &parameters(1, None, [7, 7, 7], false)),
        good("a delay that is not random", &parameters(2, Some((9, 9)), [0, 0, 1], false)),
    ];
    cases.extend(wire::malformed(&usual.0, "max_buffered_messages", "handshake_formats")?);
    cases.extend(bad_bools(&usual.0, &["external_proposal_allowed", "external_commit_allowed"])?);
    let path = "pending_proposal_policy/pending_proposal_strategy";
    cases.push(replaced("a strategy of 3", "UnknownValue", STRATEGY, &usual.0, path, layout::u8(3))?);
    let crossed = parameters(2, Some((11, 10)), [0, 0, 0], false).0;
    let path = "pending_proposal_policy/minimum_delay_ms";
    cases.push(broken("the shortest delay is longer than the longest", "Forbidden", DELAYS, &crossed, path)?);
    for times in [[2, 1, 3], [1, 3, 2], [3, 3, 2]] {
        let policy = parameters(0, None, times, false).0;
        cases.push(broken(&format!("the times {times:?}"), "Forbidden", TIMES, &policy, "LeafNode_update_time")?);
    }
    file(
        "operational-parameters",
        "OperationalParameters",
        "7.1",
        S71,
        "The data of component 0x0024, and its update, which replaces the data.",
        cases,
    )
}
