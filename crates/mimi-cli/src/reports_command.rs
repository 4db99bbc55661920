//! `mimi reports`: what was reported to a provider as a hub (draft-ietf-mimi-protocol-06 section 5.9), for the person who looks at it.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use mimi_content::{MimiContent, Part};
use mimi_protocol::{application_framing::ApplicationFraming, codec::Wire as _, report_abuse::AbusiveMessage};
use mimi_provider::{Config, ReceivedReport, StoredReports};

use crate::client_command::printable;

/// Prints the reports, or forgets one that has been dealt with. The provider may be running.
pub(crate) fn run(config: &Path, drop: Option<u64>) -> anyhow::Result<ExitCode> {
    let config = Config::from_file(config).context("the configuration cannot be used")?;
    let reports = StoredReports::open(&config)?;
    if let Some(id) = drop {
        reports.drop_report(id)?;
        println!("report {id} is forgotten");
        return Ok(ExitCode::SUCCESS);
    }
    let mut after = 0;
    loop {
        let page = reports.list(after, 64)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        page.iter().for_each(|report| print!("{}", shown(report)));
    }
    if after == 0 {
        println!("no reports");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn shown(received: &ReceivedReport) -> String {
    let report = &received.report;
    let reporter = report.reporter().map_or_else(|| "somebody".to_owned(), |uri| printable(uri.as_str()));
    let mut text = format!(
        "report {} of {} in {}\n  by {reporter}, sent by {} at {}\n",
        received.id,
        printable(report.alleged_abuser_uri.as_str()),
        received.room,
        received.source,
        received.received.0,
    );
    if !report.note.is_empty() {
        text.push_str(&format!("  note: {}\n", printable(&report.note)));
    }
    if let Some(handled) = received.handled {
        text.push_str(&format!("  handled at {}\n", handled.0));
    }
    for message in &report.messages {
        text.push_str(&format!("  proven, accepted at {}: {}\n", message.accepted_timestamp.0, said(message)));
    }
    text
}

/// What a message says, when it is one text; the kind of content otherwise.
pub(crate) fn said(message: &AbusiveMessage) -> String {
    let bare = MimiContent::decode(&message.message_content).ok();
    let content = bare.or_else(|| {
        let framed = ApplicationFraming::from_bytes(&message.message_content).ok()?;
        MimiContent::decode(&framed.inner_application_content).ok()
    });
    match content.map(|content| content.body.part) {
        Some(Part::Single(single)) if single.content_type.starts_with("text/") => {
            printable(&String::from_utf8_lossy(&single.content))
        }
        Some(Part::Single(single)) => format!("[{}]", printable(&single.content_type)),
        Some(Part::External(external)) => format!("[attachment {}]", printable(&external.url)),
        Some(Part::Multi(_)) => "[several parts]".to_owned(),
        Some(Part::Null) | None => "[nothing]".to_owned(),
    }
}
