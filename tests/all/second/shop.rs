//! A bucket whose notifications go to a queue, and what Lambda does with the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Deref};
use std::time::Duration;

use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
};
use lookbook::bucket::S3;
use lookbook::catalogue::DynamoDb;
use lookbook::handler::{DeadLetters, Handler, Report};
use lookbook::object::ETag;
use lookbook::pipeline::Line;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::{REGION, Server, keep_versions};
use crate::helpers::{Place, invocation, label_of, sample, skipped};

/// How often a message is received before it goes to the dead-letter queue.
pub const MAX_RECEIVES: usize = 3;
/// What is announced, as in `infra/template.yaml`.
const EVENTS: [Event; 4] = [
    Event::S3ObjectCreated,
    Event::S3ObjectRemoved,
    Event::S3ObjectRestoreCompleted,
    Event::S3LifecycleExpiration,
];
/// No test takes as long, so that one which waits for a message that never comes fails.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// A bucket, its queue with a dead-letter queue, and the table.
pub struct Shop {
    pub server: Server,
    place: Place,
    sqs: aws_sdk_sqs::Client,
    pub queue: Queue,
    pub dead: Queue,
}

/// A queue's two names.
pub struct Queue {
    pub url: String,
    pub arn: String,
}

/// What became of one batch of messages.
pub struct Turn {
    pub report: Report,
    /// The ids of the messages that were deleted.
    pub done: Vec<String>,
    /// Those of the others.
    pub handed_back: Vec<String>,
}

impl Deref for Shop {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Queue {
    /// By which it is asked.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Shop {
    /// Opens one; `None`, and a line that says so, where no second implementation is given.
    pub async fn open() -> Option<Self> {
        Self::open_with(false).await
    }

    /// The same with a bucket that keeps versions.
    pub async fn open_versioned() -> Option<Self> {
        Self::open_with(true).await
    }

    async fn open_with(versions: bool) -> Option<Self> {
        let Some(server) = Server::given() else {
            skipped("no SECOND_ENDPOINT: see tests/second/README.md");
            return None;
        };
        let place = server.place().await;
        if versions {
            keep_versions(&place).await;
        }
        let sqs = server.sqs();
        let dead = queue(&sqs, &format!("{}-dead", place.at.bucket), &[]).await;
        let redrive =
            json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": MAX_RECEIVES.to_string()});
        let attributes = [
            (QueueAttributeName::RedrivePolicy, redrive.to_string()),
            // Longer than any test: what is handed back is made visible by hand.
            (QueueAttributeName::VisibilityTimeout, "600".to_owned()),
        ];
        let queue = queue(&sqs, &place.at.bucket, &attributes).await;
        let shop = Self { server, place, sqs, queue, dead };
        shop.announce().await;
        Some(shop)
    }

    /// Lets S3 write to the queue, and tells it to.
    ///
    /// Source: Amazon S3 user guide, "Granting permissions to publish event notification messages
    /// to a destination".
    async fn announce(&self) {
        let bucket = format!("arn:aws:s3:::{}", self.at.bucket);
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": self.queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": bucket}}}]});
        let set = self.sqs.set_queue_attributes().queue_url(&self.queue.url);
        set.attributes(QueueAttributeName::Policy, policy.to_string()).send().await.unwrap();
        let to_queue = QueueConfiguration::builder()
            .id("changes")
            .queue_arn(&self.queue.arn)
            .set_events(Some(EVENTS.to_vec()))
            .build()
            .unwrap();
        let configuration =
            NotificationConfiguration::builder().queue_configurations(to_queue).build();
        let put = self.s3().put_bucket_notification_configuration().bucket(&self.at.bucket);
        put.notification_configuration(configuration).send().await.unwrap();
    }

    /// The handler as it is deployed, with the dead-letter queue.
    pub fn handler_with_dead_letters(&self) -> Handler<S3, DynamoDb> {
        let dead = DeadLetters::new(self.sqs.clone(), &self.dead.url);
        self.handler().with_dead_letters(Some(dead))
    }

    /// Sends a message that S3 did not make.
    pub async fn send(&self, body: &str) {
        let by = MessageAttributeValue::builder().data_type("String").string_value("a person");
        let send = self.sqs.send_message().queue_url(&self.queue.url).message_body(body);
        send.message_attributes("by", by.build().unwrap()).send().await.unwrap();
    }

    /// Up to ten messages, as soon as there are any; none after so many seconds without.
    pub async fn receive(&self, queue: &Queue, seconds: i32) -> Vec<Message> {
        let receive = self
            .sqs
            .receive_message()
            .queue_url(&queue.url)
            .max_number_of_messages(10)
            .wait_time_seconds(seconds)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        receive.send().await.unwrap().messages.unwrap_or_default()
    }

    /// So many different messages, which stay in the queue, hidden.
    pub async fn receive_all(&self, count: usize) -> Vec<Message> {
        let mut all = BTreeMap::new();
        let receive = async {
            while all.len() < count {
                for message in self.receive(&self.queue, 10).await {
                    all.insert(message.message_id().unwrap().to_owned(), message);
                }
            }
        };
        let came = tokio::time::timeout(PATIENCE, receive).await.is_ok();
        assert!(came, "{} of {count} messages came", all.len());
        all.into_values().collect()
    }

    /// Hands messages to the handler as an event source mapping does.
    pub async fn deliver(&self, handler: &Handler<S3, DynamoDb>, messages: &[Message]) -> Report {
        handler.handle(&event(messages, &self.queue), &invocation()).await.unwrap()
    }

    /// Delivers messages, deletes those that are done, and lets the others be received again.
    ///
    /// Source: AWS Lambda developer guide, "Handling errors for an SQS event source in Lambda".
    /// Lambda would let the visibility timeout run out, which comes to the same later.
    pub async fn turn(&self, handler: &Handler<S3, DynamoDb>, messages: &[Message]) -> Turn {
        let report = self.deliver(handler, messages).await;
        let failures = &report.answer.as_ref().unwrap()["batchItemFailures"];
        let failed: BTreeSet<&str> = failures
            .as_array()
            .unwrap()
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().unwrap())
            .collect();
        let (mut done, mut handed_back) = (Vec::new(), Vec::new());
        for message in messages {
            let id = message.message_id().unwrap();
            let handle = message.receipt_handle().unwrap();
            if failed.contains(id) {
                let show = self.sqs.change_message_visibility().queue_url(&self.queue.url);
                show.receipt_handle(handle).visibility_timeout(0).send().await.unwrap();
                handed_back.push(id.to_owned());
            } else {
                let delete = self.sqs.delete_message().queue_url(&self.queue.url);
                delete.receipt_handle(handle).send().await.unwrap();
                done.push(id.to_owned());
            }
        }
        assert_eq!(handed_back.len(), failed.len(), "{failed:?} are not all of this batch");
        Turn { report, done, handed_back }
    }

    /// Works until so many different messages are done; gives their lines.
    pub async fn work(&self, handler: &Handler<S3, DynamoDb>, count: usize) -> Vec<Line> {
        let (mut done, mut lines) = (BTreeSet::new(), Vec::new());
        let work = async {
            while done.len() < count {
                let messages = self.receive(&self.queue, 10).await;
                if !messages.is_empty() {
                    let turn = self.turn(handler, &messages).await;
                    done.extend(turn.done);
                    lines.extend(turn.report.lines);
                }
            }
        };
        let came = tokio::time::timeout(PATIENCE, work).await.is_ok();
        assert!(came, "{} of {count} messages are done", done.len());
        lines
    }

    /// How many messages a queue has, those that are hidden included.
    pub async fn left(&self, queue: &Queue) -> usize {
        let get = self.sqs.get_queue_attributes().queue_url(&queue.url);
        let answer = get.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let attributes = answer.attributes.unwrap();
        let number = |name| attributes[&name].parse::<usize>().unwrap();
        number(QueueAttributeName::ApproximateNumberOfMessages)
            + number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
    }

    /// Checks the rows against the bucket, and the bucket against `photos`: the sample photo that
    /// must be under each key.
    pub async fn check(&self, photos: &BTreeMap<String, &str>) {
        let list = self.s3().list_objects_v2().bucket(&self.at.bucket);
        let listed = list.send().await.unwrap();
        assert_eq!(listed.is_truncated, Some(false));
        let mut there = BTreeSet::new();
        for object in listed.contents.unwrap_or_default() {
            let key = object.key.unwrap();
            if key.ends_with('/') {
                continue;
            }
            let name = photos.get(&key).unwrap_or_else(|| panic!("'{key}' is in the bucket"));
            let row = self.row(&key).await.unwrap_or_else(|| panic!("'{key}' has no row"));
            assert_eq!(row.etag, object.e_tag.as_deref().map(ETag::new), "{key}");
            assert_eq!(row.size.map(u64::cast_signed), object.size, "{key}");
            let content = hex::encode(Sha256::digest(sample(name)));
            assert_eq!(row.content_sha256, Some(content), "{key}");
            assert_eq!(row.label.as_deref(), Some(label_of(name)), "{key}");
            there.insert(key);
        }
        assert_eq!(there, photos.keys().cloned().collect(), "the bucket has all");
        let mut shown = BTreeSet::new();
        let each = |row: lookbook::catalogue::Listing| {
            shown.insert(row.key);
            ControlFlow::Continue(())
        };
        self.table().scan(each).await.unwrap();
        assert_eq!(shown, there, "the index shows all, and nothing else");
    }
}

async fn queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> Queue {
    let create = sqs.create_queue().queue_name(name);
    let create = create.set_attributes(Some(attributes.iter().cloned().collect()));
    let url = create.send().await.unwrap().queue_url.unwrap();
    let get = sqs.get_queue_attributes().queue_url(&url);
    let answer = get.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
    let arn = answer.attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    Queue { url, arn }
}

/// A batch as Lambda hands it to a function.
///
/// Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS", the example of an event.
fn event(messages: &[Message], queue: &Queue) -> Value {
    let record = |message: &Message| {
        let attributes: BTreeMap<&str, &str> =
            message.attributes().into_iter().flatten().map(|(n, v)| (n.as_str(), &**v)).collect();
        let attribute = |value: &MessageAttributeValue| {
            json!({"stringValue": value.string_value(), "stringListValues": [],
                "binaryListValues": [], "dataType": value.data_type()})
        };
        let message_attributes: BTreeMap<&str, Value> = message
            .message_attributes()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), attribute(value)))
            .collect();
        json!({
            "messageId": message.message_id(),
            "receiptHandle": message.receipt_handle(),
            "body": message.body(),
            "attributes": attributes,
            "messageAttributes": message_attributes,
            "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue.arn,
            "awsRegion": REGION,
        })
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}
