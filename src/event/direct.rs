//! A direct call: somebody asks for one photo, and waits for the answer.
//!
//! `{"bucket": B, "key": K}` and `{"url": "s3://B/K"}` are requests to look at an object, with the
//! key as it is in the bucket. `{"url": "https://..."}` names no object but a photo on the web:
//! nothing is written down for it, and it is answered with the scores alone.

use serde_json::Value;

use super::record::{Fields, RecordError};
use super::{Change, Message, MessageError};
use crate::address;
use crate::object::ObjectId;

/// The message of a direct call; `None` if the event is none.
pub(super) fn parse(event: &Value, invocation: &str) -> Option<Message> {
    entry(event).map(|entry| Message::new(invocation, Ok(vec![entry])))
}

/// What a direct call asks for, wherever it is kept; `None` if the value is none.
pub(super) fn entry(event: &Value) -> Option<Result<Change, MessageError>> {
    let fields = Fields(event);
    let named = match (fields.text("/url"), event.get("bucket"), event.get("key")) {
        (Some(url), ..) => by_url(url),
        (None, Some(_), Some(_)) => by_name(fields),
        _ => return None,
    };
    let place = || "the direct call".to_owned();
    Some(
        named
            .map(Change::look_at)
            .map_err(|source| MessageError::Record { place: place(), source }),
    )
}

fn by_name(call: Fields<'_>) -> Result<ObjectId, RecordError> {
    Ok(ObjectId::new(call.needed("/bucket", "bucket")?, call.needed("/key", "key")?)?)
}

fn by_url(url: &str) -> Result<ObjectId, RecordError> {
    let wrong = || RecordError::Url(address::shown(url));
    let (bucket, key) =
        url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    Ok(ObjectId::new(bucket, key)?)
}

/// The web address of a direct call for a photo that is in no bucket.
#[must_use]
pub fn photo_url(event: &Value) -> Option<&str> {
    let is_of_the_web = |url: &&str| {
        url.split_once("://").is_some_and(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
        })
    };
    Fields(event).text("/url").filter(is_of_the_web)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(event: &Value) -> Result<String, String> {
        let mut message = parse(event, "r").unwrap();
        let entry = message.entries.pop().unwrap();
        entry.map(|change| change.object.to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn an_object_is_named_in_two_ways() {
        assert_eq!(
            object(&json!({"bucket": "shop", "key": "a+b%20.jpg"})).unwrap(),
            "shop/a+b%20.jpg"
        );
        assert_eq!(object(&json!({"url": "s3://shop/a b/é.jpg"})).unwrap(), "shop/a b/é.jpg");
    }

    #[test]
    fn what_names_no_object_says_why() {
        for (event, words) in [
            (json!({"bucket": "shop", "key": 7}), "the direct call has no key"),
            (json!({"bucket": "", "key": "a"}), "the direct call has no bucket"),
            (json!({"url": "s3://shop"}), "expected s3://BUCKET/KEY"),
            (json!({"url": "ftp://shop/a"}), "expected s3://BUCKET/KEY"),
            (json!({"url": "ftp://me:secret@shop/a?secret"}), "url 'ftp://shop/a'"),
            (json!({"url": "s3:///a"}), "is not a bucket's name"),
        ] {
            let error = object(&event).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(parse(&json!({"url": 7}), "r").is_none());
        assert!(parse(&json!({"bucket": "shop"}), "r").is_none());
    }

    #[test]
    fn a_photo_on_the_web_is_no_object() {
        assert_eq!(
            photo_url(&json!({"url": "https://a.example/b.jpg"})),
            Some("https://a.example/b.jpg")
        );
        assert!(photo_url(&json!({"url": "HTTP://a.example/b.jpg"})).is_some());
        assert_eq!(photo_url(&json!({"url": "s3://shop/b.jpg"})), None);
        assert_eq!(photo_url(&json!({"url": "httpsx://a"})), None);
        assert_eq!(photo_url(&json!({"url": "https"})), None);
    }
}
