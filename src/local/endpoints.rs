//! Where a stack that runs can be reached by other processes.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::LocalError;
use super::access_key::AccessKey;
use super::clients::{dynamodb_client, s3_client, streams_client};
use super::disk::write_privately;
use super::lock::is_locked;
use super::notification::REGION;

/// The file that says it, in the folder of the state.
const FILE: &str = "endpoints.json";
/// The file that says where the page is.
const PAGE: &str = "page.json";

/// How to reach a bucket and a table that run in another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The URL of the S3 endpoint.
    pub s3: String,
    /// The URL of the `DynamoDB` endpoint.
    pub dynamodb: String,
    /// The bucket's name.
    pub bucket: String,
    /// The table's name.
    pub table: String,
    /// What requests must be signed with.
    pub key: AccessKey,
}

impl Endpoints {
    /// What the process that has the folder `dir` has published; nothing if none has it.
    #[must_use]
    pub fn of_running(dir: &Path) -> Option<Self> {
        let state = dir.join("state");
        // A process that was killed has left its file behind.
        if !is_locked(&state.join("lock")) {
            return None;
        }
        let text = fs::read(state.join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The address of the page that the process has published which has the folder `dir`.
    #[must_use]
    pub fn page_of_running(dir: &Path) -> Option<String> {
        let state = dir.join("state");
        if !is_locked(&state.join("lock")) {
            return None;
        }
        serde_json::from_slice(&fs::read(state.join(PAGE)).ok()?).ok()
    }

    pub(super) fn remove(state: &Path) {
        // Usually there are none. One that cannot be removed is of a port that nobody answers at.
        let _ = fs::remove_file(state.join(FILE));
        let _ = fs::remove_file(state.join(PAGE));
    }

    pub(super) fn write_page(state: &Path, address: &str) -> Result<(), LocalError> {
        let text = serde_json::to_vec(address).unwrap_or_default();
        write_privately(&state.join(PAGE), &text)
    }

    pub(super) fn write(&self, state: &Path) -> Result<(), LocalError> {
        // Texts always serialise; an empty file would be no harm either.
        let text = serde_json::to_vec(self).unwrap_or_default();
        write_privately(&state.join(FILE), &text)
    }

    /// A client of the S3 endpoint.
    #[must_use]
    pub fn s3_client(&self) -> aws_sdk_s3::Client {
        s3_client(&self.s3, &self.key)
    }

    /// A client of the `DynamoDB` endpoint.
    #[must_use]
    pub fn dynamodb_client(&self) -> aws_sdk_dynamodb::Client {
        dynamodb_client(&self.dynamodb, &self.key)
    }

    /// A client of the table's stream, which is at the `DynamoDB` endpoint too.
    #[must_use]
    pub fn streams_client(&self) -> aws_sdk_dynamodbstreams::Client {
        streams_client(&self.dynamodb, &self.key)
    }

    /// The variables of the environment with which AWS's own tools and SDKs ask here.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("AWS_ACCESS_KEY_ID", &self.key.id),
            ("AWS_SECRET_ACCESS_KEY", &self.key.secret),
            ("AWS_ENDPOINT_URL_S3", &self.s3),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", &self.dynamodb),
            ("AWS_REGION", REGION),
            // Some read only this one.
            ("AWS_DEFAULT_REGION", REGION),
        ]
    }
}
