//! Header fields of responses that tell us about time.

use std::time::{Duration, SystemTime};

use http::header::{
    AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    RETRY_AFTER,
};

/// No directory is kept longer, whatever its max-age.
const MAX_AGE_LIMIT: u64 = 24 * 60 * 60;

/// How long Retry-After asks us to wait: seconds, or a date, counted from the sender's Date if there is one
/// (RFC 9110 section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Some(Duration::from_secs(u64::from(text.parse().unwrap_or(u32::MAX))));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(DATE).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    Some(until.duration_since(date.unwrap_or(now)).unwrap_or_default())
}

/// What the header fields of a response say about keeping it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// no-store: it must not be kept.
    NotKept,
    /// It is fresh for this long; not at all with no-cache, so that it is validated before each use.
    For(Duration),
    /// Nothing is said.
    Unsaid,
}

/// How long a response is fresh for a private cache (RFC 9111 sections 4.2.1 and 5.2.2): max-age goes before Expires, Age is
/// taken off either. What cannot be read is stale.
pub(super) fn freshness(headers: &HeaderMap, now: SystemTime) -> Freshness {
    let mut lifetime = None;
    let mut no_cache = false;
    let values = headers.get_all(CACHE_CONTROL);
    for directive in values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" => return Freshness::NotKept,
            "no-cache" => no_cache = true,
            // Said twice, the first one counts (RFC 9111 section 4.2.1).
            "max-age" if lifetime.is_none() => {
                let seconds = argument.trim().trim_matches('"').parse().unwrap_or(0);
                lifetime = Some(Duration::from_secs(seconds));
            }
            _ => {}
        }
    }
    if no_cache {
        return Freshness::For(Duration::ZERO);
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let date = |name| text(name).and_then(|text| httpdate::parse_http_date(text.trim()).ok());
    let Some(lifetime) = lifetime.or_else(|| {
        headers.get(EXPIRES)?;
        let expires = date(EXPIRES).unwrap_or(SystemTime::UNIX_EPOCH);
        Some(expires.duration_since(date(DATE).unwrap_or(now)).unwrap_or_default())
    }) else {
        return Freshness::Unsaid;
    };
    let age = text(AGE).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let left = lifetime.saturating_sub(Duration::from_secs(age));
    Freshness::For(left.min(Duration::from_secs(MAX_AGE_LIMIT)))
}

/// By what a kept response is validated (RFC 9110 section 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    entity_tag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { entity_tag: headers.get(ETAG).cloned(), last_modified: headers.get(LAST_MODIFIED).cloned() }
    }

    /// Those of a 304, where it has some.
    pub(super) fn updated_by(self, headers: &HeaderMap) -> Self {
        let new = Self::of(headers);
        Self { entity_tag: new.entity_tag.or(self.entity_tag), last_modified: new.last_modified.or(self.last_modified) }
    }

    /// The header fields of a conditional request.
    pub(super) fn conditions(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(tag) = &self.entity_tag {
            headers.insert(IF_NONE_MATCH, tag.clone());
        }
        if let Some(date) = &self.last_modified {
            headers.insert(IF_MODIFIED_SINCE, date.clone());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use http::HeaderName;

    use super::*;

    fn retry(value: &'static str, date: Option<&'static str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        let now = httpdate::parse_http_date("Fri, 01 May 2026 12:00:00 GMT").unwrap();
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        // req: MP06-5.5-26
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(retry("120", None), seconds(120));
        assert_eq!(retry("0", None), seconds(0));
        assert_eq!(retry("99999999999999999999", None), seconds(u64::from(u32::MAX)));
        assert_eq!(retry("Fri, 01 May 2026 12:00:30 GMT", None), seconds(30));
        assert_eq!(retry("Fri, 01 May 2026 11:00:00 GMT", None), seconds(0));
        let skewed = Some("Fri, 01 May 2026 12:00:20 GMT");
        assert_eq!(retry("Fri, 01 May 2026 12:00:30 GMT", skewed), seconds(10));
        assert_eq!(retry("soon", None), None);
        assert_eq!(retry("-1", None), None);
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }

    fn fresh(fields: &[(HeaderName, &'static str)]) -> Freshness {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, HeaderValue::from_static(value));
        }
        freshness(&headers, httpdate::parse_http_date("Fri, 01 May 2026 12:00:00 GMT").unwrap())
    }

    #[test]
    fn cache_control_says_how_long_a_directory_is_kept() {
        let control =
            |values: &[&'static str]| fresh(&values.iter().map(|value| (CACHE_CONTROL, *value)).collect::<Vec<_>>());
        let seconds = |seconds| Freshness::For(Duration::from_secs(seconds));
        assert_eq!(control(&[]), Freshness::Unsaid);
        assert_eq!(control(&["public"]), Freshness::Unsaid);
        assert_eq!(control(&["public, Max-Age=60"]), seconds(60));
        assert_eq!(control(&["public", "max-age=\"60\""]), seconds(60));
        assert_eq!(control(&["max-age=60, max-age=5"]), seconds(60));
        assert_eq!(control(&["max-age=60, no-store"]), Freshness::NotKept);
        assert_eq!(control(&["max-age=60, no-cache"]), seconds(0));
        assert_eq!(control(&["max-age=soon"]), seconds(0));
        assert_eq!(control(&["max-age=99999999"]), seconds(MAX_AGE_LIMIT));
    }

    #[test]
    fn expires_counts_where_max_age_is_absent_and_age_is_taken_off() {
        const LATER: &str = "Fri, 01 May 2026 12:01:00 GMT";
        let seconds = |seconds| Freshness::For(Duration::from_secs(seconds));
        assert_eq!(fresh(&[(EXPIRES, LATER)]), seconds(60));
        assert_eq!(fresh(&[(EXPIRES, LATER), (DATE, "Fri, 01 May 2026 12:00:50 GMT")]), seconds(10));
        assert_eq!(fresh(&[(EXPIRES, LATER), (CACHE_CONTROL, "max-age=7")]), seconds(7));
        assert_eq!(fresh(&[(EXPIRES, "0")]), seconds(0));
        assert_eq!(fresh(&[(EXPIRES, "Fri, 01 May 2026 11:00:00 GMT")]), seconds(0));
        assert_eq!(fresh(&[(EXPIRES, LATER), (AGE, "45")]), seconds(15));
        assert_eq!(fresh(&[(CACHE_CONTROL, "max-age=60"), (AGE, "100")]), seconds(0));
        assert_eq!(fresh(&[(AGE, "100")]), Freshness::Unsaid);
    }

    #[test]
    fn a_kept_response_is_validated_by_tag_and_date_and_a_304_may_change_them() {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"a\""));
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("Fri, 01 May 2026 12:00:00 GMT"));
        let validators = Validators::of(&headers);
        assert_eq!(validators.conditions().get(IF_NONE_MATCH).unwrap(), "\"a\"");
        assert_eq!(validators.conditions().get(IF_MODIFIED_SINCE).unwrap(), "Fri, 01 May 2026 12:00:00 GMT");
        assert_eq!(validators.clone().updated_by(&HeaderMap::new()), validators);
        headers.insert(ETAG, HeaderValue::from_static("\"b\""));
        assert_eq!(validators.updated_by(&headers).conditions().get(IF_NONE_MATCH).unwrap(), "\"b\"");
        assert!(Validators::default().conditions().is_empty());
    }
}
