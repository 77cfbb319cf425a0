//! Pictures, uploads, scores and events: with real photos.

use std::time::Duration;

use lookbook::photo::{self, Limits};
use lookbook::web::{LiveChange, PhotoSource};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::site::{Home, Site, body, problem};
use crate::helpers::{handle, sample};

/// Puts a photo into the bucket, and classifies it as the watcher would.
async fn put(site: &Site, key: &str, bytes: Vec<u8>) {
    site.place.put(key, bytes).await;
    let record = site.place.record("ObjectCreated:Put", key, "01");
    handle(&site.place.handler(), vec![record]).await;
}

#[tokio::test]
async fn a_picture_is_small_if_that_is_asked_and_sent_once() {
    let home = Home::new();
    let site = home.open().await;
    put(&site, "new in/hat.jpg", sample("hat-1.jpg")).await;
    let path = "/api/images/photos/new%20in%2Fhat.jpg/photo";
    let whole = site.get(path).await;
    assert_eq!(
        (whole.status(), &whole.headers()["content-type"]),
        (StatusCode::OK, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    assert_eq!(whole.bytes().await.unwrap(), sample("hat-1.jpg"));

    let small = site.get(&format!("{path}?width=100")).await;
    assert_eq!(small.status(), StatusCode::OK);
    assert_eq!(small.headers()["cache-control"], "private, no-cache");
    let etag = small.headers()["etag"].clone();
    let picture = photo::decode(&small.bytes().await.unwrap(), &Limits::default()).unwrap();
    assert_eq!((picture.width(), picture.height()), (100, 133));
    let again = site.ask(Method::GET, &format!("{path}?width=100")).header("if-none-match", etag);
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());

    // An address that names the content may be kept for ever.
    let row = site.place.row("new in/hat.jpg").await.unwrap();
    let hash = row.content_sha256.unwrap();
    let pinned = site.get(&format!("{path}?width=100&v={hash}")).await;
    assert_eq!(pinned.headers()["cache-control"], "private, max-age=31536000, immutable");
    problem(site.get(&format!("{path}?width=7")).await, 400).await;
}

/// What is said of one content is not shown beside another.
#[tokio::test]
async fn a_photo_that_was_replaced_is_not_shown_before_it_is_classified() {
    let home = Home::new();
    let site = home.open().await;
    put(&site, "a.jpg", sample("hat-1.jpg")).await;
    let hash = site.place.row("a.jpg").await.unwrap().content_sha256.unwrap();
    site.place.put("a.jpg", sample("dress-1.jpg")).await;
    for query in [String::new(), "?width=64".into(), format!("?width=64&v={hash}")] {
        let answer = site.get(&format!("/api/images/photos/a.jpg/photo{query}")).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(problem(answer, 409).await.contains("was replaced"));
    }
    let record = site.place.record("ObjectCreated:Put", "a.jpg", "02");
    handle(&site.place.handler(), vec![record]).await;
    assert_eq!(site.get("/api/images/photos/a.jpg/photo").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_picture_is_not_handed_out() {
    let home = Home::new();
    let site = home.open().await;
    put(&site, "page.jpg", b"<!doctype html><script>alert(1)</script>".to_vec()).await;
    for query in ["", "?width=100"] {
        let answer = site.get(&format!("/api/images/photos/page.jpg/photo{query}")).await;
        problem(answer, 422).await;
    }
    // What has no row is not handed out either, whatever is in the bucket.
    site.place.put("secret.jpg", sample("hat-1.jpg")).await;
    problem(site.get("/api/images/photos/secret.jpg/photo").await, 404).await;
}

#[tokio::test]
async fn on_aws_a_whole_photo_is_fetched_from_the_bucket_itself() {
    let home = Home::new();
    let site = home.open_with(|parts| parts.photos = PhotoSource::Redirect).await;
    put(&site, "été/hat.jpg", sample("hat-1.jpg")).await;
    let answer = site.get("/api/images/photos/%C3%A9t%C3%A9%2Fhat.jpg/photo").await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("X-Amz-Expires=300") && to.starts_with(&site.stack.s3_endpoint()), "{to}");
    // No client of S3: just an address.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let photo = client.get(to).send().await.unwrap();
    assert_eq!(photo.bytes().await.unwrap(), sample("hat-1.jpg"));
}

#[tokio::test]
async fn a_photo_that_is_sent_in_gets_scores_and_leaves_nothing() {
    let home = Home::new();
    let site = home.open().await;
    let ask = |photo: Vec<u8>| site.ask(Method::POST, "/api/classify").body(photo).send();
    let answer = body(ask(sample("hat-1.jpg")).await.unwrap()).await;
    assert_eq!((&answer["label"], &answer["shelf"]), (&json!("hat"), &json!("hat")));
    let scores = answer["scores"].as_array().unwrap();
    assert_eq!((scores.len(), &scores[0]["label"]), (10, &json!("hat")));
    let sum: f64 = scores.iter().map(|score| score["score"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-4);
    let words = problem(ask(b"no photo".to_vec()).await.unwrap(), 422).await;
    assert!(words.contains("text"), "{words}");
    let there = site.stack.s3().list_objects_v2().bucket("photos").send().await.unwrap();
    assert_eq!(there.key_count(), Some(0));
    assert_eq!(site.json("/api/shelves/hat").await["images"], json!([]));
}

#[tokio::test]
async fn a_photo_is_uploaded_under_a_name_that_is_free() {
    let home = Home::new();
    let site = home.open().await;
    for expected in ["photos/my hat.jpg", "photos/my hat-2.jpg", "photos/my hat-3.jpg"] {
        let wish = site.ask(Method::POST, "/api/uploads").body(r#"{"name": "C:\\x\\my hat.jpg"}"#);
        let ticket = body(wish.send().await.unwrap()).await;
        assert_eq!(ticket["method"], "PUT");
        let put = site.ask(Method::PUT, ticket["url"].as_str().unwrap()).body(sample("hat-1.jpg"));
        let answer = put.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(body(answer).await["image"], expected);
    }
    let found = site.stack.s3().get_object().bucket("photos").key("my hat-2.jpg").send().await;
    let found = found.unwrap().body.collect().await.unwrap();
    assert_eq!(found.into_bytes(), sample("hat-1.jpg"));
}

#[tokio::test]
async fn who_looks_is_told_what_becomes_of_photos() {
    let home = Home::new();
    let site = home.open().await;
    let mut events = site.get("/api/events").await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    site.live.tell(LiveChange {
        image: "photos/a b".into(),
        bucket: "photos".into(),
        key: "a b".into(),
        outcome: "classified",
        shelf: Some("hat".parse().unwrap()),
        label: Some("hat".into()),
        confidence: Some(0.9),
        reason: None,
    });
    let change = next_change(&mut events).await;
    assert_eq!((&change["shelf"], &change["key"]), (&json!("hat"), &json!("a b")));
}

#[tokio::test]
async fn who_looks_is_told_what_others_say_of_a_photo() {
    let home = Home::new();
    let site = home.open().await;
    put(&site, "hat.jpg", sample("hat-1.jpg")).await;
    let mut events = site.get("/api/events").await;
    for (word, shelf) in [(json!({"label": "skirt"}), "skirt"), (json!({"clear": true}), "hat")] {
        let said =
            site.ask(Method::PUT, "/api/images/photos/hat.jpg/review").body(word.to_string());
        let said = said.header("if-match", "*").send().await.unwrap();
        assert_eq!(said.status(), StatusCode::OK);
        let change = next_change(&mut events).await;
        assert_eq!(
            (&change["outcome"], &change["image"], &change["shelf"]),
            (&json!("changed"), &json!("photos/hat.jpg"), &json!(shelf))
        );
    }
}

/// The next change that a stream of events tells.
async fn next_change(events: &mut Response) -> Value {
    let chunk = tokio::time::timeout(Duration::from_secs(5), events.chunk()).await.unwrap();
    let text = String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap();
    let data = text.strip_prefix("event: change\ndata: ").unwrap().trim();
    serde_json::from_str(data).unwrap()
}
