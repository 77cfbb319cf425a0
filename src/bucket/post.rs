//! Forms with which a browser may put one object into a bucket, without the bucket being open.
//!
//! Source: Amazon S3 API reference, "Browser-based uploads using POST (AWS signature version 4)".

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::{S3, chain};
use crate::object::ObjectId;

/// How long a form works.
const WORKS: Duration = Duration::from_mins(10);

/// Signs forms for a bucket, as whoever this program runs.
#[derive(Debug, Clone)]
pub struct PostSigner {
    credentials: SharedCredentialsProvider,
    region: String,
    s3: S3,
}

/// A form: where it is sent, and its fields, in front of the field `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostForm {
    /// Where it is sent, as `multipart/form-data`.
    pub url: String,
    /// The fields.
    pub fields: BTreeMap<String, String>,
}

/// Why no form could be signed.
#[derive(Debug, thiserror::Error)]
#[error("no form can be signed: {0}")]
pub struct PostError(String);

impl PostSigner {
    /// Signs with these credentials, for buckets of that region, which are where this client finds them.
    #[must_use]
    pub fn new(credentials: SharedCredentialsProvider, region: &str, s3: S3) -> Self {
        Self { credentials, region: region.to_owned(), s3 }
    }

    /// A form with which exactly this object can be put within ten minutes, of 1 to `max_bytes` bytes.
    pub async fn sign(&self, object: &ObjectId, max_bytes: u64) -> Result<PostForm, PostError> {
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| PostError(chain(error)))?;
        let now = SystemTime::now();
        Ok(PostForm {
            url: self.url(object.bucket()).await?,
            fields: fields(object, max_bytes, &credentials, &self.region, now),
        })
    }

    /// Where the bucket is: as the client would ask for an object in it.
    async fn url(&self, bucket: &str) -> Result<String, PostError> {
        let failed = |error: String| PostError(error);
        let object = ObjectId::new(bucket, "x").map_err(|error| failed(error.to_string()))?;
        let address = self.s3.presigned(&object, WORKS).await;
        let address = address.map_err(|error| failed(error.to_string()))?;
        let base = address.split_once("/x?").map(|(base, _)| base);
        base.map(|base| format!("{base}/")).ok_or_else(|| failed(format!("no bucket {bucket}")))
    }
}

fn fields(
    object: &ObjectId,
    max_bytes: u64,
    credentials: &Credentials,
    region: &str,
    now: SystemTime,
) -> BTreeMap<String, String> {
    let time = OffsetDateTime::from(now);
    let day = time.format(format_description!("[year][month][day]")).unwrap_or_default();
    let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
    let scope = format!("{}/{day}/{region}/s3/aws4_request", credentials.access_key_id());
    let until = (time + WORKS).replace_nanosecond(0).unwrap_or(time);
    let mut fields = BTreeMap::from([
        ("key", object.key().to_owned()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", scope),
        ("x-amz-date", time.format(stamp).unwrap_or_default()),
    ]);
    if let Some(token) = credentials.session_token() {
        fields.insert("x-amz-security-token", token.to_owned());
    }
    let mut conditions =
        vec![json!({"bucket": object.bucket()}), json!(["content-length-range", 1, max_bytes])];
    conditions.extend(fields.iter().map(|(name, value)| json!({*name: value})));
    let until = until.format(&Rfc3339).unwrap_or_default();
    let policy = json!({"expiration": until, "conditions": conditions}).to_string();
    let policy = base64_simd::STANDARD.encode_to_string(policy);
    fields.insert("x-amz-signature", signature(&policy, credentials, region, now));
    fields.insert("policy", policy);
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The string to sign is the policy itself, in base 64.
fn signature(policy: &str, credentials: &Credentials, region: &str, now: SystemTime) -> String {
    let key = generate_signing_key(credentials.secret_access_key(), now, region, "s3");
    calculate_signature(key, policy.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of AWS's examples.
    fn credentials() -> Credentials {
        let (id, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        Credentials::new(id, secret, Some("token".to_owned()), None, "test")
    }

    /// Source: Amazon S3 API reference, "Example: Browser-Based Upload using HTTP POST (Using AWS
    /// Signature Version 4)": its policy begins with these conditions and has that signature.
    #[test]
    fn a_policy_is_signed_as_aws_does_it() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        // 2015-12-29T00:00:00Z
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(403_152);
        assert_eq!(
            signature(policy, &credentials(), "us-east-1", now),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    #[test]
    fn a_form_is_for_one_object_of_a_bounded_size() {
        let object = ObjectId::new("shop", "uploads/a \"b\" é.jpg").unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(403_152);
        let fields = fields(&object, 1000, &credentials(), "eu-west-1", now);
        assert_eq!(fields["key"], object.key());
        assert_eq!(fields["x-amz-security-token"], "token");
        let policy = base64_simd::STANDARD.decode_to_vec(&fields["policy"]).unwrap();
        let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2015-12-29T00:10:00Z");
        let conditions = policy["conditions"].as_array().unwrap();
        for condition in [
            json!({"bucket": "shop"}),
            json!(["content-length-range", 1, 1000]),
            json!({"key": object.key()}),
            json!({"x-amz-security-token": "token"}),
            json!({"x-amz-date": "20151229T000000Z"}),
        ] {
            assert!(conditions.contains(&condition), "{condition}");
        }
        // Every field but these two needs a condition.
        assert_eq!(conditions.len(), fields.len() - 2 + 2);
    }

    #[tokio::test]
    async fn a_form_is_sent_to_where_the_bucket_is() {
        let provider = SharedCredentialsProvider::new(credentials());
        let url = async |bucket: &str, endpoint: Option<&str>| {
            let config = aws_sdk_s3::Config::builder()
                .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
                .region(aws_sdk_s3::config::Region::new("eu-west-1"))
                .credentials_provider(credentials())
                .force_path_style(endpoint.is_some());
            let config = match endpoint {
                Some(endpoint) => config.endpoint_url(endpoint),
                None => config,
            };
            let s3 = S3::new(aws_sdk_s3::Client::from_conf(config.build()));
            PostSigner::new(provider.clone(), "eu-west-1", s3).url(bucket).await.unwrap()
        };
        assert_eq!(url("shop", None).await, "https://shop.s3.eu-west-1.amazonaws.com/");
        assert_eq!(url("my.shop", None).await, "https://s3.eu-west-1.amazonaws.com/my.shop/");
        let other = Some("http://127.0.0.1:9000");
        assert_eq!(url("shop", other).await, "http://127.0.0.1:9000/shop/");
    }
}
