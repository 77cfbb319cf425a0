//! What a record of the stream says of a photo.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::types::{AttributeValue as Streamed, Record};
use time::OffsetDateTime;

use crate::catalogue::stored::Item;
use crate::catalogue::{Shelf, Skipped};
use crate::object::ObjectId;

/// A photo whose row was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// `bucket/key`.
    pub image: String,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// Where it stood after that; `None` if it is gone, or is no row that a listing shows.
    pub shelf: Option<Shelf>,
    /// When that was, to the second.
    pub changed_at: OffsetDateTime,
}

impl Changed {
    /// What a record says; none if it is of an item that is no photo's.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let record = record.dynamodb.as_ref()?;
        let image = record.keys.as_ref()?.get("image")?.as_s().ok()?;
        let object: ObjectId = image.parse().ok()?;
        let row = record.new_image.as_ref().and_then(|item| Skipped::default().listed(read(item)));
        let changed_at = record.approximate_creation_date_time.as_ref()?.secs();
        Some(Self {
            bucket: object.bucket().to_owned(),
            key: object.key().to_owned(),
            shelf: row.map(|row| row.shelf),
            changed_at: OffsetDateTime::from_unix_timestamp(changed_at).ok()?,
            image: image.clone(),
        })
    }
}

/// Leaves the last change of each image, in order.
pub(super) fn reduce(changes: Vec<Changed>) -> Vec<Changed> {
    let mut seen = HashSet::new();
    let newest_first = changes.into_iter().rev();
    let mut last: Vec<Changed> =
        newest_first.filter(|change| seen.insert(change.image.clone())).collect();
    last.reverse();
    last
}

/// An item as the table's own client gives it.
fn read(item: &HashMap<String, Streamed>) -> Item {
    let of = |(name, value): (&String, &Streamed)| Some((name.clone(), value_of(value)?));
    item.iter().filter_map(of).collect()
}

/// None for a kind of value that this SDK does not know.
fn value_of(value: &Streamed) -> Option<AttributeValue> {
    Some(match value {
        Streamed::S(text) => AttributeValue::S(text.clone()),
        Streamed::N(number) => AttributeValue::N(number.clone()),
        Streamed::Bool(is) => AttributeValue::Bool(*is),
        Streamed::Null(is) => AttributeValue::Null(*is),
        Streamed::B(bytes) => AttributeValue::B(bytes.clone()),
        Streamed::Ss(texts) => AttributeValue::Ss(texts.clone()),
        Streamed::Ns(numbers) => AttributeValue::Ns(numbers.clone()),
        Streamed::Bs(bytes) => AttributeValue::Bs(bytes.clone()),
        Streamed::L(values) => AttributeValue::L(values.iter().filter_map(value_of).collect()),
        Streamed::M(item) => AttributeValue::M(read(item)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodbstreams::primitives::DateTime;
    use aws_sdk_dynamodbstreams::types::StreamRecord;

    use super::*;

    fn text(text: &str) -> Streamed {
        Streamed::S(text.to_owned())
    }

    /// The record of an item with these attributes, or of one that was removed.
    fn record(image: &str, item: Option<&[(&str, Streamed)]>) -> Record {
        let of = |(name, value): &(&str, Streamed)| ((*name).to_owned(), value.clone());
        let record = StreamRecord::builder()
            .keys("image", text(image))
            .set_new_image(item.map(|item| item.iter().map(of).collect()))
            .approximate_creation_date_time(DateTime::from_secs(1000))
            .build();
        Record::builder().dynamodb(record).build()
    }

    fn row<'a>(image: &str, shelf: &str) -> Vec<(&'a str, Streamed)> {
        let (bucket, key) = image.split_once('/').unwrap();
        vec![
            ("image", text(image)),
            ("bucket", text(bucket)),
            ("key", text(key)),
            ("shelf", text(shelf)),
            ("added_at", text("1970-01-01T00:00:00Z")),
            ("confidence", Streamed::N("0.5".to_owned())),
            // What a listing reads leniently, and what it does not read.
            ("label", Streamed::Null(true)),
            ("reviewed_label", Streamed::Bool(true)),
            ("scores", Streamed::M(HashMap::from([("hat".to_owned(), text("x"))]))),
            ("prices", Streamed::L(vec![Streamed::Ns(vec!["1".to_owned()])])),
        ]
    }

    #[test]
    fn a_record_says_where_a_photo_stands() {
        let of =
            |shelf: &str| Changed::of(&record("shop/a/b.jpg", Some(&row("shop/a/b.jpg", shelf))));
        let hat = of("hat").unwrap();
        assert_eq!((hat.bucket.as_str(), hat.key.as_str()), ("shop", "a/b.jpg"));
        assert_eq!((hat.image.as_str(), hat.changed_at.unix_timestamp()), ("shop/a/b.jpg", 1000));
        assert_eq!(hat.shelf, Some("hat".parse().unwrap()));
        // What is on no shelf, or is no row that a listing shows, is gone.
        assert_eq!(of("a\nb").unwrap().shelf, None);
        let tombstone = &row("shop/a/b.jpg", "hat")[..3];
        for item in [None, Some(tombstone)] {
            assert_eq!(Changed::of(&record("shop/a/b.jpg", item)).unwrap().shelf, None);
        }
    }

    #[test]
    fn items_of_no_photo_are_left_out() {
        for image in ["#labels", "a price list", "/", "shop/"] {
            assert_eq!(Changed::of(&record(image, None)), None, "{image}");
        }
        assert_eq!(Changed::of(&Record::builder().build()), None);
    }

    #[test]
    fn the_last_change_of_an_image_is_left() {
        let change = |image: &str, shelf: &str| {
            Changed::of(&record(image, Some(&row(image, shelf)))).unwrap()
        };
        let changes = ["shop/a hat", "shop/b hat", "shop/a dress", "shop/c hat", "shop/b dress"];
        let changes = changes.map(|change| change.split_once(' ').unwrap());
        let reduced = reduce(changes.map(|(image, shelf)| change(image, shelf)).to_vec());
        let left = [("shop/a", "dress"), ("shop/c", "hat"), ("shop/b", "dress")];
        assert_eq!(reduced, left.map(|(image, shelf)| change(image, shelf)));
    }
}
