//! Clients of AWS, as the environment says, and how they retry.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use crate::catalogue::{DynamoDb, Shards};

/// How the SDK retries throttling and server errors: where they belong, and slower and slower, as
/// the service asks it to. What is left after that is a `Retry`.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::adaptive().with_max_attempts(4)
}

/// The AWS configuration of the environment, with the SDK's own [`retries`].
pub async fn config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(Duration::from_secs(20))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries())
        .timeout_config(timeouts)
        .load()
        .await
}

/// Clients of S3 and of the table with this name, on one configuration of the environment. Shelves of
/// the table are spread over so many partitions.
pub async fn clients(table: &str, shards: Shards) -> (aws_sdk_s3::Client, DynamoDb) {
    clients_of(&config().await, table, shards)
}

/// The same on a configuration that is there already.
#[must_use]
pub fn clients_of(
    config: &SdkConfig,
    table: &str,
    shards: Shards,
) -> (aws_sdk_s3::Client, DynamoDb) {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let table = DynamoDb::new(dynamodb, table).with_shards(shards);
    (aws_sdk_s3::Client::new(config), table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_slows_down_and_tries_four_times() {
        let retries = retries();
        assert_eq!(retries.mode(), aws_config::retry::RetryMode::Adaptive);
        assert_eq!(retries.max_attempts(), 4);
    }
}
