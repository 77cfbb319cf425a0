//! What the table does, on the embedded one and on another implementation of AWS: the conformance
//! suite, and what there is beyond it.

mod changes;
mod count;
mod names;
mod reviewed;
mod shards;

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::num::NonZeroU16;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::AttributeValue;
use time::OffsetDateTime;

use super::conformance::{Shared, conforms};
use super::{DynamoDb, Judgement, Maker, Row, Shelves, Skipped, Table, Written, schema};
use crate::bucket::ObjectMeta;
use crate::local::{AccessKey, Endpoints, Options, Stack};
use crate::object::{ETag, ObjectId};

impl Shared for DynamoDb {
    async fn set(&self, image: &str, name: &str, value: &str) {
        let update = self.client.update_item().table_name(&self.table);
        update
            .key("image", AttributeValue::S(image.to_owned()))
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
            .send()
            .await
            .unwrap();
    }

    async fn get(&self, image: &str, name: &str) -> Option<String> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = get.key("image", AttributeValue::S(image.to_owned())).send().await.unwrap();
        answer.item?.remove(name)?.as_s().ok().cloned()
    }
}

/// A table of its own with this client.
async fn made(client: Client) -> DynamoDb {
    let name = format!("conformance-{}", uuid::Uuid::new_v4().simple());
    schema::create_table(&client, &name).unwrap().send().await.unwrap();
    let exists = client.wait_until_table_exists().table_name(&name);
    exists.wait(Duration::from_mins(1)).await.unwrap();
    DynamoDb::new(client, &name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_table_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { dir: dir.path().to_owned(), ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    conforms(&made(stack.dynamodb()).await).await;
    what_is_no_row_spoils_nothing(&made(stack.dynamodb()).await).await;
    reads(&made(stack.dynamodb()).await).await;
    shards::spread_tables_conform(async || made(stack.dynamodb()).await).await;
    stack.shutdown().await;
}

/// `tests/second/run.sh` starts it. Without one this test says so and passes.
#[tokio::test(flavor = "multi_thread")]
async fn another_implementations_table_conforms() {
    let (Ok(endpoint), Ok(name)) = (env::var("SECOND_ENDPOINT"), env::var("SECOND_NAME")) else {
        eprintln!("skipped: no SECOND_ENDPOINT: see tests/second/README.md");
        return;
    };
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint} is not on this machine");
    eprintln!("on {name}: the conformance suite");
    // It checks no signatures.
    let key = AccessKey { id: "any".to_owned(), secret: "any".to_owned() };
    let (s3, bucket, table) = (endpoint.clone(), String::new(), String::new());
    let at = Endpoints { s3, dynamodb: endpoint, bucket, table, key };
    conforms(&made(at.dynamodb_client()).await).await;
    what_is_no_row_spoils_nothing(&made(at.dynamodb_client()).await).await;
    reads(&made(at.dynamodb_client()).await).await;
    shards::spread_tables_conform(async || made(at.dynamodb_client()).await).await;
}

/// What a website reads beside pages.
async fn reads(table: &DynamoDb) {
    count::a_shelf_is_counted_up_to_a_bound(table).await;
    names::what_people_call_photos_is_noted(table).await;
    names::what_cannot_be_noted_fails_no_review(table).await;
    shards::a_shelf_that_was_spread_later_is_read_whole(table).await;
    shards::pages_of_shards_neither_repeat_nor_hide_rows(table).await;
    reviewed::reviewed_rows_are_found_wherever_they_stand(table).await;
    reviewed::a_page_may_be_empty_before_the_last(table).await;
}

/// Items that others wrote, one of them of a later version, and rows in which a client wrote NULL or
/// a number where a text belongs.
async fn what_is_no_row_spoils_nothing(table: &DynamoDb) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = || AttributeValue::N("7".to_owned());
    let row = |image: &str| {
        HashMap::from([
            ("image", text(image)),
            ("bucket", text("shop")),
            ("key", text(image.trim_start_matches("shop/"))),
            ("shelf", text("hat")),
            ("added_at", text("2026-01-15T09:30:00Z")),
            ("revision", text("r1")),
            ("software", text("lookbook 0")),
            ("content_sha256", text("x")),
            ("price", number()),
        ])
    };
    let null = || AttributeValue::Null(true);
    let mut nulls = row("shop/nulls.jpg");
    nulls.extend([
        ("label", null()),
        ("width", null()),
        ("reviewed_label", null()),
        ("reason", null()),
    ]);
    let mut odd_review = row("shop/odd-review.jpg");
    odd_review.extend([("reviewed_label", number()), ("reviewed_at", text("yesterday"))]);
    let mut later = row("shop/later.jpg");
    later.extend([("shelf", text("hat")), ("size", text("large"))]);
    later.extend([("reviewed_label", text("scarf")), ("reviewed_sha256", text("x"))]);
    let foreign = HashMap::from([
        ("image", text("a price list")),
        ("shelf", text("hat")),
        ("added_at", text("long ago")),
    ]);
    for item in [nulls, odd_review, later, foreign] {
        let item = item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let put = table.client.put_item().table_name(&table.table).set_item(Some(item));
        put.send().await.unwrap();
    }

    // Listings have what can be read, page by page, and say what they left out.
    let mut cursor = None;
    let (mut listed, mut skipped) = (BTreeSet::new(), Skipped::default());
    loop {
        let one = NonZeroU16::new(1).unwrap();
        let page = table.page(&"hat".parse().unwrap(), cursor.as_ref(), one).await.unwrap();
        skipped.add(page.skipped);
        listed.extend(page.rows.into_iter().map(|row| row.image));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let readable = ["shop/later.jpg", "shop/nulls.jpg", "shop/odd-review.jpg"].map(str::to_owned);
    assert_eq!(listed, BTreeSet::from(readable));
    assert_eq!(skipped, Skipped { count: 1, first: Some("a price list".into()) });
    let scanned = table.scan(|_| std::ops::ControlFlow::Continue(())).await.unwrap();
    assert_eq!(scanned, skipped);
    assert!(scanned.words().unwrap().contains("a price list"));

    // Each can be written over: what is not lookbook's stays, and what a person said.
    for key in ["nulls.jpg", "odd-review.jpg", "later.jpg"] {
        let object = ObjectId::new("shop", key).unwrap();
        let stored = table.read(&object).await.unwrap().unwrap();
        assert_eq!(stored.is_readable, key != "later.jpg", "{key}");
        let maker = Maker {
            model_id: "m".into(),
            recipe: "r".into(),
            generation: 0,
            software: "lookbook 0".into(),
        };
        let meta = ObjectMeta {
            etag: ETag::new("e"),
            size: 9,
            last_modified: OffsetDateTime::UNIX_EPOCH,
            version_id: None,
        };
        let judgement = Judgement::Classified {
            label: "shirt".parse().unwrap(),
            confidence: 1.0,
            scores: vec![],
            unsure: false,
            width: 1,
            height: 1,
            format: "jpeg",
            content_sha256: "x".into(),
        };
        let now = OffsetDateTime::UNIX_EPOCH;
        let row = Row::of_object(&object, &meta, judgement, &maker, None, Some(&stored.row), now);
        assert_eq!(table.write(&row, Some(&stored.seen)).await.unwrap(), Written::Done, "{key}");
        let again = table.row(&object).await.unwrap().unwrap();
        let shelf = if key == "later.jpg" { "scarf" } else { "shirt" };
        assert_eq!(again.shelf.unwrap().as_str(), shelf);
        let get = table.client.get_item().table_name(&table.table);
        let item = get.key("image", text(&object.to_string())).send().await.unwrap().item.unwrap();
        assert_eq!(item["price"], number(), "{key}");
    }
}
