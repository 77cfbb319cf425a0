//! Looks at what is on AWS: each look for itself.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client as DynamoDbClient;
use aws_sdk_s3::Client as S3Client;
use aws_sdk_s3::types::NotificationConfiguration;

use super::finding::Finding;
use super::mending::Patient;
use super::{bucket, queue, table};
use crate::cli::account::{BucketName, Queue, QueueName, Refusal, Why, read_notifications};

/// Who asks, and where; `false` if nothing else can be asked.
pub async fn credentials(config: &SdkConfig) -> (Vec<Finding>, bool) {
    const CHECK: &str = "credentials";
    let Some(region) = config.region() else {
        let says = "no region is set, so nothing can be asked";
        return (
            vec![Finding::fault("region", says).mend("export AWS_REGION=eu-west-1, or yours")],
            false,
        );
    };
    let region = Finding::ok("region", format!("AWS is asked in {region}"));
    let asked = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let who = match asked.map_err(Refusal::of) {
        Ok(who) => Finding::ok(
            CHECK,
            format!(
                "account {} as {}",
                who.account.unwrap_or_default(),
                who.arn.unwrap_or_default()
            ),
        ),
        Err(refusal) if refusal.why == Why::Credentials => {
            let says = format!("AWS takes no credentials from here ({refusal})");
            let mend =
                "set AWS_PROFILE, or log in again, and see what `aws sts get-caller-identity` says";
            return (vec![region, Finding::fault(CHECK, says).mend(mend)], false);
        }
        Err(refusal) => {
            Finding::warning(CHECK, format!("who this is could not be asked: {refusal}"))
        }
    };
    (vec![region, who], true)
}

/// The bucket, but for what it announces; and its region.
pub async fn bucket(
    s3: &S3Client,
    name: &BucketName,
    prefix: Option<&str>,
) -> (Vec<Finding>, Option<String>) {
    let what = format!("the bucket {name}");
    let mut findings = Vec::new();
    let mut region = None;
    match s3.head_bucket().bucket(name.as_str()).send().await.map_err(Refusal::of) {
        Ok(head) => {
            region = head.bucket_region;
            findings.push(Finding::ok("bucket", format!("{what} is there")));
        }
        Err(refusal) => {
            let goes_on = refusal.why == Why::Denied;
            findings.push(Finding::refused("bucket", &what, "s3:ListBucket", &refusal));
            if !goes_on {
                return (findings, None);
            }
        }
    }
    let versions = s3.get_bucket_versioning().bucket(name.as_str()).send().await;
    findings.push(match versions.map_err(Refusal::of) {
        Ok(answer) => bucket::versions(answer.status()),
        Err(refusal) => Finding::refused("versions", &what, "s3:GetBucketVersioning", &refusal),
    });
    let encryption = s3.get_bucket_encryption().bucket(name.as_str()).send().await;
    findings.push(match encryption.map_err(Refusal::of) {
        Ok(answer) => bucket::encryption(answer.server_side_encryption_configuration()),
        // S3 says so of a bucket that sets nothing.
        Err(refusal) if refusal.said.contains("ServerSideEncryptionConfigurationNotFound") => {
            bucket::encryption(None)
        }
        Err(refusal) => {
            Finding::refused("encryption", &what, "s3:GetEncryptionConfiguration", &refusal)
        }
    });
    findings.push(reading(s3, name, prefix).await);
    (findings, region)
}

/// Whether who asks may read a photo: its key for encryption may say no.
async fn reading(s3: &S3Client, name: &BucketName, prefix: Option<&str>) -> Finding {
    const CHECK: &str = "photos";
    let list = s3.list_objects_v2().bucket(name.as_str()).max_keys(10);
    let listed = list.set_prefix(prefix.map(str::to_owned)).send().await.map_err(Refusal::of);
    let objects = match listed {
        Ok(answer) => answer.contents.unwrap_or_default(),
        Err(refusal) => {
            return Finding::refused(
                CHECK,
                &format!("what is in {name}"),
                "s3:ListBucket",
                &refusal,
            );
        }
    };
    let some = objects.into_iter().find(|object| object.size.is_some_and(|size| size > 0));
    let Some(key) = some.and_then(|object| object.key) else {
        return Finding::ok(CHECK, format!("there is no photo in {name} yet"));
    };
    let get = s3.get_object().bucket(name.as_str()).key(&key).range("bytes=0-0");
    match get.send().await.map_err(Refusal::of) {
        Ok(_) => Finding::ok(CHECK, format!("{name}/{key} can be read")),
        Err(refusal) if refusal.said.contains("InvalidObjectState") => {
            Finding::ok(CHECK, format!("{name}/{key} is archived, and was not read"))
        }
        Err(refusal)
            if refusal.why == Why::Denied && refusal.said.to_lowercase().contains("kms") =>
        {
            Finding::refused(
                CHECK,
                &format!("{name}/{key}"),
                "kms:Decrypt for its key, which the function needs too,",
                &refusal,
            )
        }
        Err(refusal) => Finding::refused(CHECK, &format!("{name}/{key}"), "s3:GetObject", &refusal),
    }
}

/// What the bucket announces.
pub async fn notifications(
    s3: &S3Client,
    name: &BucketName,
) -> Result<NotificationConfiguration, Finding> {
    read_notifications(s3, name).await.map_err(|refusal| {
        let what = format!("what {name} announces");
        Finding::refused("notifications", &what, "s3:GetBucketNotification", &refusal)
    })
}

/// The queue and its dead-letter queue.
pub async fn queues(
    config: &SdkConfig,
    name: &QueueName,
    timeout: Option<u64>,
) -> (Vec<Finding>, Option<Queue>) {
    const PERMISSION: &str = "sqs:GetQueueUrl and sqs:GetQueueAttributes";
    let client = name.client(config);
    let found = match Queue::find(&client, name).await {
        Ok(found) => found,
        Err(refusal) => {
            let what = format!("the queue {name}");
            return (vec![Finding::refused("queue", &what, PERMISSION, &refusal)], None);
        }
    };
    let mut findings = queue::queue(&found, timeout);
    if let Some(redrive) = found.redrive() {
        let name = QueueName::Arn(redrive.dead_letters);
        findings.push(match Queue::find(&client, &name).await {
            Ok(dead) => queue::dead_letters(&found, &dead),
            Err(refusal) => {
                let what = format!("the dead-letter queue {name}");
                Finding::refused("dead-letters", &what, PERMISSION, &refusal)
            }
        });
    }
    (findings, Some(found))
}

/// The table, as it is described; nothing is read of its rows. Whether it is there.
pub async fn table(
    client: &DynamoDbClient,
    name: &str,
    again: &str,
    is_embedded: bool,
) -> (Vec<Finding>, bool) {
    let what = format!("the table {name}");
    let described = client.describe_table().table_name(name).send().await.map_err(Refusal::of);
    let (mut findings, is_there) = match described {
        Ok(answer) => {
            let described = answer
                .table
                .unwrap_or_else(|| aws_sdk_dynamodb::types::TableDescription::builder().build());
            (table::described(name, &described, again), true)
        }
        Err(refusal) => {
            let finding = Finding::refused("table", &what, "dynamodb:DescribeTable", &refusal);
            (vec![finding], refusal.why == Why::Denied)
        }
    };
    if !is_there {
        return (findings, false);
    }
    let expiry = client.describe_time_to_live().table_name(name).send().await;
    findings.push(match expiry.map_err(Refusal::of) {
        Ok(answer) => table::expiry(name, answer.time_to_live_description(), again),
        Err(refusal) => Finding::refused("expiry", &what, "dynamodb:DescribeTimeToLive", &refusal),
    });
    if !is_embedded {
        let backups = client.describe_continuous_backups().table_name(name).send().await;
        findings.push(match backups.map_err(Refusal::of) {
            Ok(answer) => table::backups(name, answer.continuous_backups_description()),
            Err(refusal) => {
                Finding::refused("backups", &what, "dynamodb:DescribeContinuousBackups", &refusal)
            }
        });
    }
    (findings, true)
}

/// What the bucket announces and to which queue, and the queue; what can be mended of it is put into
/// `patient`.
pub async fn way(
    config: &SdkConfig,
    s3: &S3Client,
    named: (Option<&BucketName>, Option<&QueueName>),
    prefix: Option<&str>,
    timeout: Option<u64>,
    patient: &mut Patient,
) -> Vec<Finding> {
    let (name, queue_name) = named;
    let mut findings = Vec::new();
    let (mut there, mut region) = (None, None);
    match name {
        None => findings.push(unnamed("bucket", "--bucket")),
        Some(name) => {
            let (found, place) = bucket(s3, name, prefix).await;
            findings.extend(found);
            region = place;
            match notifications(s3, name).await {
                Ok(announced) => there = Some(announced),
                Err(finding) => findings.push(finding),
            }
        }
    }
    let told = there.as_ref().and_then(bucket::told).map(QueueName::Arn);
    let Some(queue_name) = queue_name.cloned().or(told) else {
        if let (Some(name), Some(_)) = (name, &there) {
            let says = format!("{name} announces its photos to no queue, or to several");
            findings
                .push(Finding::fault("notifications", says).mend("name the queue with --queue"));
        }
        findings.push(unnamed("queue", "--queue"));
        return findings;
    };
    let (found, queue) = queues(config, &queue_name, timeout).await;
    let arn = match (&queue, queue_name) {
        (Some(queue), _) => Some(queue.arn.clone()),
        (None, QueueName::Arn(arn)) => Some(arn),
        (None, QueueName::Url(_)) => None,
    };
    if let (Some(name), Some(there), Some(arn)) = (name, &there, &arn) {
        findings.extend(bucket::notifications(name, there, arn, prefix));
        findings.extend(bucket::regions(region.as_deref(), arn));
        let wanted = bucket::wanted(there, arn, prefix);
        patient.bucket = Some((s3.clone(), name.clone(), wanted));
    }
    findings.extend(found);
    if let (Some(name), Some(queue)) = (name, &queue) {
        findings.push(queue::leave(queue, name.as_str()));
    }
    findings
}

/// What was not named is not looked at.
pub fn unnamed(check: &'static str, flag: &str) -> Finding {
    Finding::skipped(check, format!("it was not named: give {flag}"))
}
