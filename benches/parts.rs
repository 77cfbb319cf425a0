//! How fast the parts are that a photo passes: `cargo bench`, or `cargo bench --bench parts decode`.
//!
//! A figure means something beside another of the same machine and run, with the same profile.

// A part that cannot be timed fails by panicking.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lookbook::bucket::{Bucket, BucketError, Object, ObjectMeta};
use lookbook::catalogue::{Judgement, Maker, Row, Seen, Stored, Table, TableError, Written};
use lookbook::classifier::Classifier;
use lookbook::event::Envelope;
use lookbook::object::{ETag, ObjectId};
use lookbook::photo::{Filter, Limits, decode};
use lookbook::pipeline::{Deadline, PhotoJudge, Pipeline};
use lookbook::settings::Rules;
use serde_json::{Value, json};
use time::OffsetDateTime;

fn sample() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("events/photos/hat-1.jpg")).unwrap()
}

/// A batch of SQS messages: 1,000 changes of 500 keys.
fn event() -> Value {
    let record = |n: usize| {
        json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": "shop"}, "object": {"key": format!("photo+{}.jpg", n % 500),
            "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
            "sequencer": format!("0055AED6DCD9{n:06X}")}}})
    };
    let message = |n: usize| {
        let records: Vec<Value> = (n * 100..(n + 1) * 100).map(record).collect();
        json!({"messageId": format!("m{n}"), "eventSource": "aws:sqs",
            "body": json!({"Records": records}).to_string()})
    };
    json!({"Records": (0..10).map(message).collect::<Vec<_>>()})
}

fn events(c: &mut Criterion) {
    let event = event();
    c.bench_function("event/parse 1,000 changes", |b| {
        b.iter(|| Envelope::parse(black_box(&event), "request").unwrap().messages().len());
    });
}

/// A bucket with nothing in it, and a table that keeps nothing: what is left is our own work.
struct Nothing;

impl Bucket for Nothing {
    async fn head(&self, _: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        Ok(None)
    }

    async fn get(&self, _: &ObjectId) -> Result<Option<Object>, BucketError> {
        Ok(None)
    }
}

impl Table for Nothing {
    async fn read(&self, _: &ObjectId) -> Result<Option<Stored>, TableError> {
        Ok(None)
    }

    async fn write(&self, row: &Row, _: Option<&Seen>) -> Result<Written, TableError> {
        black_box(row);
        Ok(Written::Done)
    }

    async fn write_review(&self, _: &Row, _: &Seen) -> Result<Written, TableError> {
        Ok(Written::Done)
    }
}

fn plan(c: &mut Criterion) {
    let rules = Rules::parse(|_| None).unwrap();
    let judge = PhotoJudge::new(Arc::new(Classifier::embedded().unwrap()), &rules);
    let pipeline = Pipeline::new(Nothing, Nothing, judge, &rules);
    let envelope = Envelope::parse(&event(), "request").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    c.bench_function("pipeline/plan and settle 1,000 changes of 500 keys", |b| {
        b.iter(|| {
            let deadline = Deadline::new(None, tokio::time::Instant::now());
            runtime.block_on(pipeline.run(envelope.messages(), deadline)).unwrap()
        });
    });
}

fn photos(c: &mut Criterion) {
    let file = sample();
    let photo = decode(&file, &Limits::default()).unwrap();
    c.bench_function("photo/decode a JPEG of 400 x 533", |b| {
        b.iter(|| decode(black_box(&file), &Limits::default()).unwrap());
    });
    c.bench_function("photo/resize 400 x 533 to 224 x 224", |b| {
        b.iter(|| black_box(&photo).resize(224, 224, Filter::Bilinear).unwrap());
    });
}

fn inference(c: &mut Criterion) {
    let classifier = Classifier::embedded().unwrap();
    let photo = decode(&sample(), &Limits::default()).unwrap();
    c.bench_function("classifier/load the built-in model", |b| {
        b.iter(|| Classifier::embedded().unwrap());
    });
    c.bench_function("classifier/classify a photo", |b| {
        b.iter(|| classifier.classify(black_box(&photo)).unwrap());
    });
}

fn rows(c: &mut Criterion) {
    let classifier = Classifier::embedded().unwrap();
    let labels = &classifier.description().labels;
    let object = ObjectId::new("shop", "new/hat.jpg").unwrap();
    let meta = ObjectMeta {
        etag: ETag::new("d41d8cd98f00b204e9800998ecf8427e"),
        size: 1024,
        last_modified: OffsetDateTime::UNIX_EPOCH,
        version_id: None,
    };
    let judgement = Judgement::Classified {
        label: labels[0].clone(),
        confidence: 0.9,
        scores: labels.iter().map(|label| (label.clone(), 0.1)).collect(),
        unsure: false,
        width: 400,
        height: 533,
        format: "jpeg",
        content_sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".into(),
    };
    let maker = Maker {
        model_id: "m".into(),
        recipe: "r".into(),
        generation: 0,
        software: "lookbook".into(),
    };
    c.bench_function("catalogue/make a row and its item", |b| {
        b.iter_batched(
            || judgement.clone(),
            |judgement| {
                let now = OffsetDateTime::UNIX_EPOCH;
                let row = Row::of_object(&object, &meta, judgement, &maker, None, None, now);
                serde_dynamo::to_item::<_, serde_dynamo::Item>(row).unwrap()
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group! {
    name = parts;
    config = Criterion::default().sample_size(20).without_plots();
    targets = events, plan, photos, inference, rows
}
criterion_main!(parts);
