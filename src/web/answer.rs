//! Answers that may be cached, and are not sent again to who has them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is asked for again each time, with its `ETag`.
    Ask,
    /// For so many seconds.
    Seconds(u32),
    /// For ever: its address changes with its content.
    Ever,
}

impl Keep {
    /// The value of `Cache-Control`. What not everybody may see is not for shared caches.
    pub fn header(self, public: bool) -> HeaderValue {
        let who = if public { "public" } else { "private" };
        let text = match self {
            Self::Ask => format!("{who}, no-cache"),
            Self::Seconds(seconds) => format!("{who}, max-age={seconds}"),
            Self::Ever => format!("{who}, max-age=31536000, immutable"),
        };
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-store"))
    }
}

/// JSON with an `ETag` of its bytes; 304 to who has them.
pub fn json(
    value: &impl Serialize,
    asked: &HeaderMap,
    keep: HeaderValue,
) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!("an answer could not be written: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written")
    })?;
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
    Ok(tagged(body.into(), "application/json", &etag, asked, keep))
}

/// A body with an `ETag`, which is a quoted text; 304 to who has it.
pub fn tagged(
    body: Body,
    kind: &'static str,
    etag: &str,
    asked: &HeaderMap,
    keep: HeaderValue,
) -> Response {
    let mut response = if has(asked, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, keep);
    response
}

/// Whether who asks has this already.
///
/// Source: RFC 9110, section 13.1.2: weak comparison, for one of a list, or `*`.
pub fn has(asked: &HeaderMap, etag: &str) -> bool {
    let texts = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_an_answer_is_told_so() {
        let asked =
            |text: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, text.parse().unwrap())]);
        for text in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(has(&asked(text), "\"a\""), "{text}");
        }
        for text in ["\"b\"", "a", ""] {
            assert!(!has(&asked(text), "\"a\""), "{text}");
        }
        let keep = Keep::Seconds(5).header(false);
        let response = json(&[1], &HeaderMap::new(), keep.clone()).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "private, max-age=5");
        let etag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(json(&[1], &asked(&etag), keep.clone()).unwrap().status(), 304);
        assert_eq!(json(&[2], &asked(&etag), keep).unwrap().status(), 200);
    }
}
