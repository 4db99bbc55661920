//! Written by `cargo xtask vectors`.

/// Path and text of every vector file.
#[rustfmt::skip]
pub(crate) static FILES: &[(&str, &str)] = &[
    ("mimi-arch/identity-05/uris.json", include_str!("../mimi-arch/identity-05/uris.json")),
    ("mimi-content/draft-08/examples.json", include_str!("../mimi-content/draft-08/examples.json")),
    ("mimi-content/draft-08/features.json", include_str!("../mimi-content/draft-08/features.json")),
    ("mimi-content/draft-08/malformed-cbor.json", include_str!("../mimi-content/draft-08/malformed-cbor.json")),
    ("mimi-content/draft-08/malformed-layout.json", include_str!("../mimi-content/draft-08/malformed-layout.json")),
    ("mimi-content/draft-08/message-id.json", include_str!("../mimi-content/draft-08/message-id.json")),
    ("mimi-content/draft-08/part-index.json", include_str!("../mimi-content/draft-08/part-index.json")),
    ("mimi-content/draft-08/salt.json", include_str!("../mimi-content/draft-08/salt.json")),
    ("mimi-content/message-status-01/status-report.json", include_str!("../mimi-content/message-status-01/status-report.json")),
    ("mimi-protocol/draft-06/directory.json", include_str!("../mimi-protocol/draft-06/directory.json")),
    ("mimi-protocol/draft-06/fanout-message.json", include_str!("../mimi-protocol/draft-06/fanout-message.json")),
    ("mimi-protocol/draft-06/group-info-content.json", include_str!("../mimi-protocol/draft-06/group-info-content.json")),
    ("mimi-protocol/draft-06/group-info-request.json", include_str!("../mimi-protocol/draft-06/group-info-request.json")),
    ("mimi-protocol/draft-06/group-info-response.json", include_str!("../mimi-protocol/draft-06/group-info-response.json")),
    ("mimi-protocol/draft-06/host-from.json", include_str!("../mimi-protocol/draft-06/host-from.json")),
    ("mimi-protocol/draft-06/key-material-request.json", include_str!("../mimi-protocol/draft-06/key-material-request.json")),
    ("mimi-protocol/draft-06/key-material-response.json", include_str!("../mimi-protocol/draft-06/key-material-response.json")),
    ("mimi-protocol/draft-06/labels.json", include_str!("../mimi-protocol/draft-06/labels.json")),
    ("mimi-protocol/draft-06/participant-list-apply.json", include_str!("../mimi-protocol/draft-06/participant-list-apply.json")),
    ("mimi-protocol/draft-06/participant-list-data.json", include_str!("../mimi-protocol/draft-06/participant-list-data.json")),
    ("mimi-protocol/draft-06/participant-list-update.json", include_str!("../mimi-protocol/draft-06/participant-list-update.json")),
    ("mimi-protocol/draft-06/submit-message-request.json", include_str!("../mimi-protocol/draft-06/submit-message-request.json")),
    ("mimi-protocol/draft-06/submit-message-response.json", include_str!("../mimi-protocol/draft-06/submit-message-response.json")),
    ("mimi-protocol/draft-06/update-request.json", include_str!("../mimi-protocol/draft-06/update-request.json")),
    ("mimi-protocol/draft-06/update-room-response.json", include_str!("../mimi-protocol/draft-06/update-room-response.json")),
];
