use std::collections::BTreeSet;
use std::num::NonZeroU16;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use crate::catalogue::conformance::{object, put, row};
use crate::catalogue::{DynamoDb, Listing, Row, review};

/// All reviewed rows, by pages of `limit`; and how many pages there were.
async fn all(table: &DynamoDb, limit: u16) -> (Vec<Listing>, usize) {
    let (mut rows, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let limit = NonZeroU16::new(limit).unwrap();
        let page = table.reviewed(cursor.as_ref(), limit).await.unwrap();
        assert!(page.rows.len() <= usize::from(limit.get()));
        pages += 1;
        rows.extend(page.rows);
        match page.next {
            // As it comes back from a website.
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => return (rows, pages),
        }
    }
}

async fn said(table: &DynamoDb, key: &str, word: &str) -> Row {
    let sha256 = format!("sha256 of {key}");
    review(table, &object(key), Some(&word.parse().unwrap()), &sha256).await.unwrap()
}

pub(super) async fn reviewed_rows_are_found_wherever_they_stand(table: &DynamoDb) {
    let key = |n: i64| format!("reviewed-{n}.jpg");
    for n in 0..12 {
        put(table, &row(&key(n), ["boot", "cap"][usize::try_from(n % 2).unwrap()], n, None), None)
            .await;
    }
    for (n, word) in [(1, "cap"), (4, "shawl"), (5, "rejected"), (7, "boot"), (8, "boot")] {
        said(table, &key(n), word).await;
    }
    // What is said of other content says nothing of this one.
    let before = said(table, &key(9), "boot").await;
    let mut other = row(&key(9), "cap", 20, Some(&before));
    other.content_sha256 = Some("another".to_owned());
    put(table, &other, Some(&before)).await;
    for limit in [1, 2, 5, 100] {
        let (rows, _) = all(table, limit).await;
        let found: BTreeSet<(String, String)> = rows
            .iter()
            .filter(|row| row.key.starts_with("reviewed-"))
            .map(|row| (row.key.clone(), row.review().unwrap().to_string()))
            .collect();
        let wanted = [(1, "cap"), (4, "shawl"), (5, "rejected"), (7, "boot"), (8, "boot")];
        assert_eq!(found, wanted.map(|(n, word)| (key(n), word.to_owned())).into());
        let once: BTreeSet<&str> = rows.iter().map(|row| row.image.as_str()).collect();
        assert_eq!(once.len(), rows.len(), "pages of {limit}");
    }
}

pub(super) async fn a_page_may_be_empty_before_the_last(table: &DynamoDb) {
    let before = all(table, 100).await.0.len();
    let items = (0..1100).map(|n| {
        let mut row = row(&format!("many-{n}.jpg"), "many", n, None);
        row.scores = None;
        let item = serde_dynamo::to_item(row).unwrap();
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    });
    let items: Vec<WriteRequest> = items.collect();
    for items in items.chunks(25) {
        let write = table.client.batch_write_item().request_items(&table.table, items.to_vec());
        let left = write.send().await.unwrap().unprocessed_items;
        assert!(left.is_none_or(|left| left.is_empty()));
    }
    let (rows, pages) = all(table, 100).await;
    assert_eq!(rows.len(), before);
    assert!(pages > 1, "{pages}");
    // They are many for a website, and few for a count.
    let shelf = "many".parse().unwrap();
    let count = table.count(&shelf, 10_000.try_into().unwrap()).await.unwrap();
    assert!(count.rows >= 1000 || !count.is_whole, "{count:?}");
}
