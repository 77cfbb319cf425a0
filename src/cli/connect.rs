//! `lookbook connect`: a bucket's notifications go to the queue, beside those that others set.

use std::process::ExitCode;

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_sdk_s3::types::NotificationConfiguration;
use aws_sdk_sqs::types::QueueAttributeName;
use clap::Args;
use serde::Serialize;

use super::account::{
    BucketName, Change, Entry, Overlap, Put, Queue, QueueArn, QueueName, Refusal, Sends, Wanted,
    Why, entries, may_send, merge, put_and_look, read_notifications, remove, statement,
};
use super::output::{self, Format};
use super::program::program;
use crate::aws;

/// How often to begin anew if somebody else sets something meanwhile.
const TRIES: usize = 4;

/// Let a bucket that is there already tell the queue of its photos
///
/// Reads what the bucket announces, and to whom; puts lookbook's four entries in (created, removed,
/// restored, expired); and leaves all that others set as it is. S3 takes the whole configuration at once
/// and has no condition for it: what is there is read again just before, and after, and compared. Run it as often as you like:
/// entries that are there already stay, and ours of another queue or prefix are replaced. Ours are those
/// whose ids are `lookbook-created`, `lookbook-removed`, `lookbook-restored` and `lookbook-expired`, and
/// those that go to the queue.
///
/// The queue's policy must let S3 send for the bucket: the policy is read before, and what is missing in it
/// is told. S3 takes no two entries for the same event of the same keys: what is in the way is named.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook connect s3://my-photos --queue arn:aws:sqs:eu-west-1:123456789012:shop-Changes --dry-run\n  lookbook connect s3://my-photos --queue arn:aws:sqs:eu-west-1:123456789012:shop-Changes --prefix products/\n  lookbook connect s3://my-photos --remove"
)]
pub struct Connect {
    /// The bucket
    #[arg(value_name = "s3://BUCKET")]
    bucket: BucketName,
    /// The queue that the function takes from: its ARN or its URL. With `--remove`, all that goes there
    /// is taken away, too, whatever it is called
    #[arg(long, value_name = "ARN", required_unless_present = "remove")]
    queue: Option<QueueName>,
    /// Announce only photos whose keys begin so: what `KEY_PREFIX` of the function is. Removals are
    /// announced wherever they are
    #[arg(
        long,
        value_name = "P",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "remove"
    )]
    prefix: String,
    /// Take lookbook's entries away, and leave the others
    #[arg(long)]
    remove: bool,
    /// Change nothing: say what would be changed
    #[arg(long)]
    dry_run: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What is to be done.
enum Aim {
    /// This is to be announced; and what there is to say of the queue.
    Connect(Wanted, Vec<String>),
    /// Ours are to go, and those to this queue.
    Remove(Option<QueueArn>),
}

/// What was done, as programs read it.
#[derive(Debug, Serialize)]
struct Done {
    bucket: String,
    state: State,
    dry_run: bool,
    added: Vec<Entry>,
    removed: Vec<Entry>,
    /// What others set.
    kept: Vec<Entry>,
    event_bridge: bool,
    notes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is connected now.
    Connected,
    /// It was connected before.
    AlreadyConnected,
    /// It is connected no more.
    Disconnected,
    /// It was not connected.
    NotConnected,
}

impl Connect {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = aws::config().await;
        let s3 = aws_sdk_s3::Client::new(&config);
        let there = read_notifications(&s3, &self.bucket).await;
        let mut there = there.map_err(|refusal| self.unread(refusal))?;
        let aim = self.aim(&config).await?;
        for _ in 0..TRIES {
            let (change, done) = match &aim {
                Aim::Connect(wanted, notes) => self.connected(&there, wanted, notes.clone())?,
                Aim::Remove(queue) => self.disconnected(&there, queue.as_ref()),
            };
            let (Some(change), false) = (change, self.dry_run) else {
                return self.told(&done);
            };
            // Of what stays, something may be gone: that is no reason to keep ours.
            let put = put_and_look(&s3, &self.bucket, &there, &change, !self.remove).await;
            match put.map_err(|refusal| self.unput(refusal))? {
                Put::There => return self.told(&done),
                Put::Outdated(now) => there = *now,
                Put::Contested => {
                    eprintln!(
                        "{} announces something else than what was put: somebody else has set its notifications at the same time. Look at what is there with `aws s3api get-bucket-notification-configuration --bucket {}`, and run this again",
                        self.bucket,
                        self.bucket.as_str()
                    );
                    return Ok(ExitCode::from(1));
                }
            }
        }
        eprintln!(
            "nothing was put: somebody else sets the notifications of {} at the same time, again and again. Run this again when that is done",
            self.bucket
        );
        Ok(ExitCode::from(1))
    }

    /// What is to be done, whatever the bucket announces.
    async fn aim(&self, config: &SdkConfig) -> anyhow::Result<Aim> {
        Ok(match (&self.queue, self.remove) {
            (Some(name), false) => {
                let (queue, notes) = self.queue(&name.client(config), name).await?;
                Aim::Connect(Wanted { queue, prefix: self.prefix.clone() }, notes)
            }
            (Some(QueueName::Arn(arn)), true) => Aim::Remove(Some(arn.clone())),
            (Some(name @ QueueName::Url(_)), true) => {
                let queue = Queue::find(&name.client(config), name).await;
                let queue = queue.with_context(|| format!("the queue {name} is not known"))?;
                Aim::Remove(Some(queue.arn))
            }
            (None, _) => Aim::Remove(None),
        })
    }

    fn told(&self, done: &Done) -> anyhow::Result<ExitCode> {
        match self.format {
            Format::Json => output::json(done)?,
            Format::Table => print(done)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The queue's ARN, and what there is to say of it.
    async fn queue(
        &self,
        client: &aws_sdk_sqs::Client,
        name: &QueueName,
    ) -> anyhow::Result<(QueueArn, Vec<String>)> {
        let queue = match (Queue::find(client, name).await, name) {
            (Ok(queue), _) => queue,
            // Who sets a bucket's notifications may not be who looks at queues.
            (Err(Refusal { why: Why::Denied, said }), QueueName::Arn(arn)) => {
                let note = format!(
                    "the queue's policy could not be read, so whether S3 may send to it is not known (allow sqs:GetQueueUrl and sqs:GetQueueAttributes on it): {said}"
                );
                check_kind(arn)?;
                return Ok((arn.clone(), vec![note]));
            }
            (Err(refusal), _) if refusal.why == Why::Missing => bail!(
                "there is no queue {name}: check its name, its account and the region ({refusal})"
            ),
            (Err(refusal), _) => bail!("the queue {name} could not be looked at: {refusal}"),
        };
        check_kind(&queue.arn)?;
        if queue.text(&QueueAttributeName::KmsMasterKeyId) == Some("alias/aws/sqs") {
            bail!(
                "S3 cannot send to {}: it is encrypted with AWS's own key for SQS, which S3 may not use. Encrypt it with SSE-SQS (the attribute SqsManagedSseEnabled), or with a key of yours whose policy lets s3.amazonaws.com use kms:GenerateDataKey and kms:Decrypt",
                queue.arn
            );
        }
        let policy = queue.text(&QueueAttributeName::Policy);
        match may_send(policy, &queue.arn, self.bucket.as_str()) {
            Sends::Yes => Ok((queue.arn, Vec::new())),
            Sends::Perhaps => {
                let note = "the queue's policy has conditions that are not understood here: whether S3 may send to it shows when a photo is put";
                Ok((queue.arn, vec![note.to_owned()]))
            }
            Sends::No => bail!(
                "the policy of {} does not let S3 send to it for {}, so S3 would refuse. Add this statement to it, beside those that are there:\n{:#}",
                queue.arn,
                self.bucket,
                statement(&queue.arn, self.bucket.as_str())
            ),
        }
    }

    fn connected(
        &self,
        there: &NotificationConfiguration,
        wanted: &Wanted,
        mut notes: Vec<String>,
    ) -> anyhow::Result<(Option<Change>, Done)> {
        let change = merge(there, wanted).map_err(|overlaps| self.in_the_way(&overlaps))?;
        let event_bridge = there.event_bridge_configuration.is_some();
        if event_bridge {
            notes.push("the bucket's events go to EventBridge as well: if a rule there sends them to the queue, each change comes twice, which is harmless; the second look finds it unchanged".to_owned());
        }
        if change.is_some() {
            notes.push(format!(
                "photos that are in the bucket already are not announced: `{} backfill` sees to them",
                program()
            ));
        }
        let ours = wanted.ours(there);
        let all = entries(there);
        let removed = change.as_ref().map(|change| change.taken_away.clone()).unwrap_or_default();
        let kept = all.into_iter().filter(|e| !ours.contains(e) && !removed.contains(e)).collect();
        let done = Done {
            bucket: self.bucket.to_string(),
            state: if change.is_some() { State::Connected } else { State::AlreadyConnected },
            dry_run: self.dry_run,
            added: change.as_ref().map(|_| wanted.entries()).unwrap_or_default(),
            removed,
            kept,
            event_bridge,
            notes,
        };
        Ok((change, done))
    }

    fn disconnected(
        &self,
        there: &NotificationConfiguration,
        queue: Option<&QueueArn>,
    ) -> (Option<Change>, Done) {
        let change = remove(there, queue);
        let removed = change.as_ref().map(|change| change.taken_away.clone()).unwrap_or_default();
        let kept = entries(there).into_iter().filter(|entry| !removed.contains(entry)).collect();
        let done = Done {
            bucket: self.bucket.to_string(),
            state: if change.is_some() { State::Disconnected } else { State::NotConnected },
            dry_run: self.dry_run,
            added: Vec::new(),
            removed,
            kept,
            event_bridge: there.event_bridge_configuration.is_some(),
            notes: Vec::new(),
        };
        (change, done)
    }

    /// Why S3 would refuse ours, and what to do about it.
    fn in_the_way(&self, overlaps: &[Overlap]) -> anyhow::Error {
        let theirs = overlaps.iter().map(|Overlap { event, entry }| {
            let id = entry.id.as_deref().unwrap_or("without an id");
            format!(
                "\n  {event} overlaps with the entry '{}' ({}) to {}",
                output::shown(id),
                output::shown(&keys(entry)),
                output::shown(&entry.to)
            )
        });
        let words = format!(
            "S3 takes only one entry for the same event of the same keys, and {bucket} has others already:{theirs}\nIf such a queue is of a stack that is gone, take its entries away with `{program} connect {bucket} --remove --queue ARN`. If it is in use, let a topic of SNS, or EventBridge, tell both: see docs/operating.md",
            bucket = self.bucket,
            theirs = theirs.collect::<String>(),
            program = program(),
        );
        anyhow::Error::msg(words)
    }

    fn unread(&self, refusal: Refusal) -> anyhow::Error {
        let bucket = &self.bucket;
        match refusal.why {
            Why::Missing => anyhow::anyhow!("there is no bucket {bucket}: {refusal}"),
            Why::Denied => anyhow::anyhow!(
                "what {bucket} announces may not be read: allow s3:GetBucketNotification on it ({refusal})"
            ),
            _ => anyhow::Error::new(refusal)
                .context(format!("what {bucket} announces cannot be read")),
        }
    }

    fn unput(&self, refusal: Refusal) -> anyhow::Error {
        let bucket = &self.bucket;
        match refusal.why {
            Why::Denied => anyhow::anyhow!(
                "what {bucket} announces may not be set: allow s3:PutBucketNotification on it ({refusal})"
            ),
            _ if refusal.said.contains("destination configurations") => anyhow::anyhow!(
                "S3 does not take the notifications of {bucket}, since it cannot send to all that they name: to our queue, if its policy does not let it or its key's does not, or if it is in another region; or to a topic, queue or function of others that is gone ({refusal})"
            ),
            _ => anyhow::Error::new(refusal)
                .context(format!("what {bucket} announces cannot be set")),
        }
    }
}

fn check_kind(queue: &QueueArn) -> anyhow::Result<()> {
    if queue.is_fifo() {
        bail!("S3 cannot send to {queue}: it is a FIFO queue. Take a standard one");
    }
    Ok(())
}

/// Which keys an entry is about.
fn keys(entry: &Entry) -> String {
    match (entry.prefix.as_str(), entry.suffix.as_str()) {
        ("", "") => "all keys".to_owned(),
        (prefix, "") => format!("keys that begin with {prefix}"),
        ("", suffix) => format!("keys that end with {suffix}"),
        (prefix, suffix) => format!("keys that begin with {prefix} and end with {suffix}"),
    }
}

fn print(done: &Done) -> std::io::Result<()> {
    let mut table = output::table(&["", "entry", "events", "keys", "to"]);
    let lines = [("new", &done.added), ("removed", &done.removed), ("kept", &done.kept)];
    for (what, entries) in lines {
        for entry in entries {
            table.add_row([
                what.to_owned(),
                output::shown(entry.id.as_deref().unwrap_or_default()),
                entry.events.join(", "),
                output::shown(&keys(entry)),
                output::shown(&entry.to),
            ]);
        }
    }
    if !table.is_empty() {
        output::print_table(&table)?;
        output::line("")?;
    }
    let bucket = &done.bucket;
    output::line(&match (done.state, done.dry_run) {
        (State::Connected, false) => format!("{bucket} is connected"),
        (State::Connected, true) => format!("{bucket} would be connected: nothing was changed"),
        (State::AlreadyConnected, _) => format!("{bucket} is connected already"),
        (State::Disconnected, false) => format!("{bucket} is connected no more"),
        (State::Disconnected, true) => {
            format!("{bucket} would be connected no more: nothing was changed")
        }
        (State::NotConnected, _) => {
            format!("{bucket} is not connected: there is nothing to remove")
        }
    })?;
    done.notes.iter().try_for_each(|note| output::line(&format!("Note: {note}.")))
}
