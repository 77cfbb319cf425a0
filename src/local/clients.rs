//! Clients of the two endpoints: those that also reach AWS.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClientBuilder;

use super::notification::REGION;
use super::server::CREDENTIAL;

pub(super) fn s3_client(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&config(endpoint)).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn dynamodb_client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&config(endpoint))
}

/// What both clients share: HTTP without TLS, and without the proxy that the environment may name.
fn config(endpoint: &str) -> SdkConfig {
    let user = Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "lookbook");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(user))
        .http_client(HttpClientBuilder::new().build_http())
        .build()
}
