//! What holds for any octets whatever. Used by the fuzz target and by the test that replays the corpus.

use mimi_content::{
    MimiContent, MimiContentRef,
    check::{CheckContext, check_octets},
    status::MessageStatusReport,
    timeline::Timestamp,
};

const SENDER: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/tea";

/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) {
    if let Ok(report) = MessageStatusReport::decode(octets) {
        assert_eq!(report.encode(), octets, "a status report has one encoding");
    }
    let owned = MimiContent::decode(octets);
    let borrowed = MimiContentRef::decode(octets);
    match (&owned, &borrowed) {
        (Ok(owned), Ok(borrowed)) => accepted(octets, owned, borrowed),
        (Err(owned), Err(borrowed)) => {
            assert_eq!(owned, borrowed, "both views refuse for the same reason");
            assert!(owned.offset() <= octets.len(), "an offset lies in the octets");
            assert!(!owned.section().is_empty() && !owned.to_string().is_empty());
        }
        _ => panic!("one view accepts what the other refuses: {owned:?}, {borrowed:?}"),
    }
}

fn accepted(octets: &[u8], owned: &MimiContent, borrowed: &MimiContentRef<'_>) {
    assert_eq!(owned.encode(), octets, "a message has one encoding");
    assert_eq!(&borrowed.to_owned(), owned);
    let id = owned.message_id(SENDER, ROOM).expect("short URIs");
    assert_eq!(borrowed.message_id(SENDER, ROOM), Ok(id));
    let parts = owned.body.iter().count();
    assert_eq!(parts, owned.body.count());
    assert!((1..=1024).contains(&parts) && (1..=4).contains(&owned.body.height()));
    let now = Timestamp(1_750_000_000_000);
    let context = CheckContext::new(id, SENDER, ROOM, now, now);
    let by_octets = check_octets(octets, &context);
    match mimi_content::check::check(owned, &context) {
        Ok(()) => assert_eq!(by_octets.as_ref(), Ok(owned)),
        Err(reasons) => {
            assert!(!reasons.is_empty() && by_octets.is_err());
            assert!(reasons.iter().all(|reason| !reason.section().is_empty() && !reason.to_string().is_empty()));
        }
    }
}
