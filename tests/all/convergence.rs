//! Rivals, repeats and removals, on the real parts: embedded, or on a second implementation of AWS.

use std::sync::Arc;

use lookbook::bucket::{Bucket, BucketError, Object, ObjectMeta, S3};
use lookbook::object::ObjectId;
use lookbook::pipeline::Outcome;
use serde_json::json;
use tokio::sync::Notify;

use crate::helpers::{
    CLASSIFIER, handle, handler_with, invocation, model_that_answers_nan, names, sample, sqs,
};
use crate::second::Anywhere;

/// A bucket whose GETs are answered, and then held until they are let go.
struct Held {
    inner: S3,
    fetched: Arc<Notify>,
    go: Arc<Notify>,
}

impl Bucket for Held {
    async fn head(&self, object: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        self.inner.head(object).await
    }

    async fn get(&self, object: &ObjectId) -> Result<Option<Object>, BucketError> {
        let answer = self.inner.get(object).await;
        self.fetched.notify_one();
        self.go.notified().await;
        answer
    }
}

/// Photo A is put, then B over it, then A again. The worker of the second event has B in its hands
/// while the third is dealt with. The row must end as A.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_holds_an_older_photo_loses() {
    let place = Anywhere::start().await;
    let (a, b) = (sample("hat-1.jpg"), sample("pants-1.jpg"));
    let created = |sequencer| place.record("ObjectCreated:Put", "x.jpg", sequencer);
    let handler = place.handler();

    place.put("x.jpg", a.clone()).await;
    assert_eq!(names(&handle(&handler, vec![created("01")]).await), ["classified"]);

    place.put("x.jpg", b).await;
    let (fetched, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = Held { inner: place.bucket(), fetched: fetched.clone(), go: go.clone() };
    let slow = place.handler_on(held);
    let second = created("02");
    let slow = tokio::spawn(async move { handle(&slow, vec![second]).await });
    fetched.notified().await;

    place.put("x.jpg", a).await;
    assert_eq!(names(&handle(&handler, vec![created("03")]).await), ["unchanged"]);
    go.notify_one();
    // It loses the write, looks again, and finds that all is said.
    assert_eq!(names(&slow.await.unwrap()), ["unchanged"]);

    let row = place.row("x.jpg").await.unwrap();
    assert_eq!(row.label.as_deref(), Some("hat"));
    assert_eq!(row.sequencer, Some("03".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_twice_or_late_is_unchanged() {
    let place = Anywhere::start().await;
    let handler = place.handler();
    place.put("x.jpg", sample("hat-1.jpg")).await;
    let mut seen = Vec::new();
    for sequencer in ["05", "05", "04", "06"] {
        let record = place.record("ObjectCreated:Put", "x.jpg", sequencer);
        seen.extend(names(&handle(&handler, vec![record]).await));
    }
    assert_eq!(seen, ["classified", "unchanged", "unchanged", "unchanged"]);
    assert_eq!(place.row("x.jpg").await.unwrap().sequencer, Some("06".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_looks_first_and_leaves_a_tombstone() {
    let place = Anywhere::start().await;
    let handler = place.handler();
    place.put("x.jpg", sample("hat-1.jpg")).await;
    let removed = |sequencer| place.record("ObjectRemoved:Delete", "x.jpg", sequencer);
    // The event of an earlier removal comes late: the photo is there.
    assert_eq!(names(&handle(&handler, vec![removed("01")]).await), ["classified"]);

    let delete = place.s3().delete_object().bucket(&place.at.bucket).key("x.jpg");
    delete.send().await.unwrap();
    assert_eq!(names(&handle(&handler, vec![removed("03")]).await), ["removed"]);
    assert_eq!(names(&handle(&handler, vec![removed("03")]).await), ["removed"]);
    let row = place.row("x.jpg").await.unwrap();
    assert!(row.is_tombstone() && row.label.is_none() && row.scores.is_none());
    assert!(row.expires_at.unwrap() > 0);
    let late = place.record("ObjectCreated:Put", "x.jpg", "02");
    assert_eq!(names(&handle(&handler, vec![late]).await), ["removed"]);

    let mut listed = 0;
    let count = |_| {
        listed += 1;
        std::ops::ControlFlow::Continue(())
    };
    place.table().scan(count).await.unwrap();
    assert_eq!(listed, 0, "a tombstone is on no shelf");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_message_goes_back_alone() {
    let place = Anywhere::start().await;
    let handler = place.handler();
    place.put("x.jpg", sample("hat-1.jpg")).await;
    let good = json!({"Records": [place.record("ObjectCreated:Put", "x.jpg", "01")]}).to_string();
    let gone =
        json!({"Records": [place.record("ObjectRemoved:Delete", "y.jpg", "01")]}).to_string();
    let event = sqs(&[good, "poison".into(), gone, json!({"Event": "s3:TestEvent"}).to_string()]);
    let report = handler.handle(&event, &invocation()).await.unwrap();
    assert_eq!(names(&report), ["classified", "retry", "removed"]);
    assert_eq!(report.answer, Some(json!({"batchItemFailures": [{"itemIdentifier": "m1"}]})));
}

/// Many workers at once on one key: one of them wins, and the row is right.
#[tokio::test(flavor = "multi_thread")]
async fn rivals_at_the_same_time_converge() {
    let place = Anywhere::start().await;
    let handler = Arc::new(place.handler());
    place.put("x.jpg", sample("shoes-1.jpg")).await;
    let rivals: Vec<_> = (1..=8)
        .map(|n| {
            let record = place.record("ObjectCreated:Put", "x.jpg", &format!("{n:02}"));
            let handler = Arc::clone(&handler);
            tokio::spawn(async move { (record.clone(), handle(&handler, vec![record]).await) })
        })
        .collect();
    for rival in rivals {
        let (record, report) = rival.await.unwrap();
        if matches!(report.lines[0].outcome, Outcome::Retry(_)) {
            // What S3 would do with it.
            handle(&handler, vec![record]).await;
        }
    }
    let row = place.row("x.jpg").await.unwrap();
    assert_eq!(row.shelf, Some("shoes".parse().unwrap()));
    assert_eq!(row.sequencer, Some("08".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_fails_the_invocation_and_names_it() {
    let place = Anywhere::start().await;
    let table = lookbook::catalogue::DynamoDb::new(place.dynamodb(), "nowhere");
    let handler = handler_with(place.bucket(), table, Arc::clone(&CLASSIFIER));
    let record = place.record("ObjectCreated:Put", "x.jpg", "01");
    let event = sqs(&[json!({"Records": [record]}).to_string(), "poison".into()]);
    let error = handler.handle(&event, &invocation()).await.unwrap_err();
    assert_eq!(error.code(), "no_table");
    assert!(error.to_string().contains("'nowhere' does not exist"), "{error}");
}

/// A model that answers NaN rejects the photo, and its neighbours are dealt with.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_an_answer_rejects_the_photo_alone() {
    let place = Anywhere::start().await;
    place.put("x.jpg", sample("hat-1.jpg")).await;
    let nan = model_that_answers_nan();
    let handler = handler_with(place.bucket(), place.table(), nan);
    let records = vec![
        place.record("ObjectCreated:Put", "x.jpg", "01"),
        place.record("ObjectRemoved:Delete", "y.jpg", "01"),
    ];
    assert_eq!(names(&handle(&handler, records).await), ["rejected", "removed"]);
    let row = place.row("x.jpg").await.unwrap();
    assert!(row.reason.unwrap().starts_with("not_finite: "));
    assert_eq!(row.content_sha256.unwrap().len(), 64);
}
