//! Shelves page by page, while rows are written; changes; what was reviewed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lookbook::object::ObjectId;
use serde_json::Value;
use time::OffsetDateTime;

use super::site::{Home, Site, a_row, put_row};
use crate::helpers::Dice;

fn object(key: &str) -> ObjectId {
    ObjectId::new("photos", key).unwrap()
}

/// A time of which several rows have the same.
fn time(n: usize) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap() + Duration::from_secs(n as u64 / 7)
}

async fn page(site: &Site, shelf: &str, limit: usize, cursor: Option<&str>) -> Value {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    site.json(&format!("/api/shelves/{shelf}?limit={limit}{cursor}")).await
}

#[tokio::test]
async fn each_row_comes_once_while_others_are_written_and_the_server_is_restarted() {
    const ROWS: usize = 1000;
    let home = Home::new();
    let mut site = home.open().await;
    let table = site.table();
    for n in 0..ROWS {
        put_row(&table, &a_row(&object(&format!("there/{n}.jpg")), "hat", 0.9, time(n))).await;
    }
    let mut dice = Dice::seeded("WEB_SEED");
    let (mut seen, mut times, mut next, mut pages) = (BTreeMap::new(), Vec::new(), None, 0);
    loop {
        let answer = page(&site, "hat", 37, next.as_deref()).await;
        for row in answer["images"].as_array().unwrap() {
            *seen.entry(row["key"].as_str().unwrap().to_owned()).or_insert(0) += 1;
            times.push(row["added_at"].as_str().unwrap().to_owned());
        }
        pages += 1;
        // Newer and older ones come in between, on this shelf and on another.
        for _ in 0..5 {
            let (n, shelf) = (dice.roll(2 * ROWS), ["hat", "skirt"][dice.roll(2)]);
            let key = format!("meanwhile/{pages}-{n}.jpg");
            put_row(&site.table(), &a_row(&object(&key), shelf, 0.9, time(n))).await;
        }
        if pages == 10 {
            site.close().await;
            site = home.open().await;
        }
        match answer["next"].as_str() {
            Some(cursor) => next = Some(cursor.to_owned()),
            None => break,
        }
    }
    assert!(seen.values().all(|count| *count == 1), "a row came twice");
    for n in 0..ROWS {
        assert!(seen.contains_key(&format!("there/{n}.jpg")), "{n} is missing");
    }
    assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");
}

#[tokio::test]
async fn shelves_are_counted_as_far_as_it_is_cheap() {
    let home = Home::new();
    let site = home.open().await;
    let table = site.table();
    for n in 0..12 {
        let confidence = if n < 4 { 0.3 } else { 0.9 };
        put_row(&table, &a_row(&object(&n.to_string()), "hat", confidence, time(n))).await;
    }
    let counts = site.json("/api/shelves").await;
    let of = |name: &str| {
        let shelves = counts["shelves"].as_array().unwrap();
        shelves.iter().find(|shelf| shelf["name"] == name).cloned().unwrap()
    };
    assert_eq!((of("hat")["count"].as_u64(), of("hat")["kind"].as_str()), (Some(8), Some("label")));
    assert_eq!(of("hat")["more"], false);
    assert_eq!(of("review")["count"], 4);
    assert_eq!(
        (of("rejected")["count"].as_u64(), of("dress")["count"].as_u64()),
        (Some(0), Some(0))
    );
}

#[tokio::test]
async fn a_page_is_filtered_by_confidence_and_text() {
    let home = Home::new();
    let site = home.open().await;
    let table = site.table();
    for (n, key) in ["Sun Hat.jpg", "hat.jpg", "cap.jpg"].iter().enumerate() {
        let confidence = [0.95, 0.8, 0.99][n];
        put_row(&table, &a_row(&object(key), "hat", confidence, time(7 * n))).await;
    }
    let keys = async |query: &str| {
        let answer = site.json(&format!("/api/shelves/hat?{query}")).await;
        let images = answer["images"].as_array().unwrap().clone();
        images.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("").await, ["cap.jpg", "hat.jpg", "Sun Hat.jpg"]);
    assert_eq!(keys("min_confidence=0.9").await, ["cap.jpg", "Sun Hat.jpg"]);
    assert_eq!(keys("text=SUN+h").await, ["Sun Hat.jpg"]);
    // What a person said is sure.
    let hat = object("hat.jpg");
    let content = table.row(&hat).await.unwrap().unwrap().content_sha256.unwrap();
    let word = "hat".parse().unwrap();
    lookbook::catalogue::review(&table, &hat, Some(&word), &content).await.unwrap();
    assert_eq!(keys("min_confidence=0.9").await, ["cap.jpg", "hat.jpg", "Sun Hat.jpg"]);
    lookbook::catalogue::review(&table, &hat, None, &content).await.unwrap();
    // The label counts too.
    assert_eq!(keys("text=hat&min_confidence=0.9").await, ["cap.jpg", "Sun Hat.jpg"]);
}

#[tokio::test]
async fn a_copy_of_the_catalogue_can_be_kept() {
    let home = Home::new();
    let site = home.open().await;
    let table = site.table();
    put_row(&table, &a_row(&object("before.jpg"), "hat", 0.9, time(0))).await;
    let begin = site.json("/api/changes").await;
    assert_eq!(begin["changes"].as_array().unwrap().len(), 0);
    for n in 0..30 {
        put_row(&table, &a_row(&object(&format!("{n}.jpg")), "hat", 0.9, time(n))).await;
    }
    let row = table.row(&object("3.jpg")).await.unwrap().unwrap();
    let content = row.content_sha256.unwrap();
    lookbook::catalogue::review(
        &table,
        &object("3.jpg"),
        Some(&"skirt".parse().unwrap()),
        &content,
    )
    .await
    .unwrap();
    let (mut since, mut found) = (begin["next"].as_str().unwrap().to_owned(), BTreeMap::new());
    for _ in 0..50 {
        let answer = site.json(&format!("/api/changes?since={since}&limit=7")).await;
        for change in answer["changes"].as_array().unwrap() {
            let shelf = change["shelf"].as_str().map(str::to_owned);
            found.insert(change["key"].as_str().unwrap().to_owned(), shelf);
        }
        since = answer["next"].as_str().unwrap().to_owned();
        if answer["more"] == false {
            break;
        }
    }
    let expected: BTreeSet<String> = (0..30).map(|n| format!("{n}.jpg")).collect();
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(found["3.jpg"].as_deref(), Some("skirt"));
    assert_eq!(found["4.jpg"].as_deref(), Some("hat"));
}

#[tokio::test]
async fn what_was_reviewed_can_be_exported() {
    let home = Home::new();
    let site = home.open().await;
    let table = site.table();
    for n in 0..40 {
        let key = object(&format!("{n}.jpg"));
        put_row(&table, &a_row(&key, "hat", 0.9, time(n))).await;
        if n % 4 == 0 {
            let content = table.row(&key).await.unwrap().unwrap().content_sha256.unwrap();
            let word = "skirt".parse().unwrap();
            lookbook::catalogue::review(&table, &key, Some(&word), &content).await.unwrap();
        }
    }
    let (mut cursor, mut keys) = (String::new(), BTreeSet::new());
    loop {
        let answer = site.json(&format!("/api/reviewed?limit=9{cursor}")).await;
        for row in answer["images"].as_array().unwrap() {
            assert_eq!(row["reviewed_label"], "skirt");
            assert!(keys.insert(row["key"].as_str().unwrap().to_owned()));
        }
        let Some(next) = answer["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(keys, (0..10).map(|n| format!("{}.jpg", 4 * n)).collect());
    // A label that only people gave is a shelf too.
    let counts = site.json("/api/shelves").await;
    assert!(counts["shelves"].as_array().unwrap().iter().any(|shelf| shelf["name"] == "skirt"));
}
