//! How fast the catalogue's API is on the embedded table with 10,000 rows: `cargo bench --bench pages`.

// A part that cannot be timed fails by panicking.
#![allow(clippy::unwrap_used, missing_docs)]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use lookbook::bucket::{Hosts, ObjectMeta, UrlClient};
use lookbook::catalogue::{Changes, DynamoDb, Judgement, Maker, Row, Table};
use lookbook::classifier::Classifier;
use lookbook::local::{Options, Stack};
use lookbook::object::{ETag, ObjectId};
use lookbook::photo::Limits;
use lookbook::pipeline::{PhotoJudge, Scorer};
use lookbook::settings::{Origins, Rules};
use lookbook::web::{self, Access, Parts, PhotoSource, Uploads, Web};
use time::OffsetDateTime;
use tokio::net::TcpListener;

const ROWS: u32 = 10_000;

fn row(n: u32) -> Row {
    let object = ObjectId::new("photos", &format!("new in/photo-{n}.jpg")).unwrap();
    let hash = format!("{n:064x}");
    let added = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(u64::from(n));
    let meta =
        ObjectMeta { etag: ETag::new(&hash), size: 1, last_modified: added, version_id: None };
    let label: lookbook::label::Label = ["hat", "dress"][n as usize % 2].parse().unwrap();
    let judgement = Judgement::Classified {
        scores: vec![(label.clone(), 0.9)],
        label,
        confidence: 0.9,
        unsure: n.is_multiple_of(10),
        width: 400,
        height: 533,
        format: "jpeg",
        content_sha256: hash,
    };
    let maker =
        Maker { model_id: "m".into(), recipe: "r".into(), generation: 0, software: "bench".into() };
    Row::of_object(&object, &meta, judgement, &maker, None, None, added)
}

async fn site(dir: &std::path::Path) -> (Stack, String) {
    let stack = Stack::start(Options { dir: dir.to_owned(), ..Options::default() }).await.unwrap();
    let table = DynamoDb::new(stack.dynamodb(), stack.table());
    for n in 0..ROWS {
        table.write(&row(n), None).await.unwrap();
    }
    let rules = Rules::parse(|_| None).unwrap();
    let judge = PhotoJudge::new(Arc::new(Classifier::embedded().unwrap()), &rules);
    let web = Web::new(Parts {
        changes: Changes::new(stack.streams(), stack.dynamodb(), stack.table()),
        table,
        s3: stack.s3(),
        scorer: Scorer::new(judge, UrlClient::new(&Hosts::default()), &rules),
        limits: Limits::default(),
        photos: PhotoSource::Send,
        folder: None,
        uploads: Uploads::None,
        access: Access::ThisMachine,
        origins: Origins::None,
        per_second: NonZeroU32::new(100_000).unwrap(),
        live: None,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(web::serve(listener, web, futures::future::pending()));
    (stack, address)
}

fn pages(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (_stack, address) = runtime.block_on(site(dir.path()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |path: &str| {
        let asked = client.get(format!("{address}{path}")).send();
        runtime.block_on(async { asked.await.unwrap().bytes().await.unwrap() })
    };
    for (what, path) in [
        ("a shelf's first page, JSON", "/api/shelves/hat?limit=50"),
        ("a shelf's first page, HTML", "/shelves/hat"),
        ("all counts", "/api/shelves"),
        ("the first page", "/"),
        ("a photo's row", "/api/images/photos/new%20in%2Fphoto-7.jpg"),
    ] {
        c.bench_function(&format!("web/{what}, of 10,000 rows"), |b| b.iter(|| get(path)));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).without_plots();
    targets = pages
}
criterion_main!(benches);
