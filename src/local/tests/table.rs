use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;

use super::start;
use crate::local::{Stack, create_table};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn insert(stack: &Stack, image: &str, shelf: &str, added_at: &str) {
    stack
        .dynamodb()
        .put_item()
        .table_name("lookbook")
        .item("image", text(image))
        .item("shelf", text(shelf))
        .item("added_at", text(added_at))
        .item("revision", text("1"))
        .item("label", text("dress"))
        .item("software", text("not in the index"))
        .condition_expression("attribute_not_exists(image)")
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn writes_take_conditions() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    insert(&stack, "photos/a", "dress", "2026").await;
    let put = || stack.dynamodb().put_item().table_name("lookbook").item("image", text("photos/a"));
    let again = put().condition_expression("attribute_not_exists(image)").send().await;
    assert!(again.unwrap_err().into_service_error().is_conditional_check_failed_exception());
    let replace = |expected: &str| {
        put()
            .item("revision", text("2"))
            .condition_expression("revision = :r")
            .expression_attribute_values(":r", text(expected))
            .send()
    };
    replace("1").await.unwrap();
    let lost = replace("1").await.unwrap_err().into_service_error();
    assert!(lost.is_conditional_check_failed_exception());
    let row = stack
        .dynamodb()
        .get_item()
        .table_name("lookbook")
        .key("image", text("photos/a"))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    assert_eq!(row.item().unwrap()["revision"], text("2"));
}

#[tokio::test]
async fn a_shelf_is_listed_newest_first_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    for day in 1..=5 {
        insert(&stack, &format!("photos/{day}"), "dress", &format!("2026-01-0{day}")).await;
    }
    insert(&stack, "photos/x", "hat", "2026-01-09").await;
    let mut pages = stack
        .dynamodb()
        .query()
        .table_name("lookbook")
        .index_name("by-shelf")
        .key_condition_expression("shelf = :s")
        .expression_attribute_values(":s", text("dress"))
        .scan_index_forward(false)
        .into_paginator()
        .page_size(2)
        .send();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        for row in page.unwrap().items() {
            assert_eq!(row["label"], text("dress"));
            assert!(!row.contains_key("software"));
            images.push(row["image"].as_s().unwrap().clone());
        }
    }
    assert_eq!(images, ["photos/5", "photos/4", "photos/3", "photos/2", "photos/1"]);
}

#[tokio::test]
async fn the_table_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    insert(&stack, "photos/a", "dress", "2026").await;
    assert!(!create_table(&stack.dynamodb(), "lookbook").await.unwrap());
    assert!(create_table(&stack.dynamodb(), "another").await.unwrap());
    stack.shutdown().await;

    let stack = start(dir.path()).await;
    let tables = stack.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["another", "lookbook"]);
    let row = stack.dynamodb().get_item().table_name("lookbook").key("image", text("photos/a"));
    assert!(row.send().await.unwrap().item().is_some());
    let expiry = stack.dynamodb().describe_time_to_live().table_name("lookbook").send();
    let expiry = expiry.await.unwrap().time_to_live_description.unwrap();
    assert_eq!(expiry.attribute_name(), Some("expires_at"));
}

/// How many records the stream has.
async fn records(stack: &Stack) -> usize {
    let streams = stack.streams().list_streams().table_name("lookbook").send().await.unwrap();
    let arn = streams.streams()[0].stream_arn().unwrap().to_owned();
    let stream = stack.streams().describe_stream().stream_arn(&arn).send().await.unwrap();
    let shard = stream.stream_description().unwrap().shards()[0].clone();
    // One that has an end is closed.
    assert_eq!(shard.sequence_number_range().unwrap().ending_sequence_number(), None);
    let iterator = stack.streams().get_shard_iterator().stream_arn(&arn);
    let iterator = iterator.set_shard_id(shard.shard_id).shard_iterator_type("TRIM_HORIZON".into());
    let iterator = iterator.send().await.unwrap().shard_iterator;
    let records = stack.streams().get_records().set_shard_iterator(iterator).send().await.unwrap();
    records.records().len()
}

#[tokio::test]
async fn the_stream_forgets_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    for image in ["photos/a", "photos/b", "photos/c"] {
        insert(&stack, image, "dress", "2026").await;
    }
    assert_eq!(records(&stack).await, 3);
    stack.shutdown().await;

    let file = dir.path().join("table.sqlite");
    let storage = dynoxide::storage::Storage::new(file.to_str().unwrap()).unwrap();
    let later = "UPDATE _stream_records SET created_at = created_at - 90000 WHERE id < 3";
    storage.conn().execute_batch(later).unwrap();
    // Each write asks for the last record: it must not look at all of them.
    let last = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                FROM _stream_records WHERE table_name = 'lookbook'";
    let plan = storage.conn().query_row(last, [], |row| row.get::<_, String>(3)).unwrap();
    assert!(plan.contains("lookbook_stream_records"), "{plan}");
    drop(storage);

    let stack = start(dir.path()).await;
    for _ in 0..100 {
        if records(&stack).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(records(&stack).await, 1);
    let other = "arn:aws:dynamodb:dynoxide:000000000000:table/lookbook/stream/1.0";
    let error = stack.streams().describe_stream().stream_arn(other).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn requests_must_be_signed_with_the_folders_key() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let key = stack.endpoints().key;
    for (id, secret, code) in [
        ("local", "local", "UnrecognizedClientException"),
        (key.id.as_str(), "other", "InvalidSignatureException"),
    ] {
        let user = Credentials::new(id, secret, None, None, "test");
        let config = stack.dynamodb().config().to_builder().credentials_provider(user).build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let error = client.delete_table().table_name("lookbook").send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    }
    let tables = stack.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["lookbook"]);
}
