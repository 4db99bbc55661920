//! `mimi admin reports`: what was reported to a provider as a hub (draft-ietf-mimi-protocol-06 section 5.9), for the person who deals with
//! it. The messages that a report proves are shown by `show` alone.

use std::path::Path;

use anyhow::bail;
use mimi_ds::{SqliteStore, Store};
use mimi_protocol::{codec::Wire as _, report_abuse::AbuseReport};
use mimi_provider::{ReceivedReport, StoredReports};
use serde_json::{Value, json};

use super::listing::{Listing, time};
use crate::{client_command::printable, reports_command::said};

/// How many are read at once.
const PAGE: usize = 64;

pub(super) fn list(store: &SqliteStore, all: bool) -> anyhow::Result<Listing> {
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = store.abuse_reports(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for stored in page.iter().filter(|stored| all || stored.handled.is_none()) {
            let report = AbuseReport::from_bytes(&stored.report)?;
            rows.push(vec![
                json!(stored.id),
                time(stored.received),
                json!(printable(report.alleged_abuser_uri.as_str())),
                json!(stored.room.as_str()),
                json!(stored.source.as_str()),
                json!(report.messages.len()),
                stored.handled.map_or(Value::Null, time),
            ]);
        }
    }
    let columns = ["number", "received", "abuser", "room", "sent by", "messages", "handled"];
    Ok(Listing::table(&columns, if all { "no reports" } else { "no reports wait" }, rows))
}

pub(super) fn show(database: &Path, number: u64) -> anyhow::Result<Listing> {
    let ReceivedReport { id, source, room, received, handled, report } = found(database, number)?.1;
    let text = |text: &str| json!(printable(text));
    let messages = report
        .messages
        .iter()
        .map(|message| json!({ "accepted": time(message.accepted_timestamp), "text": said(message) }));
    Ok(Listing::single(vec![
        ("number", json!(id)),
        ("received", time(received)),
        ("abuser", text(report.alleged_abuser_uri.as_str())),
        ("room", json!(room.as_str())),
        ("sent by", json!(source.as_str())),
        ("reported by", report.reporter().map_or(Value::Null, |uri| text(uri.as_str()))),
        ("reason", json!(report.reason_code.0)),
        ("note", text(&report.note)),
        ("handled", handled.map_or(Value::Null, time)),
        ("proven", messages.collect()),
    ]))
}

pub(super) fn handle(database: &Path, number: u64) -> anyhow::Result<Listing> {
    let (reports, _) = found(database, number)?;
    reports.handle(number)?;
    let handled = reports.report(number)?.and_then(|report| report.handled);
    Ok(Listing::single(vec![("number", json!(number)), ("handled", handled.map_or(Value::Null, time))]))
}

pub(super) fn forget(database: &Path, number: u64) -> anyhow::Result<Listing> {
    found(database, number)?.0.drop_report(number)?;
    Ok(Listing::single(vec![("number", json!(number)), ("forgotten", json!(true))]))
}

fn found(database: &Path, number: u64) -> anyhow::Result<(StoredReports, ReceivedReport)> {
    let reports = StoredReports::open_database(database)?;
    match reports.report(number)? {
        Some(report) => Ok((reports, report)),
        None => bail!("there is no report {number}"),
    }
}
