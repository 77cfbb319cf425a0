//! The `DynamoDB` operations on the table's database, over HTTP.
//!
//! The database is the library's; this reads a request, checks its signature, and hands the
//! operation on. The library has a server of its own, which checks no signatures and answers web
//! pages, and cannot be put behind a guard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use dynoxide::actions::describe_stream::{DescribeStreamRequest, DescribeStreamResponse};
use dynoxide::actions::get_shard_iterator::{GetShardIteratorRequest, GetShardIteratorResponse};
use dynoxide::actions::list_streams::ListStreamsRequest;
use dynoxide::{Database, DynoxideError};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use s3s::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::access_key::AccessKey;
use super::serve::Endpoint;
use super::signature;

/// The largest request that `DynamoDB` takes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// What the header `X-Amz-Target` begins with.
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// The table's endpoint.
#[derive(Clone)]
pub(super) struct TableService {
    database: Database,
    key: AccessKey,
    /// Whether the database failed the last time that it was to write.
    failing: Arc<AtomicBool>,
}

impl TableService {
    pub(super) fn new(database: Database, key: AccessKey) -> Self {
        Self { database, key, failing: Arc::default() }
    }

    /// Says once that the database fails, until it works again.
    fn note(&self, operation: &str, failed: Option<&DynoxideError>) {
        match failed {
            Some(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::warn!("the table's file cannot be used, is the disk full? {error}");
            }
            None if operation.ends_with("Item") && operation != "GetItem" => {
                self.failing.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

impl Endpoint for TableService {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST || parts.uri.path() != "/" || parts.uri.query().is_some() {
            return error(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "the table takes a POST to `/`, as every DynamoDB client sends it",
            );
        }
        let Ok(body) = Body::from(body).store_all_limited(MAX_BODY_BYTES).await else {
            return error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                "the request is larger than 16 MiB, or did not come whole",
            );
        };
        let signed = signature::check(&parts.headers, &body, &self.key, SystemTime::now());
        if let Err(why) = signed {
            let code = match why {
                signature::SignatureError::Missing => "MissingAuthenticationTokenException",
                signature::SignatureError::Key => "UnrecognizedClientException",
                _ => "InvalidSignatureException",
            };
            return error(StatusCode::FORBIDDEN, code, &why.to_string());
        }
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = TARGETS.iter().find_map(|prefix| target?.strip_prefix(prefix));
        let operation = operation.unwrap_or_default().to_owned();
        // It blocks, and a database that fails must not take the server with it.
        let done = {
            let (database, operation) = (self.database.clone(), operation.clone());
            tokio::task::spawn_blocking(move || run(&database, &operation, &body)).await
        };
        match done {
            Ok(Some(Ok(answer))) => {
                self.note(&operation, None);
                response(StatusCode::OK, answer)
            }
            Ok(Some(Err(why))) => {
                self.note(&operation, Some(&why).filter(|why| why.status_code() >= 500));
                let status = StatusCode::from_u16(why.status_code());
                response(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), why.to_json())
            }
            Ok(None) => error(
                StatusCode::BAD_REQUEST,
                "UnknownOperationException",
                "the embedded table does not have this operation",
            ),
            Err(_) => error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerError",
                "the embedded table failed while it did this",
            ),
        }
    }

    fn refuse(&self, why: &str) -> Response<Body> {
        error(StatusCode::FORBIDDEN, "AccessDeniedException", why)
    }
}

/// Does one operation; nothing if there is none of this name.
fn run(database: &Database, name: &str, body: &[u8]) -> Option<Result<String, DynoxideError>> {
    macro_rules! operations {
        ($($name:literal => $operation:ident,)*) => {
            match name {
                $($name => with(body, |request| database.$operation(request)),)*
                "DescribeStream" => with(body, |request| describe_stream(database, request)),
                "GetShardIterator" => with(body, |request| get_shard_iterator(database, request)),
                _ => return None,
            }
        };
    }
    Some(operations! {
        "CreateTable" => create_table,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "ListTables" => list_tables,
        "UpdateTable" => update_table,
        "PutItem" => put_item,
        "GetItem" => get_item,
        "DeleteItem" => delete_item,
        "UpdateItem" => update_item,
        "Query" => query,
        "Scan" => scan,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "TransactWriteItems" => transact_write_items,
        "TransactGetItems" => transact_get_items,
        "ListStreams" => list_streams,
        "GetRecords" => get_records,
        "UpdateTimeToLive" => update_time_to_live,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "BatchExecuteStatement" => batch_execute_statement,
        "TagResource" => tag_resource,
        "UntagResource" => untag_resource,
        "ListTagsOfResource" => list_tags_of_resource,
    })
}

/// The library takes the last record that there is for the end of the shard. A shard that has an end
/// is closed, says AWS, and this one never is.
fn describe_stream(
    database: &Database,
    request: DescribeStreamRequest,
) -> Result<DescribeStreamResponse, DynoxideError> {
    check_stream(database, &request.stream_arn)?;
    let mut answer = database.describe_stream(request)?;
    for shard in &mut answer.stream_description.shards {
        shard.sequence_number_range.ending_sequence_number = None;
    }
    Ok(answer)
}

fn get_shard_iterator(
    database: &Database,
    request: GetShardIteratorRequest,
) -> Result<GetShardIteratorResponse, DynoxideError> {
    check_stream(database, &request.stream_arn)?;
    database.get_shard_iterator(request)
}

/// The library looks at the table's name only: any stream of a table that once had it would do.
fn check_stream(database: &Database, arn: &str) -> Result<(), DynoxideError> {
    let streams = database.list_streams(ListStreamsRequest::default())?.streams;
    if streams.iter().any(|stream| stream.stream_arn == arn) {
        return Ok(());
    }
    let words = format!("Requested resource not found: Stream: {arn} not found");
    Err(DynoxideError::ResourceNotFoundException(words))
}

fn with<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?;
    let answer = operation(request)?;
    serde_json::to_string(&answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// What is wrong with a request, as `DynamoDB` sorts it. The library's types begin their words with
/// a mark that says it, and the reader of JSON ends them with a place.
fn malformed(words: &str) -> DynoxideError {
    let words = words.split(" at line ").next().unwrap_or(words);
    let (mark, rest) = words.split_once(':').unwrap_or(("", words));
    match mark {
        "VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ" => {
            DynoxideError::ValidationException(rest.to_owned())
        }
        "SERIALIZATION" | "SERIALIZATION_AS_READ" => {
            DynoxideError::SerializationException(rest.to_owned())
        }
        _ if words.contains("missing field") || words.contains("unknown variant") => {
            DynoxideError::ValidationException(words.to_owned())
        }
        _ => DynoxideError::SerializationException(words.to_owned()),
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({
        "__type": format!("com.amazon.coral.service#{code}"),
        "message": message,
    });
    response(status, body.to_string())
}

fn response(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(CONTENT_TYPE));
    let id = Uuid::new_v4().simple().to_string().to_uppercase();
    if let Ok(id) = id.parse() {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_request_has_no_marks_of_the_library() {
        let database = Database::memory().unwrap();
        let json = |name, body: &str| {
            run(&database, name, body.as_bytes()).unwrap().unwrap_err().to_json()
        };
        let missing = json("GetItem", r#"{"TableName": "missing", "Key": {"image": {"S": "a"}}}"#);
        assert!(missing.contains("ResourceNotFoundException"), "{missing}");
        for body in
            ["", "[]", "{", r#"{"TableName": 1}"#, r#"{"TableName": "t", "Item": {"a": {}}}"#]
        {
            let error = json("PutItem", body);
            assert!(error.contains("Exception"), "{error}");
            assert!(!error.contains("VALIDATION") && !error.contains("SERIALIZATION"), "{error}");
            assert!(!error.contains("at line"), "{error}");
        }
        assert!(run(&database, "DropEverything", b"{}").is_none());
    }
}
