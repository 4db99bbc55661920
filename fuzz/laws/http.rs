//! What holds for any HTTP request of another provider. Used by the fuzz target and by the test that replays the corpus.
//!
//! The octets are the request as HTTP/1.1 has it: a line with method and path, lines with header fields, an empty line, the body.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use mimi_arch::Domain;
use mimi_protocol::http::problem::Problem;
use mimi_protocol::http::server::{Call, InboundRequest, Limits, PeerIdentity, read_request};

/// Whether the octets are a request that goes on to the provider; nothing if they are no HTTP.
///
/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) -> Option<bool> {
    // Certificates come from the same peers.
    if let Ok(identity) = PeerIdentity::from_certificate(octets) {
        assert!(identity.names().iter().all(|name| !name.as_str().is_empty()));
    }
    let (request, body) = parse(octets)?;
    let (own, peer): (Domain, Domain) = ("a.example".parse().ok()?, "b.example".parse().ok()?);
    match read(request, &own, &peer) {
        Ok(InboundRequest { source, call, body: kept }) => {
            assert_eq!(source, peer, "nobody speaks for another provider");
            assert!(matches!(call, Call::Directory { .. }) || kept == body, "the body is kept as it came");
            Some(true)
        }
        Err(problem) => {
            assert!((400..500).contains(&problem.status()), "{}", problem.status());
            Some(false)
        }
    }
}

fn read(request: Request<Full<Bytes>>, own: &Domain, peer: &Domain) -> Result<InboundRequest, Problem> {
    let identity = PeerIdentity::new(vec![peer.clone()]);
    let limits = Limits::default();
    let mut future = pin!(read_request(request, &identity, own, &limits));
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a body that is there keeps nobody waiting"),
    }
}

fn parse(octets: &[u8]) -> Option<(Request<Full<Bytes>>, Bytes)> {
    let end = octets.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (&octets[..end], Bytes::copy_from_slice(&octets[end + 4..]));
    let mut lines = head.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end);
    let mut words = lines.next()?.split(|octet| *octet == b' ');
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        let colon = line.iter().position(|octet| *octet == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    Some((request.body(Full::new(body.clone())).ok()?, body))
}
