//! A model in a bucket, in each of the programs that take one.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{
    Embedded, Place, TINY_MODEL, json_lines, lookbook, one_colour, repository, stdout,
};
use crate::proxy::{Proxy, Service};
use crate::runtime::{Function, MINUTE, RuntimeApi, command};

const MODEL: &str = "s3://photos/models/tiny.tflite";

/// The SHA-256 of the model, as text.
fn sha256() -> String {
    lookbook::classifier::ModelHash::of(&std::fs::read(TINY_MODEL).unwrap()).to_string()
}

/// A bucket with a model, behind a proxy that writes down which objects are asked for.
struct Shop {
    place: Embedded,
    behind: Place,
    asked: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    sha256: String,
}

impl Shop {
    async fn open() -> Self {
        let place = Embedded::start().await;
        place.put("models/tiny.tflite", std::fs::read(TINY_MODEL).unwrap()).await;
        place.put("models/tiny.toml", b"review_below = 0.0\n".to_vec()).await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&asked);
        let note = move |path: &str, _| {
            list.lock().unwrap().push(path.to_owned());
            None
        };
        let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(note)).await;
        let behind = place.behind(&s3.url, &place.at.dynamodb);
        Self { place, behind, asked, folder: TempDir::new().unwrap(), sha256: sha256() }
    }

    fn settings(&self) -> [(&str, &str); 3] {
        let folder = self.folder.path().to_str().unwrap();
        [("MODEL_FILE", MODEL), ("MODEL_SHA256", &self.sha256), ("TMPDIR", folder)]
    }

    /// How often the model's file was asked for since the last time.
    fn fetched(&self) -> usize {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.iter().filter(|path| path.ends_with("/tiny.tflite")).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_functions_take_a_model_from_a_bucket_and_fetch_it_once() {
    let shop = Shop::open().await;
    shop.place.put("a.png", one_colour([250, 0, 0])).await;
    let put = json!({"Records": [shop.place.record("ObjectCreated:Put", "a.png", "01")]});
    for fetched in [1, 0] {
        let mut api = RuntimeApi::start().await;
        let function = Function::start_with(&api, &shop.behind, &shop.settings());
        assert_eq!(api.invoke(put.clone(), MINUTE).await, ("response".into(), json!({})));
        assert_eq!(shop.fetched(), fetched);
        function.kill();
    }
    let row = shop.place.row("a.png").await.unwrap();
    assert_eq!(row.model_id.unwrap(), sha256()[..16]);
    // The text beside the model says that nothing is to be reviewed.
    assert_eq!(row.shelf.unwrap().as_str(), row.label.unwrap().as_ref());

    let mut api = RuntimeApi::start().await;
    let settings = [&shop.settings()[..], &[("WEB_READING", "open")]].concat();
    let _catalogue = Function::catalogue(&api, &shop.behind, &settings);
    let event = repository("tests/all/web/events/function-url.json");
    let event: Value = serde_json::from_str(&std::fs::read_to_string(event).unwrap()).unwrap();
    assert_eq!(api.invoke(event, MINUTE).await.0, "response");
    assert_eq!(shop.fetched(), 0, "it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_its_model_says_why_and_does_not_start() {
    let shop = Shop::open().await;
    shop.place.put("forbidden.tflite", b"x".to_vec()).await;
    let other = "0".repeat(64);
    let cases = [
        (MODEL, other.as_str(), "has the SHA-256"),
        ("s3://photos/none.tflite", &shop.sha256, "there is no model s3://photos/none.tflite"),
        ("s3://photos/forbidden.tflite", &shop.sha256, "access denied to s3://photos/forbidden"),
        ("s3://no-such-bucket/m.tflite", &shop.sha256, "NoSuchBucket"),
        ("s3://photos/", &shop.sha256, "expected the path of a file, or s3://BUCKET/KEY"),
        (MODEL, "", "MODEL_SHA256 is not set, but MODEL_FILE needs it"),
    ];
    for (model, sha256, expected) in cases {
        let mut command = command("127.0.0.1:9");
        command
            .env("AWS_ENDPOINT_URL_S3", &shop.behind.at.s3)
            .env("AWS_ACCESS_KEY_ID", &shop.place.at.key.id)
            .env("AWS_SECRET_ACCESS_KEY", &shop.place.at.key.secret)
            .env("TABLE_NAME", "lookbook")
            .env("TMPDIR", shop.folder.path())
            .env("MODEL_FILE", model)
            .env("MODEL_SHA256", sha256);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(!output.status.success());
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(log.contains(expected), "{model}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_a_model_from_a_bucket_and_pins_files_too() {
    let shop = Shop::open().await;
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.png"), one_colour([250, 0, 0])).unwrap();
    let run = async |args: &[&str], code: i32| {
        let mut command = lookbook(dir.path());
        command
            .args(args)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_S3", &shop.behind.at.s3)
            .env("AWS_ACCESS_KEY_ID", &shop.place.at.key.id)
            .env("AWS_SECRET_ACCESS_KEY", &shop.place.at.key.secret)
            .env("TMPDIR", shop.folder.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (stdout(&output, code), String::from_utf8(output.stderr).unwrap())
    };
    let pinned = ["--model-sha256", &shop.sha256];
    let classify = ["classify", "--format", "json", "a.png", "--model"];
    let (by_bucket, _) = run(&[&classify[..], &[MODEL], &pinned].concat(), 0).await;
    let (by_file, _) = run(&[&classify[..], &[TINY_MODEL], &pinned].concat(), 0).await;
    assert_eq!(json_lines(&by_bucket), json_lines(&by_file));
    assert_eq!(shop.fetched(), 1);
    let inspect = ["inspect", "--format", "json", MODEL];
    let (shown, _) = run(&[&inspect[..], &pinned].concat(), 0).await;
    assert_eq!(json_lines(&shown)[0]["model_id"], sha256()[..16]);

    let (_, error) = run(&[&classify[..], &[MODEL]].concat(), 2).await;
    assert!(
        error.contains(
            "--model-sha256 (MODEL_SHA256) is not set, but --model (MODEL_FILE) needs it"
        )
    );
    let other = ["--model-sha256", &"0".repeat(64)];
    let (_, error) = run(&[&classify[..], &[TINY_MODEL], &other].concat(), 2).await;
    assert!(error.contains(TINY_MODEL) && error.contains("has the SHA-256"), "{error}");
}
