//! What holds for any text that is read as an identifier, a URL, a header field or a media type. Used by the fuzz target and by the test
//! that replays the corpus.

use mimi_arch::identifier::MimiUri;
use mimi_arch::{Domain, HttpsUri, MediaType, Wire};
use mimi_protocol::directory::{UrlTemplate, match_path};
use mimi_protocol::host_from::{from_value, parse_from, parse_host};
use mimi_protocol::proxy_download::{AssetHosts, permit};

/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) {
    match MimiUri::from_bytes(octets) {
        Ok(uri) => {
            let again: MimiUri = uri.as_str().parse().expect("a normal form is a URI");
            assert_eq!(
                (again.as_str(), &again, again.kind()),
                (uri.as_str(), &uri, uri.kind()),
                "a normal form is its own"
            );
            assert_eq!(again.domain(), uri.domain());
        }
        Err(error) => assert!(error.offset() <= octets.len() && !error.section().is_empty(), "{error}"),
    }
    match Domain::from_bytes(octets) {
        Ok(domain) => {
            assert_eq!(domain.as_str().parse().as_ref(), Ok(&domain));
            assert_eq!(parse_from(&from_value(&domain)).as_ref(), Ok(&domain));
            assert_eq!(parse_host(domain.as_str()).as_ref(), Ok(&domain));
        }
        Err(error) => assert!(error.offset() <= octets.len(), "{error}"),
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        check_text(text);
    }
}

fn check_text(text: &str) {
    for read in [parse_from(text), parse_host(text)] {
        if let Err(error) = read {
            assert!(error.offset() <= text.len() && !error.section().is_empty(), "{error}");
        }
    }
    match text.parse::<UrlTemplate>() {
        Ok(template) => {
            assert_eq!(template.as_str(), text);
            let url = template.expand("mimi://a.example/r/tea room").expect("a value that is a segment");
            let scheme = url.get(..8).unwrap_or_default();
            assert!(scheme.eq_ignore_ascii_case("https://") && url.is_ascii(), "{url}");
        }
        Err(error) => assert!(error.offset() <= text.len() && !error.section().is_empty(), "{error}"),
    }
    if let Some((_, Err(error))) = match_path(text) {
        assert!(error.offset().is_none_or(|offset| offset <= text.len()));
    }
    if let Ok(media_type) = text.parse::<MediaType>() {
        assert_eq!(media_type.to_string().parse().as_ref(), Ok(&media_type), "a media type has a text");
        let octets = media_type.to_bytes().expect("what was read can be written");
        assert_eq!(MediaType::from_bytes(&octets).as_ref(), Ok(&media_type));
    }
    let hosts: AssetHosts = ["a.example", "b.example"].iter().filter_map(|name| name.parse().ok()).collect();
    match permit(text, &hosts) {
        Ok(download) => {
            assert!(["a.example", "b.example"].contains(&download.host().as_str()), "only hosts of the list");
            assert!(HttpsUri::new(download.url()).is_ok(), "a download is by https: {}", download.url());
        }
        Err(error) => assert!(error.offset() <= text.len() && !error.section().is_empty(), "{error}"),
    }
}
