//! An S3 notification: `{"Records": [...]}`, or `{"Event": "s3:TestEvent"}`.
//!
//! Source: Amazon S3 user guide, "Event message structure". The types of `aws_lambda_events` cannot
//! hold test events, nor notifications that other implementations of S3 trim, so it is read here.

use serde_json::Value;

use super::record::{Fields, RecordError, decode_key};
use super::{Change, Entries, Kind, MessageError};
use crate::object::{ETag, ObjectId};

/// The entries of a notification, or `None` if the value is not one.
pub(super) fn parse(value: &Value) -> Option<Entries> {
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Some(Vec::new());
    }
    let records = value.get("Records")?.as_array()?;
    // Somebody else's `Records` have no `s3` at all; a bad record among good ones is its own error.
    if !records.is_empty() && records.iter().all(|record| record.get("s3").is_none()) {
        return None;
    }
    let entries = records.iter().enumerate().map(|(index, record)| {
        parse_record(Fields(record)).map_err(|source| MessageError::Record {
            place: format!("record {index} of the S3 notification"),
            source,
        })
    });
    Some(entries.collect())
}

fn parse_record(record: Fields<'_>) -> Result<Change, RecordError> {
    if let Some(version) = record.text("/eventVersion")
        && version.split('.').next() != Some("2")
    {
        return Err(RecordError::Version(version.chars().take(40).collect()));
    }
    let bucket = record.needed("/s3/bucket/name", "s3.bucket.name")?;
    let key = record.needed("/s3/object/key", "s3.object.key")?;
    Ok(Change {
        object: ObjectId::new(bucket, &decode_key(key)?)?,
        kind: record.text("/eventName").map_or(Kind::Unknown, kind),
        version_id: record.text("/s3/object/versionId").map(ToOwned::to_owned),
        etag: record.text("/s3/object/eTag").map(ETag::new),
        size: record.number("/s3/object/size"),
        sequencer: record.sequencer("/s3/object/sequencer"),
    })
}

/// Source: Amazon S3 user guide, "Supported event types for SQS, SNS, and Lambda".
fn kind(event_name: &str) -> Kind {
    let name = event_name.strip_prefix("s3:").unwrap_or(event_name);
    match name.split(':').next().unwrap_or(name) {
        "ObjectCreated" => Kind::Created,
        "ObjectRemoved" | "LifecycleExpiration" => Kind::Removed,
        // What was archived can be read again.
        "ObjectRestore" if name == "ObjectRestore:Completed" => Kind::Created,
        _ => Kind::Other(name.chars().take(80).collect()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn record(name: &str, key: &str) -> Value {
        json!({
            "eventVersion": "2.1", "eventName": name, "eventSource": "aws:s3",
            "s3": {"bucket": {"name": "shop"}, "object": {
                "key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "v1", "sequencer": "0055AED6DCD90281E5"}}
        })
    }

    fn one(record: &Value) -> Result<Change, MessageError> {
        parse(&json!({"Records": [record]})).unwrap().pop().unwrap()
    }

    #[test]
    fn every_field_is_taken_over() {
        let change = one(&record("ObjectCreated:Put", "summer/blue+shirt+%2B+%C3%A9.jpg")).unwrap();
        assert_eq!(change.object, ObjectId::new("shop", "summer/blue shirt + é.jpg").unwrap());
        assert_eq!(change.kind, Kind::Created);
        assert_eq!(change.size, Some(1024));
        assert_eq!(change.version_id.as_deref(), Some("v1"));
        assert_eq!(change.etag, Some(ETag::new("d41d8cd98f00b204e9800998ecf8427e")));
        assert_eq!(change.sequencer, Some("0055AED6DCD90281E5".parse().unwrap()));
    }

    #[test]
    fn kinds_come_from_event_names() {
        for (name, expected) in [
            ("ObjectCreated:CompleteMultipartUpload", Kind::Created),
            ("s3:ObjectCreated:Put", Kind::Created),
            ("ObjectRestore:Completed", Kind::Created),
            ("ObjectRemoved:DeleteMarkerCreated", Kind::Removed),
            ("LifecycleExpiration:Delete", Kind::Removed),
            ("ObjectTagging:Put", Kind::Other("ObjectTagging:Put".into())),
            ("ObjectCreatedOops", Kind::Other("ObjectCreatedOops".into())),
        ] {
            assert_eq!(one(&record(name, "a.jpg")).unwrap().kind, expected, "{name}");
        }
    }

    #[test]
    fn a_trimmed_record_is_enough() {
        let trimmed = json!({"eventName": "ObjectRemoved:Delete",
            "s3": {"bucket": {"name": "shop"}, "object": {"key": "a.jpg"}}});
        let change = one(&trimmed).unwrap();
        assert_eq!((change.kind, change.sequencer, change.size), (Kind::Removed, None, None));
    }

    #[test]
    fn what_is_not_used_may_be_anything() {
        let mut odd = record("ObjectCreated:Put", "a.jpg");
        odd["s3"]["object"]["size"] = json!("big");
        odd["s3"]["object"]["eTag"] = json!(7);
        odd["s3"]["object"]["versionId"] = json!(null);
        odd["userIdentity"] = json!([]);
        let change = one(&odd).unwrap();
        assert_eq!((change.size, change.etag, change.version_id), (None, None, None));
        for none in [json!("Happy Sequencer"), json!("0055AED6DCD90281E5-2"), json!(7), json!("")] {
            odd["s3"]["object"]["sequencer"] = none;
            assert_eq!(one(&odd).unwrap().sequencer, None);
        }
        // What happened is not said: the object is to be looked at.
        for none in [json!(null), json!(""), json!(["ObjectCreated:Put"])] {
            odd["eventName"] = none;
            assert_eq!(one(&odd).unwrap().kind, Kind::Unknown);
        }
    }

    #[test]
    fn a_record_that_names_no_object_says_why() {
        let mut old = record("ObjectCreated:Put", "a");
        old["eventVersion"] = json!("3.0");
        let mut no_bucket = record("ObjectCreated:Put", "a");
        no_bucket["s3"]["bucket"] = json!({});
        let mut typed = record("ObjectCreated:Put", "a");
        typed["s3"]["object"]["key"] = json!(["a"]);
        let long = "k".repeat(1025);
        for (bad, words) in [
            (old, "event version '3.0'"),
            (no_bucket, "has no s3.bucket.name"),
            (record("ObjectCreated:Put", "%FF%FE"), "does not decode to UTF-8"),
            (record("ObjectCreated:Put", &long), "1025 bytes long"),
            (typed, "has no s3.object.key"),
        ] {
            let error = one(&bad).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(error.contains("record 0"), "{error}");
        }
    }

    #[test]
    fn a_bad_record_leaves_its_neighbours() {
        let good = record("ObjectCreated:Put", "a");
        let event = json!({"Records": [{"x": 1}, good, {"s3": 1}, null, good]});
        let entries = parse(&event).unwrap();
        let readable: Vec<bool> = entries.iter().map(Result::is_ok).collect();
        assert_eq!(readable, [false, true, false, false, true]);
    }

    #[test]
    fn test_events_carry_nothing() {
        let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "shop"});
        assert!(parse(&event).unwrap().is_empty());
        assert!(parse(&json!({"Records": []})).unwrap().is_empty());
        assert!(parse(&json!({"Records": [{"dynamodb": {}}]})).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(name in "\\PC*", key in "\\PC*", sequencer in "\\PC*") {
            let mut value = record(&name, &key);
            value["s3"]["object"]["sequencer"] = json!(sequencer);
            let _ = one(&value);
        }
    }
}
