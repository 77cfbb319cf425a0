//! A batch of a Step Functions Distributed Map: items as a bucket's listing has them.
//!
//! Source: AWS Step Functions developer guide, "`ItemBatcher` (Map)" and "`ItemReader` (Map)". A
//! listing does not name its bucket, so `BatchInput` does.
//!
//! # Encoded keys
//!
//! A listing (`ListObjectsV2`) has keys as they are in the bucket. An S3 Inventory in CSV has them
//! URL-encoded (Amazon S3 user guide, "Amazon S3 Inventory list"), one in Parquet has not, and Step
//! Functions does not say that it decodes any. So an item that is not plainly a listing's and whose
//! key decodes to another one names both: each is looked at, and nothing is written for the one that
//! is not there and never was.

use serde_json::{Value, json};

use super::record::{Fields, RecordError, decode_key};
use super::{Change, Kind, Message, MessageError, Reply};
use crate::object::{ETag, ObjectId};

/// The items of a batch; `None` if the event is none.
pub(super) fn items(event: &Value) -> Option<&[Value]> {
    Some(event.get("Items")?.as_array()?)
}

/// The messages of a batch, one an item.
pub(super) fn parse(event: &Value, items: &[Value]) -> Vec<Message> {
    let bucket = either(Fields(event), "/BatchInput/Bucket", "/BatchInput/bucket");
    let messages = items.iter().enumerate().map(|(index, item)| {
        let entries = changes(Fields(item), bucket).map_err(|source| MessageError::Record {
            place: format!("item {index} of the Distributed Map batch"),
            source,
        });
        Message::new(&format!("Items[{index}]"), entries.map(|e| e.into_iter().map(Ok).collect()))
    });
    messages.collect()
}

fn changes(item: Fields<'_>, batch: Option<&str>) -> Result<Vec<Change>, RecordError> {
    let bucket = either(item, "/Bucket", "/bucket").or(batch);
    let bucket = bucket.ok_or(RecordError::Missing("Bucket, and there is no BatchInput.bucket"))?;
    let key = either(item, "/Key", "/key").ok_or(RecordError::Missing("Key"))?;
    let etag = either(item, "/ETag", "/Etag").map(ETag::new);
    let look_at = |object, kind| Change {
        kind,
        etag: etag.clone(),
        size: item.number("/Size"),
        ..Change::look_at(object)
    };
    let decoded = decode_key(key).ok().filter(|decoded| decoded != key && !is_listed(item));
    let decoded = decoded.and_then(|key| ObjectId::new(bucket, &key).ok());
    Ok(match (ObjectId::new(bucket, key), decoded) {
        (Ok(plain), None) => vec![look_at(plain, Kind::Created)],
        (Ok(plain), Some(other)) => {
            vec![look_at(plain, Kind::Guessed), look_at(other, Kind::Guessed)]
        }
        // Encoded, a key may be longer than any is.
        (Err(_), Some(other)) => vec![look_at(other, Kind::Guessed)],
        (Err(error), None) => return Err(error.into()),
    })
}

/// Whether an item has what only a listing's have: an inventory's time is `LastModifiedDate`, and its
/// fingerprints are bare.
fn is_listed(item: Fields<'_>) -> bool {
    let quoted = item.text("/ETag").is_some_and(|etag| etag.starts_with('"'));
    quoted || item.0.get("LastModified").is_some() || item.0.get("Etag").is_some()
}

/// A field as a listing writes its name, or as people do.
fn either<'a>(fields: Fields<'a>, listed: &str, written: &str) -> Option<&'a str> {
    fields.text(listed).or_else(|| fields.text(written))
}

/// How many changes came to each outcome: a state's output is limited in size.
pub(super) fn answer(replies: &[Reply<'_>]) -> Value {
    let mut counts = serde_json::Map::new();
    for told in replies.iter().flat_map(|reply| &reply.outcomes) {
        let count = counts.entry(told.name).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    json!({"outcomes": counts})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Envelope, Sender};

    fn objects(event: &Value) -> Vec<Result<String, String>> {
        let envelope = Envelope::parse(event, "r").unwrap();
        assert_eq!(*envelope.sender(), Sender::Map);
        let entries = envelope.messages().iter().flat_map(|message| &message.entries);
        let text = |e: &Result<Change, MessageError>| match e {
            Ok(change) => Ok(change.object.to_string()),
            Err(error) => Err(error.to_string()),
        };
        entries.map(text).collect()
    }

    #[test]
    fn keys_are_as_listed() {
        let event = json!({"BatchInput": {"bucket": "shop"}, "Items": [
            {"Key": "a+b%20c é.jpg", "Size": 7, "ETag": "\"abc\"", "StorageClass": "STANDARD"},
            {"Bucket": "other", "Key": "d.jpg"}]});
        assert_eq!(objects(&event), [Ok("shop/a+b%20c é.jpg".into()), Ok("other/d.jpg".into())]);
        let envelope = Envelope::parse(&event, "r").unwrap();
        let change = envelope.messages()[0].entries[0].as_ref().unwrap();
        assert_eq!((change.size, &change.etag), (Some(7), &Some(ETag::new("abc"))));
        assert_eq!(envelope.messages()[1].id, "Items[1]");
    }

    /// The fields of an inventory, as its manifest names them.
    #[test]
    fn an_inventorys_key_may_be_encoded_or_not() {
        let item = |key: &str| {
            json!({"Bucket": "shop", "Key": key, "VersionId": "", "Size": "7",
            "IsLatest": "true", "LastModifiedDate": "2022-11-16T00:29:20.000Z", "ETag": "abc"})
        };
        let kinds = |event: &Value| {
            let envelope = Envelope::parse(event, "r").unwrap();
            let entries = envelope.messages().iter().flat_map(|message| &message.entries);
            entries.map(|entry| entry.as_ref().unwrap().kind.clone()).collect::<Vec<_>>()
        };
        let event = json!({"Items": [item("new+hat%20%C3%A9.jpg")]});
        assert_eq!(
            objects(&event),
            [Ok("shop/new+hat%20%C3%A9.jpg".into()), Ok("shop/new hat é.jpg".into())]
        );
        assert_eq!(kinds(&event), [Kind::Guessed, Kind::Guessed]);
        let long = json!({"Items": [item(&"%E6%9C%8D".repeat(115))]});
        assert_eq!(objects(&long), [Ok(format!("shop/{}", "服".repeat(115)))]);
        for plain in ["plain.jpg", "50%.jpg", "%FF.jpg"] {
            let event = json!({"Items": [item(plain)]});
            assert_eq!(objects(&event), [Ok(format!("shop/{plain}"))]);
            assert_eq!(kinds(&event), [Kind::Created]);
        }
    }

    #[test]
    fn names_may_begin_small() {
        for (bucket, key) in
            [("bucket", "key"), ("bucket", "Key"), ("Bucket", "key"), ("Bucket", "Key")]
        {
            let event = json!({"BatchInput": {bucket: "shop"}, "Items": [
                {key: "a.jpg"}, {bucket: "other", key: "b.jpg"}]});
            assert_eq!(objects(&event), [Ok("shop/a.jpg".into()), Ok("other/b.jpg".into())]);
        }
    }

    #[test]
    fn a_bad_item_leaves_its_neighbours() {
        let event =
            json!({"BatchInput": {"bucket": "shop"}, "Items": [7, {"Key": "a"}, {"Key": ""}]});
        let objects = objects(&event);
        assert_eq!(objects[0], Err("item 0 of the Distributed Map batch has no Key".into()));
        assert!(objects[1].is_ok() && objects[2].is_err());
        let nowhere = json!({"Items": [{"Key": "a"}]});
        let error = self::objects(&nowhere)[0].clone().unwrap_err();
        assert!(error.contains("BatchInput.bucket"), "{error}");
    }
}
