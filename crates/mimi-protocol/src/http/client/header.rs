//! Header fields of responses that tell us about time.

use std::time::{Duration, SystemTime};

use http::header::{DATE, GetAll, HeaderMap, HeaderValue, RETRY_AFTER};

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

/// How long a response may be kept: max-age, and not at all with no-store or no-cache (RFC 9111 section 5.2.2).
pub(super) fn max_age(values: GetAll<'_, HeaderValue>) -> Option<Duration> {
    let mut age = None;
    for directive in values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => {
                let seconds = argument.trim().trim_matches('"').parse().unwrap_or(0);
                age = Some(Duration::from_secs(u64::min(seconds, MAX_AGE_LIMIT)));
            }
            _ => {}
        }
    }
    age
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use http::header::CACHE_CONTROL;

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

    #[test]
    fn max_age_says_how_long_a_directory_is_kept() {
        let age = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            max_age(headers.get_all(CACHE_CONTROL)).map(|age| age.as_secs())
        };
        assert_eq!(age(&[]), None);
        assert_eq!(age(&["public"]), None);
        assert_eq!(age(&["public, Max-Age=60"]), Some(60));
        assert_eq!(age(&["public", "max-age=\"60\""]), Some(60));
        assert_eq!(age(&["max-age=60, no-store"]), Some(0));
        assert_eq!(age(&["no-cache"]), Some(0));
        assert_eq!(age(&["max-age=soon"]), Some(0));
        assert_eq!(age(&["max-age=99999999"]), Some(MAX_AGE_LIMIT));
    }
}
