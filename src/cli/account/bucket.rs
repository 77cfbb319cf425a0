//! A bucket's notifications, read and put.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::NotificationConfiguration;

use super::bucket_name::BucketName;
use super::notifications::{Change, is_as_it_was, same};
use super::refusal::Refusal;

/// How often, and how many times, to look whether what was put is there: what is set of a bucket may
/// take a while until all of S3 knows it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOKS: u32 = 8;

/// Reads all that is announced of a bucket.
pub async fn read_notifications(
    s3: &Client,
    bucket: &BucketName,
) -> Result<NotificationConfiguration, Refusal> {
    let get = s3.get_bucket_notification_configuration().bucket(bucket.as_str());
    let answer = get.send().await.map_err(Refusal::of)?;
    let configuration = NotificationConfiguration::builder()
        .set_topic_configurations(answer.topic_configurations)
        .set_queue_configurations(answer.queue_configurations)
        .set_lambda_function_configurations(answer.lambda_function_configurations)
        .set_event_bridge_configuration(answer.event_bridge_configuration);
    Ok(configuration.build())
}

/// What came of a put.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// What was put is there.
    There,
    /// Somebody else set something else at the same time.
    Contested,
    /// Nothing was put: what is there is not what the change was made from, but this.
    Outdated(Box<NotificationConfiguration>),
}

/// Puts all that is announced of a bucket, if `there`, from which the change was made, is there still;
/// and looks whether it is there then. S3 has no condition for this: what somebody else sets between the
/// last look and the put is lost.
///
/// With `checked`, S3 sees that it may send to each destination; without, it takes those that are gone.
pub async fn put_and_look(
    s3: &Client,
    bucket: &BucketName,
    there: &NotificationConfiguration,
    change: &Change,
    checked: bool,
) -> Result<Put, Refusal> {
    let now = read_notifications(s3, bucket).await?;
    if !is_as_it_was(there, &now) {
        return Ok(Put::Outdated(Box::new(now)));
    }
    let configuration = &change.configuration;
    let put = s3.put_bucket_notification_configuration().bucket(bucket.as_str());
    let put = put.notification_configuration(configuration.clone());
    let put = if checked { put } else { put.skip_destination_validation(true) };
    put.send().await.map_err(Refusal::of)?;
    for look in 1..=LOOKS {
        if same(&read_notifications(s3, bucket).await?, configuration) {
            return Ok(Put::There);
        }
        if look < LOOKS {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(Put::Contested)
}
