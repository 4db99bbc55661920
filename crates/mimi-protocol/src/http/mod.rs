//! The HTTPS binding: what goes into and comes out of HTTP requests between providers
//! (draft-ietf-mimi-protocol-06 sections 4.1 and 5).
//!
//! Feature `server` turns a request into a [`server::Call`] and an answer into a response; it needs the `http` types and no
//! runtime. Feature `client` posts to other providers. Both agree on [`problem`], the body of every answer that the
//! draft has no code for.
//!
//! Every status a provider sends has one meaning here: 200 carries the response that the endpoint's section defines, 201 is
//! the answer to notify, and everything else is a problem.

pub mod problem;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
pub mod server;

/// Media type of the bodies that the draft defines. The draft names none, so this is the one that says nothing.
pub const WIRE_MEDIA_TYPE: &str = "application/octet-stream";
