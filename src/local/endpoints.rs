//! Where a stack that runs can be reached by other processes.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::LocalError;
use super::access_key::AccessKey;
use super::clients::{dynamodb_client, s3_client};
use super::disk::write_privately;
use super::lock::is_locked;
use super::notification::REGION;

/// The file that says it, in the folder of the state.
const FILE: &str = "endpoints.json";

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

    pub(super) fn remove(state: &Path) {
        // Usually there is none. One that cannot be removed is of a port that nobody answers at.
        let _ = fs::remove_file(state.join(FILE));
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
    /// The variables of the environment with which AWS's own tools and SDKs ask here.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 6] {
        [
            ("AWS_ACCESS_KEY_ID", &self.key.id),
            ("AWS_SECRET_ACCESS_KEY", &self.key.secret),
            ("AWS_ENDPOINT_URL_S3", &self.s3),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_REGION", REGION),
            // Some read only this one.
            ("AWS_DEFAULT_REGION", REGION),
        ]
    }
}
