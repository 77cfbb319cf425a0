//! Clients of the two endpoints: those that also reach AWS. The table's has its stream too.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClientBuilder;

use super::access_key::AccessKey;
use super::notification::REGION;

pub(super) fn s3_client(endpoint: &str, key: &AccessKey) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&config(endpoint, key)).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(super) fn dynamodb_client(endpoint: &str, key: &AccessKey) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&config(endpoint, key))
}

pub(super) fn streams_client(endpoint: &str, key: &AccessKey) -> aws_sdk_dynamodbstreams::Client {
    aws_sdk_dynamodbstreams::Client::new(&config(endpoint, key))
}

/// What these clients share: HTTP without TLS, and without the proxy that the environment may name.
fn config(endpoint: &str, key: &AccessKey) -> SdkConfig {
    let user = Credentials::new(&key.id, &key.secret, None, None, "lookbook");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(user))
        .http_client(HttpClientBuilder::new().build_http())
        .build()
}
