//! Reports of abuse (draft-ietf-mimi-protocol-06 section 5.9): the one place where a hub reads what was said in a room, because
//! somebody who was there shows it. What is read here goes no further than the check of the frank and the store.

use std::{path::Path, sync::Arc};

use mimi_arch::{Domain, RoomUri};
use mimi_content::MimiContentRef;
use mimi_ds::{Effect, SqliteStore, Store as _, StoreError, hub::AbuseRefusal, store::StoredAbuseReport};
use mimi_protocol::{
    AcceptedTimestamp, IdentifierUri,
    application_framing::ApplicationFraming,
    codec::Wire as _,
    franking::FrankedContent,
    report_abuse::{AbuseReport, AbusiveMessage},
};
use thiserror::Error;
use tracing::info;

use crate::{
    Config, ProviderError, clock,
    hub_calls::{CallError, decide},
    provider::Core,
    rooms::Change,
};

/// How many reports of one provider wait at most; more are taken only after a person has dealt with some.
pub(crate) const REPORTS_PER_PROVIDER: u64 = 1000;

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.9";

/// A report of abuse that this provider took as a hub: each of its messages was sent as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedReport {
    /// Its number; grows with time.
    pub id: u64,
    /// The provider that sent it.
    pub source: Domain,
    /// The room.
    pub room: RoomUri,
    /// When it came.
    pub received: AcceptedTimestamp,
    /// When a person dealt with it.
    pub handled: Option<AcceptedTimestamp>,
    /// The report.
    pub report: AbuseReport,
}

impl ReceivedReport {
    pub(crate) fn read(stored: StoredAbuseReport) -> Result<Self, StoreError> {
        let report = AbuseReport::from_bytes(&stored.report)
            .map_err(|error| StoreError::Damaged { what: "abuse report", reason: error.to_string() })?;
        let StoredAbuseReport { id, source, room, received, handled, .. } = stored;
        Ok(Self { id, source, room, received, handled, report })
    }
}

/// The reports of a provider, without running it; it may run elsewhere at the same time.
#[derive(Debug)]
pub struct StoredReports(SqliteStore);

impl StoredReports {
    /// Opens the database of a configuration.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn open(config: &Config) -> Result<Self, ProviderError> {
        Self::open_database(&config.database)
    }

    /// Opens a database.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn open_database(database: &Path) -> Result<Self, ProviderError> {
        let error = |source| ProviderError::Store { path: database.to_owned(), source };
        if !database.exists() {
            return Err(error(StoreError::Database("there is no such file".to_owned())));
        }
        SqliteStore::open(database).map(Self).map_err(error)
    }

    /// See [`crate::RunningProvider::reports`]. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self, after: u64, limit: usize) -> Result<Vec<ReceivedReport>, StoreError> {
        self.0.abuse_reports(after, limit)?.into_iter().map(ReceivedReport::read).collect()
    }

    /// Notes that a person has dealt with a report, which is kept. It does not count among those that wait any more, and does not come
    /// back when the same is reported again. Blocks.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn handle(&self, id: u64) -> Result<(), StoreError> {
        self.0.commit(vec![Effect::HandleAbuseReport { id, at: clock::now() }])
    }

    /// One report; `None` if there is none of this number. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn report(&self, id: u64) -> Result<Option<ReceivedReport>, StoreError> {
        let found = self.0.abuse_reports(id.saturating_sub(1), 1)?.into_iter().find(|report| report.id == id);
        found.map(ReceivedReport::read).transpose()
    }

    /// See [`crate::RunningProvider::drop_report`]. Blocks.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_report(&self, id: u64) -> Result<(), StoreError> {
        self.0.commit(vec![Effect::DropAbuseReport { id }])
    }
}

/// Why a report is not taken.
#[derive(Debug, Error)]
pub(crate) enum ReportError {
    /// Where the salt stands is said by the content format, and this is none that is known.
    #[error("message {index} is no MIMI content with sender and room: {reason}")]
    Content { index: usize, reason: String },
    #[error(transparent)]
    Refused(#[from] AbuseRefusal),
    #[error("{0} has sent {REPORTS_PER_PROVIDER} reports that nobody has looked at yet")]
    Full(Domain),
}

impl ReportError {
    pub(crate) fn section(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.section(),
            _ => SECTION,
        }
    }
}

/// Takes a report at the hub.
// req: MP06-5.9-01, MP06-5.9-08, MP06-5.9-09, MP06-5.9-13
pub(crate) async fn take(
    core: &Arc<Core>,
    source: Domain,
    room: RoomUri,
    report: AbuseReport,
) -> Result<(), CallError> {
    core.limit_room(&room)?;
    let held = core.clone();
    decide(core, room.clone(), move |state| {
        let taken = read_all(&report.messages).and_then(|read| {
            let contents: Vec<_> = read.iter().map(Read::content).collect();
            let keys = held.franking.all();
            Ok(state.report(clock::now(), &source, &report, &contents, &keys, &held.signer)?)
        });
        let proven = match taken {
            Ok(proven) => proven,
            Err(error) => {
                held.metrics.refused("reportAbuse", &error);
                return (Err(CallError::Report(error)), Change::None);
            }
        };
        match held.store.abuse_reports_of(&source, &proven.digest) {
            // The same report again: it is kept already.
            Ok((_, true)) => (Ok(()), Change::None),
            Ok((count, false)) if count >= REPORTS_PER_PROVIDER => {
                (Err(CallError::Report(ReportError::Full(source))), Change::None)
            }
            Ok(_) => {
                info!(%source, %room, messages = proven.messages.len(), "abuse reported");
                (Ok(()), Change::Durable(proven.effects))
            }
            Err(error) => (Err(error.into()), Change::None),
        }
    })
    .await?
}

/// What stands in one reported message.
struct Read<'a> {
    application_data: &'a [u8],
    salt: [u8; 16],
    sender_uri: IdentifierUri,
    room_uri: IdentifierUri,
}

impl Read<'_> {
    fn content(&self) -> FrankedContent<'_> {
        FrankedContent {
            application_data: self.application_data,
            salt: &self.salt,
            sender_uri: &self.sender_uri,
            room_uri: &self.room_uri,
        }
    }
}

fn read_all(messages: &[AbusiveMessage]) -> Result<Vec<Read<'_>>, ReportError> {
    let contents = messages.iter().map(|message| read(&message.message_content)).enumerate();
    contents.map(|(index, read)| read.map_err(|reason| ReportError::Content { index, reason })).collect()
}

/// Finds salt, sender and room, with or without the frame of a room that has media types: the first octet of MIMI content begins no
/// frame of a length that fits into a request.
fn read(application_data: &[u8]) -> Result<Read<'_>, String> {
    let framed;
    let content = match MimiContentRef::decode(application_data) {
        Ok(content) => content,
        Err(bare) => {
            framed = ApplicationFraming::from_bytes(application_data).map_err(|_| bare.to_string())?;
            let other = framed.media_type.as_ref().filter(|media_type| !media_type.is(mimi_content::MEDIA_TYPE));
            if let Some(other) = other {
                return Err(format!("it is {other}"));
            }
            MimiContentRef::decode(&framed.inner_application_content).map_err(|error| error.to_string())?
        }
    };
    let uris = (content.extensions().sender_uri(), content.extensions().room_uri());
    let (Some(sender), Some(room)) = uris else { return Err("it does not name its sender and room".to_owned()) };
    Ok(Read {
        application_data,
        salt: *content.salt().as_bytes(),
        sender_uri: IdentifierUri::new(sender),
        room_uri: IdentifierUri::new(room),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_content::{MimiContent, Salt};
    use mimi_protocol::application_framing::MediaType;

    use super::*;

    fn content() -> Vec<u8> {
        let sent = MimiContent::text("x", Salt::new([7; 16])).sender_uri("mimi://b.example/u/bob");
        sent.room_uri("mimi://a.example/r/x").build().encode()
    }

    fn framed(media_type: Option<&str>) -> Vec<u8> {
        let media_type = media_type.map(|text| text.parse::<MediaType>().unwrap());
        ApplicationFraming { media_type, inner_application_content: content() }.to_bytes().unwrap()
    }

    #[test]
    fn salt_sender_and_room_are_found_with_and_without_a_frame() {
        // req: MP06-5.9-09
        for data in [content(), framed(None), framed(Some("application/mimi-content"))] {
            let read = read(&data).unwrap();
            assert_eq!((read.salt, read.sender_uri.as_str()), ([7; 16], "mimi://b.example/u/bob"));
            assert_eq!(read.room_uri.as_str(), "mimi://a.example/r/x");
            assert_eq!(read.application_data, data, "the tag is over all of it");
        }
    }

    #[test]
    fn what_names_no_salt_sender_and_room_is_no_proof() {
        // req: MP06-5.9-09
        let nameless = MimiContent::text("x", Salt::new([7; 16])).build().encode();
        for data in [nameless, framed(Some("text/plain")), b"plain".to_vec(), Vec::new()] {
            assert!(read(&data).is_err());
        }
    }
}
