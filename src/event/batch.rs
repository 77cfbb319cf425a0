//! An invocation by S3 Batch Operations: tasks, each with one object, and an answer with a result a
//! task.
//!
//! Source: Amazon S3 user guide, "Invoke AWS Lambda function" (request and response, version 1.0);
//! Amazon S3 API reference, `LambdaInvokeOperation` (version 2.0: `s3Bucket`, `userArguments`).
//! Keys are encoded as a form is: AWS's own examples decode them with `unquote_plus`.

use serde_json::{Value, json};

use super::record::{Fields, RecordError, decode_key};
use super::{Change, EventError, Fate, Message, MessageError, Reply};
use crate::object::ObjectId;

/// The most characters of a result string, so that a completion report stays readable.
const RESULT: usize = 1000;

/// What the answer repeats of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    schema: String,
    invocation: String,
}

/// The request's head and tasks; `None` if the event is no such request.
pub(super) fn request(event: &Value) -> Option<(&str, &[Value])> {
    let schema = event.get("invocationSchemaVersion")?.as_str()?;
    Some((schema, event.get("tasks")?.as_array()?))
}

/// The call and its messages, one a task.
pub(super) fn parse(
    event: &Value,
    schema: &str,
    tasks: &[Value],
) -> Result<(Call, Vec<Message>), EventError> {
    if !matches!(schema.split('.').next(), Some("1" | "2")) {
        return Err(EventError::BatchSchema(schema.chars().take(40).collect()));
    }
    let invocation = Fields(event).text("/invocationId").unwrap_or_default().to_owned();
    let messages = tasks.iter().enumerate().map(|(index, task)| {
        let id = Fields(task).text("/taskId").ok_or(EventError::NoId {
            what: "S3 Batch Operations task",
            index,
            field: "taskId",
        })?;
        let entry = change(Fields(task)).map_err(|source| MessageError::Record {
            place: format!("task '{id}' of the S3 Batch Operations job"),
            source,
        });
        Ok(Message::new(id, Ok(vec![entry])))
    });
    let call = Call { schema: schema.to_owned(), invocation };
    Ok((call, messages.collect::<Result<_, _>>()?))
}

fn change(task: Fields<'_>) -> Result<Change, RecordError> {
    let bucket = match task.text("/s3Bucket") {
        Some(name) => name,
        None => {
            let arn = task.needed("/s3BucketArn", "s3Bucket or s3BucketArn")?;
            arn.rsplit(':').next().unwrap_or(arn)
        }
    };
    let key = decode_key(task.needed("/s3Key", "s3Key")?)?;
    let version_id = task.text("/s3VersionId").map(ToOwned::to_owned);
    Ok(Change { version_id, ..Change::look_at(ObjectId::new(bucket, &key)?) })
}

/// One result a task. What names no object never will; all else that is not done is tried again.
pub(super) fn answer(call: &Call, replies: &[Reply<'_>]) -> Value {
    let results = replies.iter().map(|reply| {
        let code = match reply.fate {
            Fate::Done => "Succeeded",
            Fate::Retry => "TemporaryFailure",
            Fate::Unreadable => "PermanentFailure",
        };
        let words: Vec<&str> = reply.outcomes.iter().map(|told| told.words.as_str()).collect();
        let words: String = words.join("; ").chars().take(RESULT).collect();
        json!({"taskId": reply.id, "resultCode": code, "resultString": words})
    });
    json!({
        "invocationSchemaVersion": call.schema,
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": call.invocation,
        "results": results.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Envelope, Sender};

    fn event(schema: &str, task: &Value) -> Value {
        json!({"invocationSchemaVersion": schema, "invocationId": "i", "tasks": [task],
            "job": {"id": "j", "userArguments": {"reason": "new model"}}})
    }

    fn key(event: &Value) -> Result<String, String> {
        let envelope = Envelope::parse(event, "r").map_err(|e| e.to_string())?;
        assert!(matches!(envelope.sender(), Sender::Batch(_)));
        let entry = envelope.messages()[0].entries[0].as_ref();
        entry.map(|c| c.object.to_string()).map_err(ToString::to_string)
    }

    #[test]
    fn both_schemas_name_the_object() {
        for arn in ["arn:aws:s3:::shop", "arn:aws:s3:us-east-1:0123456788:shop"] {
            let task = json!({"taskId": "t", "s3Key": "a+b%2Bc.jpg", "s3VersionId": null, "s3BucketArn": arn});
            assert_eq!(key(&event("1.0", &task)).unwrap(), "shop/a b+c.jpg");
        }
        let task =
            json!({"taskId": "t", "s3Key": "%C3%A9.jpg", "s3VersionId": "1", "s3Bucket": "shop"});
        assert_eq!(key(&event("2.0", &task)).unwrap(), "shop/é.jpg");
    }

    #[test]
    fn a_task_that_names_no_object_is_an_error_of_its_own() {
        let error = key(&event("1.0", &json!({"taskId": "t", "s3Key": "a"}))).unwrap_err();
        assert_eq!(error, "task 't' of the S3 Batch Operations job has no s3Bucket or s3BucketArn");
        let point = "arn:aws:s3:us-east-1:1:accesspoint/point";
        let task = json!({"taskId": "t", "s3Key": "a", "s3BucketArn": point});
        assert!(
            key(&event("1.0", &task)).unwrap_err().contains("'accesspoint/point' is not a bucket")
        );
    }

    #[test]
    fn what_could_not_be_answered_fails_as_a_whole() {
        let error = key(&event("1.0", &json!({"s3Key": "a"}))).unwrap_err();
        assert!(error.contains("S3 Batch Operations task 0 has no taskId"), "{error}");
        assert!(key(&event("3.0", &json!({"taskId": "t"}))).unwrap_err().contains("'3.0'"));
    }
}
