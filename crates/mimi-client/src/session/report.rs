//! Reporting abuse (draft-ietf-mimi-protocol-06 section 5.9): messages with franks that hold, as they came.

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, IdentifierUri,
    codec::Wire as _,
    mls::AppDataDictionary,
    report_abuse::{AbuseReport, AbuseType, AbusiveMessage},
};

use super::Session;
use crate::{error::ClientError, state::messages};

/// What is reported to the hub of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOptions {
    /// Who is said to have sent the messages.
    pub abuser: UserUri,
    /// Which messages, by the hub's acceptance times.
    pub messages: Vec<AcceptedTimestamp>,
    /// Why: a value of the draft's registry, which has none yet but 0.
    pub reason: AbuseType,
    /// For a person to read.
    pub note: String,
    /// Whether the hub is not told who reports.
    pub anonymous: bool,
}

impl Session {
    /// The newest messages of a user whose franks held, newest first.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn reportable(
        &mut self,
        room: &RoomUri,
        sender: &UserUri,
        count: usize,
    ) -> Result<Vec<AcceptedTimestamp>, ClientError> {
        self.state.peek(|connection| Ok(messages::newest(connection, room, sender, count)?))
    }

    /// The request body that reports messages.
    ///
    /// # Errors
    /// When one of them is not kept, which is so for messages whose frank did not hold.
    // req: MP06-5.9-01, MP06-5.9-05, MP06-5.4.1.3-06
    pub(crate) fn abuse_report(&mut self, room: &RoomUri, options: &ReportOptions) -> Result<Vec<u8>, ClientError> {
        let own = IdentifierUri::from(&self.account.user);
        self.state.peek(|connection| {
            let mut reported = Vec::with_capacity(options.messages.len());
            for accepted in &options.messages {
                let kept = messages::get(connection, room, &options.abuser, *accepted)?
                    .ok_or(ClientError::NotReportable { room: room.clone(), accepted: *accepted })?;
                reported.push(AbusiveMessage {
                    message_content: kept.application_data,
                    frank: kept.frank,
                    accepted_timestamp: *accepted,
                });
            }
            let report = AbuseReport {
                reporting_user: if options.anonymous { IdentifierUri::default() } else { own },
                alleged_abuser_uri: IdentifierUri::from(&options.abuser),
                reason_code: options.reason,
                note: options.note.clone(),
                messages: reported,
                abuse_extensions: AppDataDictionary::default(),
            };
            Ok(report.to_bytes()?)
        })
    }
}
