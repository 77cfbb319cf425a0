//! Real messages: what S3 puts into SQS, on another implementation of AWS.
//!
//! `tests/second/run.sh` starts one, and sets `SECOND_ENDPOINT` and `SECOND_NAME`. Without them
//! these tests are skipped. How the implementations differ is in `tests/second/README.md`.

mod operator;
mod server;
mod shop;

pub use server::Anywhere;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective, ObjectIdentifier,
};
use lookbook::event::{Change, Envelope, Kind};
use lookbook::object::ETag;
use lookbook::pipeline::Line;
use serde_json::{Value, json};
use shop::{MAX_RECEIVES, PATIENCE, Shop};

use crate::helpers::{lookbook, sample, skipped, stdout};

/// Photos that the model is sure of.
const PHOTOS: [&str; 3] = ["hat-1.jpg", "pants-1.jpg", "shoes-1.jpg"];

/// Keys that are easily encoded wrongly. All of them are UTF-8, as S3 asks.
///
/// Source: Amazon S3 user guide, "Naming Amazon S3 objects".
const KEYS: [&str; 14] = [
    "plain.jpg",
    "two words.jpg",
    "one+one.jpg",
    "100%.jpg",
    "not%20a space%2B.jpg",
    "été/robe d'été.jpg",
    // The same to a reader, with an accent of its own: another key.
    "e\u{301}te\u{301}/robe d'été.jpg",
    "a&b=c;d,e.jpg",
    "#1?x=y.jpg",
    "日本/帽子.jpg",
    "emoji 👗.jpg",
    "2026/01/15/new in/women's (sale)/~@!*.jpg",
    "a//b.jpg",
    "\"quoted\" <tag>.jpg",
];

fn count(lines: &[Line], outcome: &str) -> usize {
    lines.iter().filter(|line| line.outcome.name() == outcome).count()
}

/// Puts a photo, and notes it.
async fn put<'a>(shop: &Shop, photos: &mut BTreeMap<String, &'a str>, key: &str, name: &'a str) {
    shop.put(key, sample(name)).await;
    photos.insert(key.to_owned(), name);
}

async fn delete(shop: &Shop, key: &str, version: Option<&str>) -> Option<String> {
    let delete = shop.s3().delete_object().bucket(&shop.at.bucket).key(key);
    delete.set_version_id(version.map(ToOwned::to_owned)).send().await.unwrap().version_id
}

async fn delete_two(shop: &Shop, keys: [&str; 2]) {
    let object = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let objects = Delete::builder().set_objects(Some(keys.map(object).to_vec())).build().unwrap();
    let delete = shop.s3().delete_objects().bucket(&shop.at.bucket).delete(objects);
    assert!(delete.send().await.unwrap().errors().is_empty());
}

/// Puts a photo in parts, of which there is one.
async fn put_in_parts(shop: &Shop, key: &str, name: &str) {
    let (s3, bucket) = (shop.s3(), &shop.at.bucket);
    let upload = s3.create_multipart_upload().bucket(bucket).key(key).send().await.unwrap();
    let id = upload.upload_id.unwrap();
    let part = s3.upload_part().bucket(bucket).key(key).upload_id(&id).part_number(1);
    let part = part.body(ByteStream::from(sample(name))).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = s3.complete_multipart_upload().bucket(bucket).key(key).upload_id(id);
    complete.multipart_upload(parts).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_in_the_bucket_reaches_its_row() {
    let Some(shop) = Shop::open().await else { return };
    let handler = shop.handler();
    let mut photos = BTreeMap::new();
    for (key, name) in KEYS.iter().zip(PHOTOS.iter().cycle()) {
        put(&shop, &mut photos, key, name).await;
    }
    shop.put("new in/", Vec::new()).await;
    // With the folder's, and the test event of the configuration.
    let lines = shop.work(&handler, KEYS.len() + 2).await;
    assert_eq!(count(&lines, "classified"), KEYS.len());
    assert_eq!(count(&lines, "ignored"), 1);
    assert_eq!(lines.len(), KEYS.len() + 1);
    shop.check(&photos).await;

    put(&shop, &mut photos, KEYS[0], PHOTOS[1]).await;
    delete(&shop, KEYS[2], None).await;
    delete_two(&shop, [KEYS[4], KEYS[9]]).await;
    for key in [KEYS[2], KEYS[4], KEYS[9]] {
        photos.remove(key);
    }
    let copy = shop.s3().copy_object().bucket(&shop.at.bucket).key("copy.jpg");
    let copy = copy.copy_source(format!("{}/{}", shop.at.bucket, KEYS[0]));
    copy.metadata_directive(MetadataDirective::Copy).send().await.unwrap();
    photos.insert("copy.jpg".to_owned(), PHOTOS[1]);
    put_in_parts(&shop, "parts.jpg", PHOTOS[2]).await;
    photos.insert("parts.jpg".to_owned(), PHOTOS[2]);
    // moto announces the upload in parts as a Put, too.
    let repeats = usize::from(shop.server.name == "moto");
    let lines = shop.work(&handler, 6 + repeats).await;
    assert_eq!(count(&lines, "removed"), 3);
    assert_eq!(count(&lines, "classified"), 3);
    assert_eq!(lines.len(), 6 + repeats);
    shop.check(&photos).await;
    for key in [KEYS[2], KEYS[4], KEYS[9]] {
        assert!(shop.row(key).await.unwrap().is_tombstone(), "{key}");
    }
    assert_eq!((shop.left(&shop.queue).await, shop.left(&shop.dead).await), (0, 0));
}

/// What `lookbook backfill --queue` sends is as good as what S3 sends.
#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_goes_by_way_of_the_queue() {
    let Some(shop) = Shop::open().await else { return };
    let mut photos = BTreeMap::new();
    for (key, name) in KEYS.iter().zip(PHOTOS.iter().cycle()) {
        put(&shop, &mut photos, key, name).await;
    }
    // S3's own messages are out of the way: hidden, and the function never gets them.
    shop.receive_all(KEYS.len() + 1).await;
    let dir = tempfile::tempdir().unwrap();
    let mut command = lookbook(dir.path());
    command.envs(shop.at.environment()).env("AWS_ENDPOINT_URL_SQS", &shop.at.s3);
    let place = format!("s3://{}/", shop.at.bucket);
    command.args(["backfill", &place, "--queue", shop.queue.url(), "--format", "json"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said: Value = serde_json::from_str(&stdout(&output, 0)).unwrap();
    assert_eq!(said["outcomes"], json!({"sent": KEYS.len()}));
    let lines = shop.work(&shop.handler(), KEYS.len().div_ceil(10)).await;
    assert_eq!(count(&lines, "classified"), KEYS.len());
    shop.check(&photos).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_any_order_any_number_of_times_leave_the_same_rows() {
    let Some(shop) = Shop::open().await else { return };
    let handler = shop.handler();
    let mut photos = BTreeMap::new();
    put(&shop, &mut photos, "a.jpg", PHOTOS[0]).await;
    put(&shop, &mut photos, "b.jpg", PHOTOS[0]).await;
    put(&shop, &mut photos, "a.jpg", PHOTOS[1]).await;
    delete(&shop, "b.jpg", None).await;
    put(&shop, &mut photos, "b.jpg", PHOTOS[2]).await;
    put(&shop, &mut photos, "c.jpg", PHOTOS[2]).await;
    delete(&shop, "c.jpg", None).await;
    photos.remove("c.jpg");

    let mut messages = shop.receive_all(8).await;
    // By time, which their bodies begin with.
    messages.sort_by_key(|message| message.body().map(ToOwned::to_owned));
    // The newest first, one by one; then the oldest first; then all at once.
    for _ in 0..2 {
        messages.reverse();
        for message in &messages {
            let report = shop.deliver(&handler, std::slice::from_ref(message)).await;
            assert_eq!(count(&report.lines, "retry"), 0);
        }
        shop.check(&photos).await;
    }
    let turn = shop.turn(&handler, &messages).await;
    assert_eq!((turn.done.len(), turn.handed_back.len()), (8, 0));
    shop.check(&photos).await;
    assert!(shop.row("c.jpg").await.unwrap().is_tombstone());
    assert_eq!((shop.left(&shop.queue).await, shop.left(&shop.dead).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_marker_removes_a_photo_and_its_removal_brings_it_back() {
    let Some(shop) = Shop::open_versioned().await else { return };
    if shop.server.name == "moto" {
        skipped("moto announces no delete markers: see tests/second/README.md");
        return;
    }
    let handler = shop.handler();
    let mut photos = BTreeMap::new();
    put(&shop, &mut photos, "x.jpg", PHOTOS[0]).await;
    put(&shop, &mut photos, "x.jpg", PHOTOS[1]).await;
    shop.work(&handler, 3).await;
    shop.check(&photos).await;
    let newest = shop.row("x.jpg").await.unwrap().version_id.unwrap();

    let marker = delete(&shop, "x.jpg", None).await.unwrap();
    assert_eq!(count(&shop.work(&handler, 1).await, "removed"), 1);
    shop.check(&BTreeMap::new()).await;
    assert!(shop.row("x.jpg").await.unwrap().is_tombstone());

    delete(&shop, "x.jpg", Some(&marker)).await;
    assert_eq!(count(&shop.work(&handler, 1).await, "classified"), 1);
    shop.check(&photos).await;
    assert_eq!(shop.row("x.jpg").await.unwrap().version_id.as_ref(), Some(&newest));

    // An older version goes: the photo is still there.
    let versions = shop.s3().list_object_versions().bucket(&shop.at.bucket).send().await.unwrap();
    let older = versions.versions().iter().find(|v| v.is_latest == Some(false)).unwrap();
    delete(&shop, "x.jpg", older.version_id()).await;
    assert_eq!(count(&shop.work(&handler, 1).await, "unchanged"), 1);
    shop.check(&photos).await;

    delete(&shop, "x.jpg", Some(&newest)).await;
    assert_eq!(count(&shop.work(&handler, 1).await, "removed"), 1);
    shop.check(&BTreeMap::new()).await;
    assert_eq!((shop.left(&shop.queue).await, shop.left(&shop.dead).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_messages_end_in_the_dead_letter_queue_and_their_neighbours_are_done() {
    let Some(shop) = Shop::open().await else { return };
    let handler = shop.handler();
    let mut photos = BTreeMap::new();
    let poison = ["not a notification", r#"{"Records": [{"eventName": "ObjectCreated:Put"}]}"#];
    put(&shop, &mut photos, "a.jpg", PHOTOS[0]).await;
    for body in poison {
        shop.send(body).await;
    }
    put(&shop, &mut photos, "b.jpg", PHOTOS[1]).await;

    let (mut done, mut buried) = (BTreeSet::new(), Vec::new());
    let mut handed_back: BTreeMap<String, usize> = BTreeMap::new();
    let work = async {
        while done.len() < 3 || buried.len() < poison.len() {
            // Receiving is also what moves a message that was received too often.
            let messages = shop.receive(&shop.queue, 1).await;
            if messages.is_empty() {
                buried.extend(shop.receive(&shop.dead, 1).await);
                continue;
            }
            let turn = shop.turn(&handler, &messages).await;
            done.extend(turn.done);
            for id in turn.handed_back {
                *handed_back.entry(id).or_default() += 1;
            }
        }
    };
    let came = tokio::time::timeout(PATIENCE, work).await.is_ok();
    assert!(came, "done: {done:?}, handed back: {handed_back:?}, buried: {buried:?}");
    let bodies: BTreeSet<&str> = buried.iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, BTreeSet::from(poison));
    let ids: BTreeSet<&str> = buried.iter().filter_map(|message| message.message_id()).collect();
    assert_eq!(ids, handed_back.keys().map(String::as_str).collect());
    assert!(handed_back.values().all(|&times| times == MAX_RECEIVES), "{handed_back:?}");
    shop.check(&photos).await;
    assert_eq!(shop.left(&shop.queue).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_read_goes_to_the_dead_letter_queue_at_once() {
    let Some(shop) = Shop::open().await else { return };
    let mut photos = BTreeMap::new();
    put(&shop, &mut photos, "a.jpg", PHOTOS[0]).await;
    shop.send("not a notification").await;
    // With the test event of the configuration; each is done the first time.
    let lines = shop.work(&shop.handler_with_dead_letters(), 3).await;
    assert_eq!((lines.len(), count(&lines, "classified")), (2, 1));
    shop.check(&photos).await;
    assert_eq!((shop.left(&shop.queue).await, shop.left(&shop.dead).await), (0, 1));
    let buried = shop.receive(&shop.dead, 10).await;
    assert_eq!(buried[0].body(), Some("not a notification"));
    let attributes = buried[0].message_attributes().unwrap();
    let said = |name: &str| attributes[name].string_value().unwrap();
    assert_eq!((said("by"), said("code"), said("request_id")), ("a person", "unreadable", "test"));
    assert!(said("reason").contains("not JSON"), "{}", said("reason"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_event_of_a_new_notification_is_a_quiet_success() {
    let Some(shop) = Shop::open().await else { return };
    let messages = shop.receive_all(1).await;
    let body: Value = serde_json::from_str(messages[0].body().unwrap()).unwrap();
    assert_eq!((&body["Event"], &body["Bucket"]), (&json!("s3:TestEvent"), &json!(shop.at.bucket)));
    let turn = shop.turn(&shop.handler(), &messages).await;
    assert!(turn.report.lines.is_empty());
    assert_eq!(turn.report.answer, Some(json!({"batchItemFailures": []})));
    assert_eq!(shop.left(&shop.queue).await, 0);
    shop.check(&BTreeMap::new()).await;
}

/// Which fields a server's notifications have is in `tests/second/README.md`.
#[tokio::test(flavor = "multi_thread")]
async fn each_notification_names_its_object_and_lacks_what_is_known_to_lack() {
    let Some(shop) = Shop::open().await else { return };
    let key = "new in/hat + é.jpg";
    let mut etags = Vec::new();
    for name in [PHOTOS[0], PHOTOS[1]] {
        shop.put(key, sample(name)).await;
        let head = shop.s3().head_object().bucket(&shop.at.bucket).key(key).send().await.unwrap();
        etags.push((ETag::new(&head.e_tag.unwrap()), head.content_length.map(i64::cast_unsigned)));
    }
    delete(&shop, key, None).await;

    let bodies = shop.receive_all(4).await.into_iter().map(|message| message.body.unwrap());
    let bodies: Vec<Value> = bodies.map(|body| serde_json::from_str(&body).unwrap()).collect();
    let records: Vec<&Value> =
        bodies.iter().filter_map(|body| body.pointer("/Records/0")).collect();
    let mut changes: Vec<Change> = bodies.iter().flat_map(changes_of).collect();
    assert_eq!((records.len(), changes.len()), (3, 3));
    assert!(changes.iter().all(|change| change.object == shop.object(key)));
    let found: BTreeSet<_> = changes
        .iter()
        .filter(|change| change.kind == Kind::Created)
        .map(|change| (change.etag.as_ref().unwrap().to_string(), change.size))
        .collect();
    assert_eq!(found, etags.iter().map(|(etag, size)| (etag.to_string(), *size)).collect());

    let has = |field: &str| records.iter().filter(|record| record.get(field).is_some()).count();
    let with_sequencers = changes.iter().filter(|change| change.sequencer.is_some()).count();
    let fields = (has("userIdentity"), has("responseElements"), with_sequencers);
    match shop.server.name.as_str() {
        "ministack" => {
            assert_eq!(fields, (3, 3, 3));
            changes.sort_by(|a, b| a.sequencer.cmp(&b.sequencer));
            let kinds: Vec<&Kind> = changes.iter().map(|change| &change.kind).collect();
            assert_eq!(kinds, [&Kind::Created, &Kind::Created, &Kind::Removed]);
            assert_eq!(changes[1].etag.as_ref(), Some(&etags[1].0));
        }
        "moto" => assert_eq!(fields, (0, 0, 0)),
        other => skipped(&format!("what the notifications of {other} lack is not written down")),
    }
}

/// The changes in a notification, all of them readable; none in a test event.
fn changes_of(body: &Value) -> Vec<Change> {
    let envelope = Envelope::parse(body, "test").unwrap();
    let entries = envelope.messages()[0].entries.iter();
    entries.map(|entry| entry.as_ref().unwrap().clone()).collect()
}
