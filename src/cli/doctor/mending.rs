//! What `--fix` does: it adds, and takes nothing away.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;

use super::finding::{Finding, Fix, State};
use crate::catalogue::schema;
use crate::cli::account::{
    BucketName, Put, Refusal, Wanted, merge, put_and_look, read_notifications,
};

/// How long to wait for a table that is still busy with the change before.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is to be mended, and how it is reached.
#[derive(Default)]
pub struct Patient {
    /// The table.
    pub table: Option<(Client, String)>,
    /// The bucket, and what it is to announce.
    pub bucket: Option<(aws_sdk_s3::Client, BucketName, Wanted)>,
}

impl Patient {
    /// Mends what a finding says can be mended; what then is to be said of it.
    pub async fn mend(&self, finding: Finding) -> Finding {
        let Some(fix) = finding.fix else { return finding };
        match self.apply(fix).await {
            Ok(says) => Finding { state: State::Fixed, says, mend: None, fix: None, ..finding },
            Err(error) => {
                let says = format!("{}; it could not be mended: {error:#}", finding.says);
                Finding { says, ..finding }
            }
        }
    }

    async fn apply(&self, fix: Fix) -> anyhow::Result<String> {
        match fix {
            Fix::Connect => self.connect().await,
            Fix::Expiry => {
                let (client, name) = self.table()?;
                let expiry = TimeToLiveSpecification::builder()
                    .enabled(true)
                    .attribute_name(schema::TTL_ATTRIBUTE)
                    .build()?;
                let update = client.update_time_to_live().table_name(name);
                let update = update.time_to_live_specification(expiry);
                update.send().await.map_err(Refusal::of)?;
                Ok(format!("time to live is on now: tombstones go by `{}`", schema::TTL_ATTRIBUTE))
            }
            Fix::Index => {
                let (client, name) = self.table()?;
                active(client, name).await?;
                schema::create_index(client, name)?.send().await.map_err(Refusal::of)?;
                Ok(format!(
                    "the index {} is being made: shelves are incomplete until it is done",
                    schema::INDEX
                ))
            }
            Fix::Stream => {
                let (client, name) = self.table()?;
                active(client, name).await?;
                let update = client.update_table().table_name(name);
                let update = update.stream_specification(schema::stream()?);
                update.send().await.map_err(Refusal::of)?;
                Ok("the table has a stream now".to_owned())
            }
        }
    }

    fn table(&self) -> anyhow::Result<(&Client, &str)> {
        let (client, name) =
            self.table.as_ref().ok_or_else(|| anyhow::anyhow!("no table is named"))?;
        Ok((client, name))
    }

    async fn connect(&self) -> anyhow::Result<String> {
        let (s3, bucket, wanted) =
            self.bucket.as_ref().ok_or_else(|| anyhow::anyhow!("no bucket is named"))?;
        // What is there now, and not what was a moment ago.
        let there = read_notifications(s3, bucket).await?;
        let change = merge(&there, wanted)
            .map_err(|_| anyhow::anyhow!("entries of others are in the way"))?;
        let Some(change) = change else {
            return Ok(format!("{bucket} announces its photos to {} now", wanted.queue));
        };
        if !change.losses(wanted).is_empty() {
            anyhow::bail!("entries of lookbook to elsewhere, or of other keys, are there by now");
        }
        if put_and_look(s3, bucket, &there, &change, true).await? != Put::There {
            anyhow::bail!("somebody else has set the notifications at the same time");
        }
        Ok(format!("{bucket} announces its photos to {} now", wanted.queue))
    }
}

/// Waits until the table takes a change: one at a time, says `DynamoDB`.
async fn active(client: &Client, name: &str) -> anyhow::Result<()> {
    let wait = client.wait_until_table_exists().table_name(name).wait(PATIENCE).await;
    wait.map(drop).map_err(|_| anyhow::anyhow!("the table {name} is still busy: try again later"))
}
