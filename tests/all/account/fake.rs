//! A bucket's settings and queues in this process, as the real SDK asks for them: S3's XML, SQS's JSON
//! and STS. The table is the embedded one.

use std::collections::{BTreeMap, VecDeque};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use lookbook::local::Endpoints;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{Embedded, lookbook};

/// The bucket that is there.
pub const BUCKET: &str = "shop-photos";
/// A bucket of which nothing may be known.
pub const CLOSED: &str = "closed-photos";

/// What a test may set, and what it sees.
#[derive(Default)]
pub struct World {
    /// The bucket's notifications, as S3 keeps them.
    pub announced: String,
    /// How often they were put.
    pub puts: usize,
    /// Somebody else sets them again just after they are put.
    pub is_contested: bool,
    /// What somebody else sets, one after another, each just after the notifications are read.
    pub meanwhile: VecDeque<String>,
    pub queues: BTreeMap<String, FakeQueue>,
    /// Messages with this in them cannot be sent.
    pub refuses: Option<&'static str>,
    /// Messages with this in them are sent to the queue `dead` at once, as the function does.
    pub returns: Option<&'static str>,
    /// So many answers are of messages that were received before, as if they were hidden no more.
    pub repeats: usize,
    count: usize,
}

#[derive(Default)]
pub struct FakeQueue {
    pub attributes: BTreeMap<&'static str, String>,
    pub messages: Vec<Letter>,
}

#[derive(Clone)]
pub struct Letter {
    pub id: String,
    pub body: String,
    /// As SQS writes them.
    pub attributes: Value,
    pub sent: u128,
    pub receives: usize,
    hidden: Option<Instant>,
    handle: String,
}

impl Letter {
    /// Whether whoever receives gets it.
    pub fn is_visible(&self) -> bool {
        self.hidden.is_none_or(|until| until <= Instant::now())
    }
}

pub struct Fake {
    pub world: Arc<Mutex<World>>,
    pub url: String,
    pub embedded: Embedded,
    pub dir: TempDir,
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

/// The attributes of SQS for these texts.
pub fn texts(pairs: &[(&str, &str)]) -> Value {
    pairs
        .iter()
        .map(|(name, text)| {
            ((*name).to_owned(), json!({"DataType": "String", "StringValue": text}))
        })
        .collect()
}

impl World {
    /// A message in a queue.
    pub fn send(&mut self, queue: &str, body: &str, attributes: Value) {
        self.count += 1;
        let sent = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let id = format!("m{:04}", self.count);
        let letter = Letter {
            id,
            body: body.to_owned(),
            attributes,
            sent,
            receives: 0,
            hidden: None,
            handle: String::new(),
        };
        self.queues.get_mut(queue).unwrap().messages.push(letter);
    }
}

impl Fake {
    /// A bucket that announces nothing, its queue `changes`, and the dead-letter queue `dead`.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut world =
            World { announced: "<NotificationConfiguration/>".to_owned(), ..World::default() };
        let policy = json!({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn("changes"),
            "Condition": {"ArnEquals": {"aws:SourceArn": format!("arn:aws:s3:::{BUCKET}")}}}]});
        let redrive = json!({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 10});
        let changes = [
            ("Policy", policy.to_string()),
            ("RedrivePolicy", redrive.to_string()),
            ("VisibilityTimeout", "360".to_owned()),
            ("MessageRetentionPeriod", "604800".to_owned()),
        ];
        let dead = [("MessageRetentionPeriod", "1209600".to_owned())];
        let of = |attributes: BTreeMap<_, _>| FakeQueue { attributes, messages: Vec::new() };
        world.queues.insert("changes".to_owned(), of(changes.into()));
        world.queues.insert("dead".to_owned(), of(dead.into()));
        let world = Arc::new(Mutex::new(world));
        let state = (Arc::clone(&world), url.clone());
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, url, embedded: Embedded::start().await, dir: TempDir::new().unwrap() }
    }

    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.url)
    }

    /// The command line, whose AWS this is.
    pub fn lookbook(&self, args: &[&str]) -> Command {
        let Endpoints { dynamodb, key, .. } = &self.embedded.at;
        let mut command = lookbook(self.dir.path());
        command
            .args(args)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", &key.id)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret);
        command
    }
}

type Shared = (Arc<Mutex<World>>, String);

async fn answer(
    State((world, url)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = world.lock().unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    if let Some(target) = headers.get("x-amz-target") {
        let operation = target.to_str().unwrap().strip_prefix("AmazonSQS.").unwrap();
        let request = serde_json::from_str(&body).unwrap();
        let (status, answer) = match sqs(&mut world, &url, operation, &request) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(code) => {
                let kind = format!("com.amazonaws.sqs#{code}");
                (StatusCode::BAD_REQUEST, json!({"__type": kind, "message": "words of SQS"}))
            }
        };
        return (status, [("content-type", "application/x-amz-json-1.0")], answer.to_string())
            .into_response();
    }
    if body.contains("GetCallerIdentity") {
        return xml(
            StatusCode::OK,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/anna</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        );
    }
    s3(&mut world, &method, &uri, body)
}

fn s3(world: &mut World, method: &Method, uri: &Uri, body: String) -> Response {
    let bucket = uri.path().trim_matches('/');
    let error = |status, code: &str| {
        xml(status, &format!("<Error><Code>{code}</Code><Message>words of S3</Message></Error>"))
    };
    match bucket {
        BUCKET => {}
        CLOSED => return error(StatusCode::FORBIDDEN, "AccessDenied"),
        _ => return error(StatusCode::NOT_FOUND, "NoSuchBucket"),
    }
    let asks =
        |name: &str| uri.query().is_some_and(|query| query.split('&').any(|q| q.starts_with(name)));
    if asks("notification") {
        if method == Method::PUT {
            world.puts += 1;
            world.announced =
                if world.is_contested { "<NotificationConfiguration/>".to_owned() } else { body };
            return StatusCode::OK.into_response();
        }
        let answer = xml(StatusCode::OK, &world.announced);
        if let Some(announced) = world.meanwhile.pop_front() {
            world.announced = announced;
        }
        return answer;
    }
    if asks("encryption") {
        return error(StatusCode::NOT_FOUND, "ServerSideEncryptionConfigurationNotFoundError");
    }
    if asks("versioning") {
        return xml(StatusCode::OK, "<VersioningConfiguration/>");
    }
    if asks("list-type") {
        return xml(StatusCode::OK, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>");
    }
    ([("x-amz-bucket-region", "us-east-1")], "").into_response()
}

fn xml(status: StatusCode, text: &str) -> Response {
    (status, [("content-type", "application/xml")], text.to_owned()).into_response()
}

fn sqs(
    world: &mut World,
    url: &str,
    operation: &str,
    request: &Value,
) -> Result<Value, &'static str> {
    let name =
        request["QueueName"].as_str().or_else(|| request["QueueUrl"].as_str()?.rsplit('/').next());
    let name = name.unwrap().to_owned();
    let queue = world.queues.get_mut(&name).ok_or("QueueDoesNotExist")?;
    Ok(match operation {
        "GetQueueUrl" => json!({"QueueUrl": format!("{url}/123456789012/{name}")}),
        "GetQueueAttributes" => {
            let mut attributes = json!(queue.attributes);
            let hidden = queue.messages.iter().filter(|letter| !letter.is_visible()).count();
            attributes["QueueArn"] = arn(&name).into();
            attributes["ApproximateNumberOfMessagesNotVisible"] = hidden.to_string().into();
            attributes["ApproximateNumberOfMessages"] =
                (queue.messages.len() - hidden).to_string().into();
            json!({"Attributes": attributes})
        }
        "ListDeadLetterSourceQueues" if name == "dead" => {
            json!({"queueUrls": [format!("{url}/123456789012/changes")]})
        }
        "ListDeadLetterSourceQueues" => json!({"queueUrls": []}),
        "ReceiveMessage" => {
            let hidden = Duration::from_secs(request["VisibilityTimeout"].as_u64().unwrap());
            let is_again =
                world.repeats > 0 && queue.messages.iter().any(|letter| letter.receives > 0);
            world.repeats -= usize::from(is_again);
            let visible = queue
                .messages
                .iter_mut()
                .filter(|letter| if is_again { letter.receives > 0 } else { letter.is_visible() });
            let some = visible.take(10).map(|letter| {
                letter.receives += 1;
                letter.hidden = Some(Instant::now() + hidden);
                letter.handle = format!("{}-{}", letter.id, letter.receives);
                json!({
                    "MessageId": letter.id, "ReceiptHandle": letter.handle, "Body": letter.body,
                    "MessageAttributes": letter.attributes,
                    "Attributes": {
                        "SentTimestamp": letter.sent.to_string(),
                        "ApproximateReceiveCount": letter.receives.to_string(),
                        "ApproximateFirstReceiveTimestamp": letter.sent.to_string(),
                    },
                })
            });
            json!({"Messages": some.collect::<Vec<_>>()})
        }
        "ChangeMessageVisibilityBatch" => {
            let mut done = Vec::new();
            for entry in request["Entries"].as_array().unwrap() {
                let handle = entry["ReceiptHandle"].as_str().unwrap();
                let letter = queue.messages.iter_mut().find(|letter| letter.handle == handle);
                assert_eq!(entry["VisibilityTimeout"], 0);
                letter.unwrap().hidden = None;
                done.push(json!({"Id": entry["Id"]}));
            }
            json!({"Successful": done, "Failed": []})
        }
        "DeleteMessage" => {
            let handle = request["ReceiptHandle"].as_str().unwrap();
            queue.messages.retain(|letter| letter.handle != handle);
            json!({})
        }
        "SendMessage" => {
            let body = request["MessageBody"].as_str().unwrap();
            if world.refuses.is_some_and(|refused| body.contains(refused)) {
                return Err("InvalidMessageContents");
            }
            let attributes = request.get("MessageAttributes").cloned().unwrap_or_default();
            if world.returns.is_some_and(|returned| body.contains(returned)) {
                world.send("dead", body, texts(&[("code", "unreadable")]));
            } else {
                world.send(&name, body, attributes);
            }
            json!({"MessageId": "sent", "MD5OfMessageBody": ""})
        }
        _ => return Err("UnknownOperationException"),
    })
}
