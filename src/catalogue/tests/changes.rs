//! What changed, told by the stream of the embedded table.

use std::num::NonZeroU16;
use std::path::Path;

use aws_sdk_dynamodb::types::{AttributeValue, StreamSpecification};

use crate::catalogue::conformance::{object, put, row, tombstone};
use crate::catalogue::{Changes, ChangesError, DynamoDb, Row, Shards, Since, TableError, review};
use crate::local::{Options, Stack};

async fn start(dir: &Path) -> (Stack, DynamoDb, Changes) {
    let options = Options { dir: dir.to_owned(), ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    let table = DynamoDb::new(stack.dynamodb(), stack.table());
    let changes = Changes::new(stack.streams(), stack.dynamodb(), stack.table());
    (stack, table, changes)
}

/// The present position.
async fn here(changes: &Changes) -> Since {
    let page = changes.since(None, NonZeroU16::MIN).await.unwrap();
    assert!(page.changes.is_empty() && !page.more);
    page.next
}

/// All changes since a position, each as its key and where it stood, by pages of `limit`; and the
/// position after them.
async fn all(changes: &Changes, since: &Since, limit: u16) -> (Vec<String>, Since) {
    let (mut told, mut since) = (Vec::new(), since.clone());
    loop {
        let page = changes.since(Some(&since), NonZeroU16::new(limit).unwrap()).await.unwrap();
        assert!(page.changes.len() <= usize::from(limit));
        told.extend(page.changes.into_iter().map(|change| {
            assert_eq!(
                (change.bucket.as_str(), change.image),
                ("shop", format!("shop/{}", change.key))
            );
            let shelf = change.shelf.map_or("gone".to_owned(), |shelf| shelf.to_string());
            format!("{} {shelf}", change.key)
        }));
        // As it comes back from a website.
        since = page.next.to_string().parse().unwrap();
        if !page.more {
            return (told, since);
        }
    }
}

async fn said(table: &DynamoDb, key: &str, word: &str) -> Row {
    let sha256 = format!("sha256 of {key}");
    review(table, &object(key), Some(&word.parse().unwrap()), &sha256).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_told_in_order_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (stack, table, changes) = start(dir.path()).await;
    put(&table, &row("before.jpg", "hat", 1, None), None).await;
    let since = here(&changes).await;
    assert_eq!(all(&changes, &since, 100).await.0, [""; 0]);

    let first = row("a.jpg", "hat", 1, None);
    put(&table, &first, None).await;
    put(&table, &row("b.jpg", "dress", 2, None), None).await;
    let second = row("a.jpg", "dress", 3, Some(&first));
    put(&table, &second, Some(&first)).await;
    // It also notes the label, in an item that is no photo's.
    let third = said(&table, "a.jpg", "scarf").await;
    stack.shutdown().await;

    let (stack, table, changes) = start(dir.path()).await;
    // Shelves may be spread meanwhile.
    let table = table.with_shards("8".parse::<Shards>().unwrap());
    put(&table, &tombstone("a.jpg", &third), Some(&third)).await;
    put(&table, &row("c.jpg", "hat", 4, None), None).await;
    let delete = table.client.delete_item().table_name(&table.table);
    let image = AttributeValue::S("shop/b.jpg".to_owned());
    delete.key("image", image).send().await.unwrap();

    let each = [
        "a.jpg hat",
        "b.jpg dress",
        "a.jpg dress",
        "a.jpg scarf",
        "a.jpg gone",
        "c.jpg hat",
        "b.jpg gone",
    ];
    assert_eq!(all(&changes, &since, 1).await.0, each);
    for limit in [2, 3, 100] {
        let (told, next) = all(&changes, &since, limit).await;
        // Of several changes of one photo in a page, the last is told.
        let mut left = each.into_iter();
        assert!(told.iter().all(|told| left.any(|each| each == told)), "{told:?}");
        for last in ["a.jpg gone", "c.jpg hat", "b.jpg gone"] {
            assert!(told.iter().any(|told| told == last), "{told:?}");
        }
        assert_eq!(all(&changes, &next, limit).await.0, [""; 0]);
    }
    let once = changes.since(Some(&since), NonZeroU16::new(100).unwrap()).await.unwrap();
    assert_eq!(once.changes.len(), 3);
    // Who asks twice is told twice, and who goes on is told what came later.
    let (_, next) = all(&changes, &since, 100).await;
    put(&table, &row("d.jpg", "hat", 5, None), None).await;
    assert_eq!(all(&changes, &next, 100).await.0, ["d.jpg hat"]);
    assert_eq!(all(&changes, &since, 1).await.0.len(), each.len() + 1);
    stack.shutdown().await;
}

/// The same position, taken so many hours before, without what a server keeps of it.
fn earlier(since: &Since, hours: i64) -> Since {
    let mut position: serde_json::Value =
        serde_json::from_slice(&hex::decode(since.to_string()).unwrap()).unwrap();
    for shard in position["shards"].as_array_mut().unwrap() {
        for time in ["t", "f"] {
            shard[time] = (shard[time].as_i64().unwrap() - hours * 60 * 60).into();
        }
        shard.as_object_mut().unwrap().remove("i");
    }
    hex::encode(position.to_string()).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_too_old_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (stack, table, changes) = start(dir.path()).await;
    put(&table, &row("a.jpg", "hat", 1, None), None).await;
    let since = here(&changes).await;
    put(&table, &row("b.jpg", "hat", 1, None), None).await;
    // Where the server's own place is forgotten, what was there before is told as well.
    assert_eq!(all(&changes, &earlier(&since, 23), 1).await.0, ["a.jpg hat", "b.jpg hat"]);
    let ten = NonZeroU16::new(10).unwrap();
    let error = changes.since(Some(&earlier(&since, 24)), ten).await.unwrap_err();
    assert!(matches!(error, ChangesError::Expired));
    assert!(error.to_string().contains("begin anew"), "{error}");

    // The stream of another time is another stream, and one that is switched off is none.
    let switch = async |stream: StreamSpecification| {
        let update = table.client.update_table().table_name(&table.table);
        update.stream_specification(stream).send().await.unwrap();
    };
    switch(StreamSpecification::builder().stream_enabled(false).build().unwrap()).await;
    let error = changes.since(None, ten).await.unwrap_err();
    assert!(error.to_string().contains("--stream-specification StreamEnabled=true"), "{error}");
    stack.shutdown().await;
    // A table without a stream gets one.
    let (stack, table, changes) = start(dir.path()).await;
    let error = changes.since(Some(&since), ten).await.unwrap_err();
    assert!(matches!(error, ChangesError::Expired), "{error}");
    let since = here(&changes).await;
    put(&table, &row("c.jpg", "hat", 1, None), None).await;
    assert_eq!(all(&changes, &since, 1).await.0, ["c.jpg hat"]);

    let nowhere = Changes::new(stack.streams(), stack.dynamodb(), "nowhere");
    let error = nowhere.since(None, ten).await.unwrap_err();
    assert!(matches!(error, ChangesError::Table(TableError::NoTable { .. })), "{error}");
    stack.shutdown().await;
}
