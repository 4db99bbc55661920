//! The client API of a MIMI provider: how one client talks to its own provider.
//!
//! The MIMI drafts define what providers say to each other and leave this interface open
//! (draft-ietf-mimi-protocol-06 section 3). Ours is one gRPC service; [`client_api_client`] and
//! [`client_api_server`] hold its stubs, without any transport, so that users bring their own.
//! MLS and MIMI objects pass through it as the octets the drafts define.
#![forbid(unsafe_code)]
// The items are generated from `proto/mimi_client_api.proto`, whose comments become their documentation.
#![allow(missing_docs, clippy::all)]

tonic::include_proto!("mimi.client.v1");
