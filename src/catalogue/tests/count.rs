use std::num::NonZeroU32;

use crate::catalogue::conformance::{put, row, tombstone};
use crate::catalogue::{Count, DynamoDb};

pub(super) async fn a_shelf_is_counted_up_to_a_bound(table: &DynamoDb) {
    let shelf = "counted".parse().unwrap();
    let count = async |most: u32| table.count(&shelf, NonZeroU32::new(most).unwrap()).await;
    assert_eq!(count(1).await.unwrap(), Count { rows: 0, is_whole: true });
    for added in 1..=5 {
        // Some of them at the same time.
        put(table, &row(&format!("counted-{added}.jpg"), "counted", added / 2, None), None).await;
    }
    let gone = row("counted-not.jpg", "counted", 3, None);
    put(table, &gone, None).await;
    put(table, &tombstone("counted-not.jpg", &gone), Some(&gone)).await;
    put(table, &row("aside.jpg", "aside", 3, None), None).await;
    for (most, rows, is_whole) in [(1, 1, false), (4, 4, false), (5, 5, true), (100, 5, true)] {
        assert_eq!(count(most).await.unwrap(), Count { rows, is_whole }, "up to {most}");
    }
    assert_eq!(count(u32::MAX).await.unwrap(), Count { rows: 5, is_whole: true });
}
