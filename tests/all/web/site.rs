//! The API on an embedded bucket and table, over real HTTP.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use lookbook::bucket::ObjectMeta;
use lookbook::bucket::{Hosts, UrlClient};
use lookbook::catalogue::{Changes, DynamoDb, Judgement, Maker, Row, Table};
use lookbook::label::Label;
use lookbook::local::{Options, Stack};
use lookbook::object::{ETag, ObjectId};
use lookbook::photo::Limits;
use lookbook::pipeline::{PhotoJudge, Scorer};
use lookbook::settings::{Origins, Rules, UploadPlace};
use lookbook::web::{self, Access, Live, Parts, PhotoSource, Uploads, Web};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::helpers::{CLASSIFIER, Place};

/// A website: the API behind a port.
pub struct Site {
    pub place: Place,
    pub live: Live,
    pub address: String,
    client: Client,
    server: JoinHandle<()>,
    pub stack: Stack,
}

/// Where a site's bucket and table are kept, from one start to the next.
pub struct Home {
    dir: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub async fn open(&self) -> Site {
        self.open_with(|_| {}).await
    }

    /// A site of which something is set in another way than `lookbook local` does it.
    pub async fn open_with(&self, set: impl FnOnce(&mut Parts)) -> Site {
        Site::on(self.stack().await, set).await
    }

    pub async fn stack(&self) -> Stack {
        Stack::start(Options { dir: self.path(), ..Options::default() }).await.unwrap()
    }
}

impl Site {
    pub async fn on(stack: Stack, set: impl FnOnce(&mut Parts)) -> Self {
        let live = Live::default();
        let mut parts = parts(&stack, live.clone());
        set(&mut parts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server =
            tokio::spawn(web::serve(listener, Web::new(parts), futures::future::pending()));
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { place: Place::new(stack.endpoints()), live, address, client, server, stack }
    }
}

/// What `lookbook local` has.
pub fn parts(stack: &Stack, live: Live) -> Parts {
    let rules = Rules::parse(|_| None).unwrap();
    let judge = PhotoJudge::new(Arc::clone(&CLASSIFIER), &rules);
    let place = UploadPlace { bucket: stack.bucket().to_owned(), prefix: String::new() };
    Parts {
        table: DynamoDb::new(stack.dynamodb(), stack.table()),
        changes: Changes::new(stack.streams(), stack.dynamodb(), stack.table()),
        s3: stack.s3(),
        scorer: Scorer::new(judge, UrlClient::new(&Hosts::default()), &rules),
        limits: Limits::default(),
        photos: PhotoSource::Send,
        folder: None,
        uploads: Uploads::Through(place),
        access: Access::ThisMachine,
        origins: Origins::None,
        per_second: NonZeroU32::new(1000).unwrap(),
        live: Some(live),
    }
}

impl Site {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    /// The JSON of an answer that is well.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
        body(answer).await
    }

    pub fn table(&self) -> DynamoDb {
        self.place.table()
    }

    /// Ends the server and gives the bucket and table back.
    pub async fn close(self) {
        self.server.abort();
        let _ = self.server.await;
        self.stack.shutdown().await;
    }
}

pub async fn body(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Checks that an answer is a problem with this status, and gives its words.
pub async fn problem(answer: Response, status: u16) -> String {
    let got = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].is_string());
    problem["detail"].as_str().unwrap().to_owned()
}

/// What follows from a photo that the model takes for this label.
pub fn a_row(object: &ObjectId, label: &str, confidence: f32, added: OffsetDateTime) -> Row {
    let content = hex_of(&object.to_string());
    let label: Label = label.parse().unwrap();
    let meta =
        ObjectMeta { etag: ETag::new(&content), size: 7, last_modified: added, version_id: None };
    let judgement = Judgement::Classified {
        scores: vec![(label.clone(), confidence)],
        label,
        confidence,
        unsure: confidence < 0.5,
        width: 30,
        height: 40,
        format: "jpeg",
        content_sha256: content,
    };
    let maker = Maker {
        model_id: "0".repeat(16),
        recipe: "1".repeat(16),
        generation: 0,
        software: "lookbook test".to_owned(),
    };
    Row::of_object(object, &meta, judgement, &maker, None, None, added)
}

/// The hash of a text, in hex.
fn hex_of(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

pub async fn put_row(table: &DynamoDb, row: &Row) {
    table.write(row, None).await.unwrap();
}
