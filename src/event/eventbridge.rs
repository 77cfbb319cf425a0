//! An event of S3 that came over `EventBridge`. Its keys are as they are in the bucket: not
//! encoded.
//!
//! Source: Amazon S3 user guide, "EventBridge event message structure" and "Using `EventBridge`".

use serde_json::Value;

use super::record::{Fields, RecordError};
use super::{Change, Entries, Kind, MessageError};
use crate::object::{ETag, ObjectId};

/// The change of an event, or `None` if the value is no event of S3.
pub(super) fn parse(event: &Value) -> Option<Entries> {
    let fields = Fields(event);
    if fields.text("/source") != Some("aws.s3") || event.get("detail").is_none() {
        return None;
    }
    // What changes no content may name no object: a call that CloudTrail saw, for example.
    let kind = fields.text("/detail-type").map_or(Kind::Unknown, kind);
    if matches!(kind, Kind::Other(_)) && fields.text("/detail/object/key").is_none() {
        return Some(Vec::new());
    }
    let entry = change(fields)
        .map_err(|source| MessageError::Record { place: "the EventBridge event".into(), source });
    Some(vec![entry])
}

/// The event's own id, which all of its deliveries have.
pub(super) fn id(event: &Value) -> Option<&str> {
    Fields(event).text("/id")
}

fn change(event: Fields<'_>) -> Result<Change, RecordError> {
    let kind = event.text("/detail-type").map_or(Kind::Unknown, kind);
    let bucket = event.needed("/detail/bucket/name", "detail.bucket.name")?;
    let key = event.needed("/detail/object/key", "detail.object.key")?;
    Ok(Change {
        object: ObjectId::new(bucket, key)?,
        kind,
        version_id: event.text("/detail/object/version-id").map(ToOwned::to_owned),
        etag: event.text("/detail/object/etag").map(ETag::new),
        size: event.number("/detail/object/size"),
        sequencer: event.sequencer("/detail/object/sequencer"),
    })
}

fn kind(detail_type: &str) -> Kind {
    match detail_type {
        // What was archived can be read again.
        "Object Created" | "Object Restore Completed" => Kind::Created,
        "Object Deleted" => Kind::Removed,
        other => Kind::Other(other.chars().take(80).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str) -> Value {
        json!({"version": "0", "id": "17793124", "detail-type": kind, "source": "aws.s3",
            "detail": {"version": "0", "bucket": {"name": "shop"}, "object": {"key": "50%+off é.jpg",
                "size": 5, "etag": "b1946ac9", "version-id": "v1", "sequencer": "617f08299329d189"},
            "reason": "PutObject"}})
    }

    fn one(event: &Value) -> Result<Change, MessageError> {
        parse(event).unwrap().pop().unwrap()
    }

    #[test]
    fn its_key_is_not_encoded() {
        let change = one(&event("Object Created")).unwrap();
        assert_eq!(change.object, ObjectId::new("shop", "50%+off é.jpg").unwrap());
        assert_eq!(change.kind, Kind::Created);
        assert_eq!((change.size, change.version_id.as_deref()), (Some(5), Some("v1")));
        assert_eq!(change.etag, Some(ETag::new("b1946ac9")));
        assert_eq!(change.sequencer, Some("617F08299329D189".parse().unwrap()));
    }

    #[test]
    fn its_kind_is_the_detail_type() {
        for (name, kind) in [
            ("Object Deleted", Kind::Removed),
            ("Object Restore Completed", Kind::Created),
            ("Object Tags Added", Kind::Other("Object Tags Added".into())),
        ] {
            assert_eq!(one(&event(name)).unwrap().kind, kind);
        }
    }

    #[test]
    fn what_is_not_needed_may_be_missing() {
        let mut bare = event("Object Created");
        bare["detail-type"] = json!(null);
        bare["detail"]["object"]["sequencer"] = json!("Happy Sequencer");
        let change = one(&bare).unwrap();
        assert_eq!((change.kind, change.sequencer), (Kind::Unknown, None));
    }

    #[test]
    fn one_that_names_no_object_says_why() {
        let mut bad = event("Object Created");
        bad["detail"]["object"]["key"] = json!(7);
        let error = one(&bad).unwrap_err().to_string();
        assert_eq!(error, "the EventBridge event has no detail.object.key");
        let call = json!({"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventName": "PutBucketTagging"}});
        assert!(parse(&call).unwrap().is_empty());
        assert!(parse(&json!({"source": "aws.ec2", "detail-type": "x", "detail": {}})).is_none());
    }
}
