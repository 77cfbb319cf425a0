//! The event that S3 sends when objects change, written as S3 writes it.
//!
//! What differs from AWS: every creation is an `ObjectCreated:Put`, since a folder does not say
//! whether a file came in one piece, in parts or as a copy; and there is no `versionId`, since the
//! bucket has no versions.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// The region that the embedded services say they are in.
pub(super) const REGION: &str = "us-east-1";

const EVENT_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// What form-encoding escapes; a space becomes `+` afterwards.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// One change, as much as an event says of it.
#[derive(Debug, Clone)]
pub(super) struct Announcement {
    /// The key, not encoded.
    pub key: String,
    /// The object that is there now, or nothing if it was removed.
    pub object: Option<AnnouncedObject>,
    /// See [`super::sequencer`].
    pub sequencer: String,
}

/// The object that a creation announces.
#[derive(Debug, Clone)]
pub(super) struct AnnouncedObject {
    pub size: u64,
    pub etag: String,
}

/// Encodes a key as events carry it: a space as `+`, `/` as it is, else percent-encoded.
pub(super) fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ESCAPED).to_string().replace(' ', "+")
}

/// The event that announces `changes` of `bucket` at `now`.
pub(super) fn event(bucket: &str, changes: &[Announcement], now: OffsetDateTime) -> Value {
    // Formatting into a `String` fails only for a component that the value lacks, and a
    // date-time has them all.
    let time = now.to_offset(UtcOffset::UTC).format(EVENT_TIME).unwrap_or_default();
    let records: Vec<Value> = changes.iter().map(|change| record(bucket, change, &time)).collect();
    json!({ "Records": records })
}

fn record(bucket: &str, change: &Announcement, time: &str) -> Value {
    let mut object = json!({ "key": encode_key(&change.key), "sequencer": change.sequencer });
    let name = if let Some(found) = &change.object {
        object["size"] = found.size.into();
        object["eTag"] = found.etag.clone().into();
        "ObjectCreated:Put"
    } else {
        "ObjectRemoved:Delete"
    };
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time,
        "eventName": name,
        "userIdentity": { "principalId": "AWS:LOCAL" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {
            "x-amz-request-id": change.sequencer,
            "x-amz-id-2": format!("lookbook/{}", change.sequencer),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "lookbook-local",
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": "LOCAL" },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": object,
        },
    })
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn decode(key: &str) -> String {
        percent_decode_str(&key.replace('+', " ")).decode_utf8().unwrap().into_owned()
    }

    #[test]
    fn keys_are_encoded_as_s3_does() {
        assert_eq!(encode_key("a b/c.jpg"), "a+b/c.jpg");
        assert_eq!(encode_key("1+1=2%~!é"), "1%2B1%3D2%25%7E%21%C3%A9");
        assert_eq!(encode_key("日本"), "%E6%97%A5%E6%9C%AC");
    }

    #[test]
    fn an_event_has_the_shape_of_s3() {
        let changes = [
            Announcement {
                key: "new dress.jpg".into(),
                object: Some(AnnouncedObject { size: 7, etag: "abc".into() }),
                sequencer: "0000000000000001".into(),
            },
            Announcement {
                key: "old.jpg".into(),
                object: None,
                sequencer: "0000000000000002".into(),
            },
        ];
        let event = event("photos", &changes, datetime!(2026-01-02 03:04:05.678 UTC));
        let created = &event["Records"][0];
        assert_eq!(created["eventTime"], "2026-01-02T03:04:05.678Z");
        assert_eq!(created["eventName"], "ObjectCreated:Put");
        assert_eq!(created["s3"]["bucket"]["arn"], "arn:aws:s3:::photos");
        assert_eq!(
            created["s3"]["object"],
            json!({ "key": "new+dress.jpg", "size": 7, "eTag": "abc", "sequencer": "0000000000000001" })
        );
        let removed = &event["Records"][1];
        assert_eq!(removed["eventName"], "ObjectRemoved:Delete");
        assert_eq!(
            removed["s3"]["object"],
            json!({ "key": "old.jpg", "sequencer": "0000000000000002" })
        );
    }

    proptest! {
        #[test]
        fn encoding_is_undone_by_decoding(key in ".*") {
            let encoded = encode_key(&key);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), key);
        }
    }
}
