use std::collections::BTreeSet;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::catalogue::conformance::{object, put, row};
use crate::catalogue::names::REGISTRY;
use crate::catalogue::{DynamoDb, review};
use crate::object::ObjectId;

/// A person's word on the photo `KEY`; with no word, what was said is taken back.
async fn say(table: &DynamoDb, word: Option<&str>) {
    let word = word.map(|word| word.parse().unwrap());
    let sha256 = format!("sha256 of {KEY}");
    let row = review(table, &object(KEY), word.as_ref(), &sha256).await.unwrap();
    assert_eq!(row.review(), word);
}

const KEY: &str = "named.jpg";

async fn names(table: &DynamoDb) -> Vec<String> {
    let labels = table.labels_of_people().await.unwrap();
    labels.iter().map(ToString::to_string).collect()
}

async fn forget(table: &DynamoDb) {
    let key = AttributeValue::S(REGISTRY.to_owned());
    table.client.delete_item().table_name(&table.table).key("image", key).send().await.unwrap();
}

pub(super) async fn what_people_call_photos_is_noted(table: &DynamoDb) {
    put(table, &row(KEY, "named", 1, None), None).await;
    forget(table).await;
    assert_eq!(table.labels_of_people().await.unwrap(), BTreeSet::new());
    for word in [Some("scarf"), Some("rejected"), Some("tie"), None, Some("scarf")] {
        say(table, word).await;
    }
    assert_eq!(names(table).await, ["scarf", "tie"]);

    // The item is nowhere where rows are.
    let mut images = BTreeSet::new();
    let skipped = table.scan(|row| {
        images.insert(row.image);
        ControlFlow::Continue(())
    });
    let skipped = skipped.await.unwrap();
    assert_ne!(skipped.first.as_deref(), Some(REGISTRY));
    assert!(images.contains("shop/named.jpg") && !images.contains(REGISTRY));
    assert!(REGISTRY.parse::<ObjectId>().is_err());

    // What one process has noted is not noted again by it, nor by its clones; another does not know.
    forget(table).await;
    say(&table.clone(), Some("tie")).await;
    assert_eq!(table.labels_of_people().await.unwrap(), BTreeSet::new());
    say(&DynamoDb::new(table.client.clone(), &table.table), Some("tie")).await;
    assert_eq!(names(table).await, ["tie"]);
}

pub(super) async fn what_cannot_be_noted_fails_no_review(table: &DynamoDb) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = table.client.put_item().table_name(&table.table);
    put.item("image", text(REGISTRY)).item("labels", text("no set")).send().await.unwrap();
    say(table, Some("glove")).await;
    assert_eq!(table.labels_of_people().await.unwrap(), BTreeSet::new());
    // It is noted once it can be.
    forget(table).await;
    say(table, Some("glove")).await;
    assert_eq!(names(table).await, ["glove"]);
}
