//! The paths and media types of the HTTP binding (discovery profile 0 section 17).

/// `POST` a record, answered with a `RegisterResponse`.
pub const REGISTER: &str = "/discovery/0/register";
/// `POST` a `Push`, answered with a `PushResponse`; from discovery providers that are set up alone.
pub const PUSH: &str = "/discovery/0/push";
/// `GET` the `DpConfig`.
pub const CONFIG: &str = "/discovery/0/config";
/// `GET` the `Snapshot`.
pub const SNAPSHOT: &str = "/discovery/0/snapshot";
/// `GET` the `PrefixDirectory`, where there is one.
pub const DIRECTORY: &str = "/discovery/0/directory";
/// `POST` an encapsulated request; from relays.
pub const GATEWAY: &str = "/discovery/0/gateway";
/// At a relay: `POST` an encapsulated request; the domain of the discovery provider follows.
pub const RELAY: &str = "/discovery/0/relay/";
/// At a messaging provider: `GET` the `IssuingKeys` of tokens for the discovery provider that asks.
pub const ISSUING_KEY: &str = "/discovery/0/issuing-key";

/// An encapsulated request (RFC 9458 section 4.3).
pub const OHTTP_REQUEST: &str = "message/ohttp-req";
/// An encapsulated response (RFC 9458 section 4.4).
pub const OHTTP_RESPONSE: &str = "message/ohttp-res";
