//! What several tests share.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock};

use aws_sdk_s3::primitives::ByteStream;
use lookbook::bucket::{Bucket, S3};
use lookbook::catalogue::{DynamoDb, Row};
use lookbook::classifier::Classifier;
use lookbook::handler::{Handler, Invocation, Report};
use lookbook::local::{Endpoints, Options, Stack};
use lookbook::object::ObjectId;
use lookbook::pipeline::{PhotoJudge, Pipeline};
use lookbook::settings::Rules;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The real model, loaded once for all tests.
pub static CLASSIFIER: LazyLock<Arc<Classifier>> =
    LazyLock::new(|| Arc::new(Classifier::embedded().unwrap()));

/// A bucket and a table, wherever they are.
pub struct Place {
    pub at: Endpoints,
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

/// An embedded bucket and table in a folder of their own.
pub struct Embedded {
    pub stack: Stack,
    place: Place,
    _dir: TempDir,
}

impl Embedded {
    pub async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let options = Options { dir: dir.path().join("state"), ..Options::default() };
        let stack = Stack::start(options).await.unwrap();
        let place = Place::new(stack.endpoints());
        Self { stack, place, _dir: dir }
    }
}

impl Deref for Embedded {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Place {
    pub fn new(at: Endpoints) -> Self {
        let (s3, dynamodb) = (at.s3_client(), at.dynamodb_client());
        Self { at, s3, dynamodb }
    }

    /// The same, with something between: a bucket and a table at these endpoints.
    pub fn behind(&self, s3: &str, dynamodb: &str) -> Self {
        Self::new(Endpoints { s3: s3.to_owned(), dynamodb: dynamodb.to_owned(), ..self.at.clone() })
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3.clone()
    }

    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    pub fn table(&self) -> DynamoDb {
        DynamoDb::new(self.dynamodb(), &self.at.table)
    }

    pub fn bucket(&self) -> S3 {
        S3::new(self.s3())
    }

    /// The handler as it is deployed, on this bucket and table.
    pub fn handler(&self) -> Handler<S3, DynamoDb> {
        self.handler_on(self.bucket())
    }

    /// The same on another bucket.
    pub fn handler_on<B: Bucket>(&self, bucket: B) -> Handler<B, DynamoDb> {
        handler_with(bucket, self.table(), Arc::clone(&CLASSIFIER))
    }

    pub async fn put(&self, key: &str, bytes: Vec<u8>) {
        let put = self.s3.put_object().bucket(&self.at.bucket).key(key);
        put.body(ByteStream::from(bytes)).send().await.unwrap();
    }

    pub async fn delete(&self, key: &str) {
        self.s3.delete_object().bucket(&self.at.bucket).key(key).send().await.unwrap();
    }

    /// Whether a row says what the bucket says: of the object's version, or that there is none.
    pub async fn is_right(&self, key: &str) -> bool {
        let there = self.bucket().head(&self.object(key)).await.unwrap();
        match (there, self.row(key).await) {
            (None, row) => row.is_none_or(|row| row.is_tombstone()),
            (Some(_), None) => false,
            (Some(meta), Some(row)) => {
                let time = meta.last_modified.replace_nanosecond(0).unwrap();
                row.shelf.is_some()
                    && (row.etag, row.size, row.added_at, row.version_id)
                        == (Some(meta.etag), Some(meta.size), Some(time), meta.version_id)
            }
        }
    }

    pub async fn row(&self, key: &str) -> Option<Row> {
        self.table().row(&self.object(key)).await.unwrap()
    }

    pub fn object(&self, key: &str) -> ObjectId {
        ObjectId::new(&self.at.bucket, key).unwrap()
    }

    /// A record of an S3 notification.
    pub fn record(&self, name: &str, key: &str, sequencer: &str) -> Value {
        let key = percent(key);
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": {
            "bucket": {"name": self.at.bucket}, "object": {"key": key, "sequencer": sequencer}}})
    }
}

/// The handler as it is deployed, with all of its parts given.
pub fn handler_with<B: Bucket>(
    bucket: B,
    table: DynamoDb,
    classifier: Arc<Classifier>,
) -> Handler<B, DynamoDb> {
    let rules = Rules::parse(|_| None).unwrap();
    let judge = PhotoJudge::new(classifier, &rules);
    Handler::new(Pipeline::new(bucket, table, judge, &rules), &rules)
}

/// Encodes a key as S3 does in notifications.
fn percent(key: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.');
    utf8_percent_encode(key, ESCAPED).to_string()
}

/// A batch of SQS messages `m0`, `m1`, ... with these bodies.
pub fn sqs(bodies: &[String]) -> Value {
    let message = |(i, body): (usize, &String)| json!({"messageId": format!("m{i}"), "eventSource": "aws:sqs", "body": body});
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
}

pub fn invocation() -> Invocation {
    Invocation { id: "test".into(), deadline: None }
}

/// Writes rows into the embedded table of the commands that run in this folder: these attributes beside
/// those that every row has.
pub async fn write_rows(dir: &TempDir, rows: Vec<Value>) {
    let options = Options { dir: dir.path().join(".lookbook"), ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    for row in rows {
        put_row(&stack.dynamodb(), stack.table(), row).await;
    }
    stack.shutdown().await;
}

/// Writes one such row.
pub async fn put_row(dynamodb: &aws_sdk_dynamodb::Client, table: &str, attributes: Value) {
    let mut row =
        json!({"revision": "r1", "software": "lookbook 0", "model_id": "m", "recipe": "r"});
    row.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    let item = serde_dynamo::to_item(row).unwrap();
    dynamodb.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

/// Handles one S3 notification with these records.
pub async fn handle<B: Bucket>(handler: &Handler<B, DynamoDb>, records: Vec<Value>) -> Report {
    handler.handle(&json!({"Records": records}), &invocation()).await.unwrap()
}

/// The outcomes' names, in the event's order.
pub fn names(report: &Report) -> Vec<&'static str> {
    report.lines.iter().map(|line| line.outcome.name()).collect()
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A sample photo's bytes.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(repository("events/photos").join(name)).unwrap()
}

/// The names of the sample photos.
pub fn samples() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(repository("events/photos"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A model of 2 KB that judges by colour alone: for tests of all that is around the model.
pub const TINY_MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/model/metadata_deflated.int8_uint8.tflite");

/// A small picture of one colour, as a PNG.
pub fn one_colour(colour: [u8; 3]) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb(colour));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

/// Random choices that a seed makes again (`SplitMix64`).
pub struct Dice(pub u64);

impl Dice {
    /// With the seed in this variable of the environment, or else 1; and says so.
    pub fn seeded(variable: &str) -> Self {
        let seed = std::env::var(variable).map_or(1, |seed| seed.parse().expect("a number"));
        println!("{variable}={seed}");
        Self(seed)
    }

    pub fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }

    /// Takes up to `n` random ones out.
    pub fn draw<T>(&mut self, items: &mut Vec<T>, n: usize) -> Vec<T> {
        let n = n.min(items.len());
        (0..n).map(|_| items.swap_remove(self.roll(items.len()))).collect()
    }
}

/// The label in a sample photo's name: `t-shirt-1.jpg` is a t-shirt.
pub fn label_of(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap();
    name.rsplit_once('-').unwrap().0
}

/// The real model with one weight less: a bias of its last convolution is no number.
pub fn model_that_answers_nan() -> Arc<Classifier> {
    use tract_tflite::tflite::{BuiltinOperator, root_as_model};
    let mut file = std::fs::read(repository("model/clothing.tflite")).unwrap();
    let place = {
        let model = root_as_model(&file).unwrap();
        let graph = model.subgraphs().unwrap().get(0);
        let codes = model.operator_codes().unwrap();
        let convolution = |operator: &tract_tflite::tflite::Operator<'_>| {
            let code = codes.get(operator.opcode_index() as usize).deprecated_builtin_code();
            i32::from(code) == BuiltinOperator::CONV_2D.0
        };
        let operators = graph.operators().unwrap();
        let last = operators.iter().rfind(convolution).unwrap();
        let bias = last.inputs().unwrap().get(2);
        // It is in float16, and an operator of its own makes it a float32.
        let widened = operators.iter().find(|o| o.outputs().unwrap().get(0) == bias).unwrap();
        let bias = usize::try_from(widened.inputs().unwrap().get(0)).unwrap();
        let buffer = graph.tensors().unwrap().get(bias).buffer() as usize;
        let data = model.buffers().unwrap().get(buffer).data().unwrap().bytes();
        data.as_ptr() as usize - file.as_ptr() as usize
    };
    // Not a number, in float16.
    file[place..place + 2].copy_from_slice(&0x7e00_u16.to_le_bytes());
    let description = std::fs::read_to_string(repository("model/clothing.toml")).unwrap();
    Arc::new(Classifier::from_bytes(&file, &description).unwrap())
}

/// The command line, away from the repository and from the settings of whoever runs the tests.
pub fn lookbook(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookbook"));
    command.current_dir(dir).env_clear();
    command
}

/// Its standard output, once it exited with this code.
pub fn stdout(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One JSON value a line.
pub fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Says on the terminal, whatever the test runner captures, that a check was not made.
// `eprintln!` would be captured.
#[allow(clippy::explicit_write)]
pub fn skipped(what: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "SKIPPED: {what}").unwrap();
}
