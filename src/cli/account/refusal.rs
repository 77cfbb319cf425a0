//! Why AWS did not answer what was asked.

use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::bucket::said;

/// An answer that is none: what AWS said, and what that means to who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub why: Why,
    /// AWS's own words, or why it could not be asked.
    pub said: String,
}

/// What a refusal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Who asked may not know, or do it.
    Denied,
    /// There is no such thing.
    Missing,
    /// The bucket is in another region: this one, if the answer names it.
    Elsewhere(Option<String>),
    /// AWS does not take the credentials, or there are none.
    Credentials,
    /// Who answers does not have this: a stand-in for AWS.
    Unknown,
    /// Anything else: nobody answers, or the request is refused for what it says.
    Failed,
}

/// Codes of answers to who is not known, whatever is asked.
///
/// Source: the pages "Common Errors" in the API references of S3, SQS, STS and `DynamoDB`.
const NOT_KNOWN: [&str; 10] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// Codes for what is not there. The services have a name each.
const MISSING: [&str; 8] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchKey",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "TableNotFoundException",
    "com.amazonaws.sqs#QueueDoesNotExist",
];
/// Codes for what is not there to be asked.
const UNKNOWN: [&str; 3] = ["InvalidAction", "NotImplemented", "UnknownOperationException"];
/// Codes for what is not allowed.
const DENIED: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"];

impl Refusal {
    /// Reads an error of the SDK.
    pub fn of<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = error.raw_response();
        let status = answer.map(|answer| answer.status().as_u16());
        let region = answer.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
        let region = region.map(str::to_owned);
        let code = error.code().map(str::to_owned);
        let said = said(error);
        let why = match status {
            None if said.contains("credential") => Why::Credentials,
            _ => why(status, code.as_deref(), region),
        };
        Self { why, said }
    }
}

fn why(status: Option<u16>, code: Option<&str>, region: Option<String>) -> Why {
    match (status, code) {
        (_, Some(code)) if NOT_KNOWN.contains(&code) => Why::Credentials,
        (_, Some(code)) if UNKNOWN.contains(&code) => Why::Unknown,
        (_, Some(code)) if DENIED.contains(&code) => Why::Denied,
        (Some(301 | 307), _) | (_, Some("AuthorizationHeaderMalformed" | "PermanentRedirect")) => {
            Why::Elsewhere(region)
        }
        (_, Some(code)) if MISSING.contains(&code) => Why::Missing,
        (Some(404), _) => Why::Missing,
        // Or it answers in words that are not AWS's.
        (Some(501 | 200..=299), _) => Why::Unknown,
        // A HEAD's answer has no body that could say more.
        (Some(401 | 403), _) => Why::Denied,
        _ => Why::Failed,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Elsewhere(Some(region)) => {
                write!(f, "it is in the region {region}: set AWS_REGION to that")
            }
            Why::Elsewhere(None) => f.write_str("it is in another region: set AWS_REGION to that"),
            _ => f.write_str(&self.said),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_their_meaning() {
        let of = |status, code| why(Some(status), code, None);
        assert_eq!(of(403, None), Why::Denied);
        assert_eq!(of(400, Some("AccessDeniedException")), Why::Denied);
        assert_eq!(of(403, Some("InvalidClientTokenId")), Why::Credentials);
        assert_eq!(of(404, None), Why::Missing);
        assert_eq!(of(400, Some("ResourceNotFoundException")), Why::Missing);
        assert_eq!(of(400, Some("AWS.SimpleQueueService.NonExistentQueue")), Why::Missing);
        assert_eq!(of(400, Some("InvalidArgument")), Why::Failed);
        assert_eq!(of(500, None), Why::Failed);
        assert_eq!(of(501, None), Why::Unknown);
        // moto's answer to GetBucketVersioning has another root element than AWS's.
        assert_eq!(of(200, None), Why::Unknown);
        assert_eq!(of(400, Some("UnknownOperationException")), Why::Unknown);
        let there = why(Some(301), None, Some("eu-west-1".into()));
        let refusal = Refusal { why: there, said: "PermanentRedirect".into() };
        assert_eq!(refusal.to_string(), "it is in the region eu-west-1: set AWS_REGION to that");
    }
}
