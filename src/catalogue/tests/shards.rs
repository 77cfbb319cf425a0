use std::collections::BTreeSet;
use std::num::{NonZeroU16, NonZeroU32};
use std::ops::ControlFlow;

use crate::catalogue::conformance::{Shared, conforms, object, put, row};
use crate::catalogue::{Count, DynamoDb, Listing, Shards, Shelf, Shelves, review};

fn shards(number: u16) -> Shards {
    number.to_string().parse().unwrap()
}

/// Over several partitions, a table does the same.
pub(super) async fn spread_tables_conform(made: impl AsyncFn() -> DynamoDb) {
    for number in [2, 8] {
        conforms(&made().await.with_shards(shards(number))).await;
    }
}

async fn pages(table: &DynamoDb, shelf: &Shelf, limit: u16) -> Vec<Listing> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = table.page(shelf, cursor.as_ref(), NonZeroU16::new(limit).unwrap()).await;
        let page = page.unwrap();
        assert!(page.rows.len() <= usize::from(limit));
        rows.extend(page.rows);
        match page.next {
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => return rows,
        }
    }
}

pub(super) async fn a_shelf_that_was_spread_later_is_read_whole(table: &DynamoDb) {
    let shelf: Shelf = "spread".parse().unwrap();
    let name = |number: i64| format!("spread-{number}.jpg");
    // A third of the rows each is from when there was one shard, two, and eight; many are of one time.
    for number in 0..60 {
        let writer =
            table.clone().with_shards(shards([1, 2, 8][usize::try_from(number / 20).unwrap()]));
        put(&writer, &row(&name(number), "spread", number % 7, None), None).await;
    }
    let reader = table.clone().with_shards(shards(8));
    let in_table =
        |number| async move { table.get(&format!("shop/{}", name(number)), "shelf").await };
    let mut partitions = BTreeSet::new();
    for number in 0..60 {
        partitions.insert(in_table(number).await.unwrap());
    }
    assert!(partitions.len() > 6 && partitions.contains("spread"), "{partitions:?}");

    for limit in [1, 2, 7, 60, 100] {
        let rows = pages(&reader, &shelf, limit).await;
        let times: Vec<i64> = rows.iter().map(|row| row.added_at.unix_timestamp()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "pages of {limit}: {times:?}");
        let keys: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!((rows.len(), keys.len()), (60, 60), "pages of {limit}");
        assert!(rows.iter().all(|row| row.shelf == shelf));
    }
    let most = NonZeroU32::new(100).unwrap();
    assert_eq!(reader.count(&shelf, most).await.unwrap(), Count { rows: 60, is_whole: true });

    // Whatever a reader's own number is, the shelf has its name.
    let mut found = 0;
    let skipped = table.scan(|row| {
        found += usize::from(row.shelf == shelf);
        ControlFlow::Continue(())
    });
    assert_eq!(skipped.await.unwrap().count, 0);
    assert_eq!(found, 60);
    for number in 40..60 {
        assert_eq!(
            table.row(&object(&name(number))).await.unwrap().unwrap().shelf.as_ref(),
            Some(&shelf)
        );
    }

    // A row that is written anew goes where it belongs; a person's word moves it.
    let early = reader.row(&object(&name(3))).await.unwrap().unwrap();
    put(&reader, &row(&name(3), "spread", 3, Some(&early)), Some(&early)).await;
    assert_eq!(pages(&reader, &shelf, 7).await.len(), 60);
    for number in [3, 4, 50] {
        let (object, sha256) = (object(&name(number)), format!("sha256 of {}", name(number)));
        let said = review(&reader, &object, Some(&"moved".parse().unwrap()), &sha256).await;
        assert_eq!(said.unwrap().shelf, Some("moved".parse().unwrap()));
    }
    let moved = pages(&reader, &"moved".parse().unwrap(), 2).await;
    let moved: BTreeSet<String> = moved.into_iter().map(|row| row.key).collect();
    assert_eq!(moved, [3, 4, 50].map(name).into());
    assert_eq!(pages(&reader, &shelf, 100).await.len(), 57);
    // Those who read all shelves find them too.
    let reviewed = reader.reviewed(None, NonZeroU16::new(1000).unwrap()).await.unwrap();
    let moved = reviewed.rows.iter().filter(|row| row.shelf.as_str() == "moved").count();
    assert_eq!(moved, 3);
}

/// Rows that stay are found once, in order, whatever others write between the pages.
pub(super) async fn pages_of_shards_neither_repeat_nor_hide_rows(table: &DynamoDb) {
    for number in [1, 2, 8] {
        let table = table.clone().with_shards(shards(number));
        let shelf: Shelf = format!("busy-{number}").parse().unwrap();
        let name = |row: i64| format!("busy-{number}-{row}.jpg");
        for added in 0..30 {
            put(&table, &row(&name(added), shelf.as_str(), added % 4, None), None).await;
        }
        let (mut rows, mut cursor) = (Vec::new(), None);
        for turn in 0.. {
            let limit = NonZeroU16::new([1, 3, 5][turn % 3]).unwrap();
            let page = table.page(&shelf, cursor.as_ref(), limit).await.unwrap();
            rows.extend(page.rows);
            let Some(next) = page.next else { break };
            cursor = Some(next.to_string().parse().unwrap());
            // One comes, of a time that is being read, and one that was read or not is written anew.
            let turn = i64::try_from(turn).unwrap();
            put(&table, &row(&name(100 + turn), shelf.as_str(), turn % 4, None), None).await;
            let again = (turn * 7) % 30;
            let before = table.row(&object(&name(again))).await.unwrap().unwrap();
            let after = row(&name(again), shelf.as_str(), again % 4, Some(&before));
            put(&table, &after, Some(&before)).await;
        }
        let times: Vec<i64> = rows.iter().map(|row| row.added_at.unix_timestamp()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{number} shards: {times:?}");
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let once: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(once.len(), keys.len(), "{number} shards: {keys:?}");
        let missing = (0..30).map(name).find(|name| !once.contains(name.as_str()));
        assert_eq!(missing, None, "{number} shards");
    }
}
