//! `lookbook dead-letters`: what failed for good, why, and back again.

mod held;
mod letter;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::{Context, bail};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use clap::{ArgGroup, Args};
use futures::StreamExt;
use futures::stream;
use serde::Serialize;
use time::OffsetDateTime;

use super::account::{Queue, QueueName, Refusal, Why};
use super::output::{self, Format};
use super::program::program;
use crate::aws;
use held::{HIDDEN, Held};
use letter::{Filter, Letter, kept};

/// How many messages are sent back at a time.
const AT_A_TIME: usize = 10;

/// See which changes failed for good, and why; send them back, or delete them
///
/// Lists the messages in a dead-letter queue: the objects that each names, and the reason, if the function
/// has sent it there with one. What SQS moved there after too many receives has its reason in the
/// function's log, under the message's id. Nothing is taken away: SQS shows messages only to who receives
/// them, so each is hidden for a moment and then given back. That makes the list approximate (what
/// somebody else looks at just now is missing), and counts as a receive. It ends after `--limit` messages,
/// and says about how many more wait.
///
/// When the cause is mended, `--send-back` sends each message to the queue that it came from, and only
/// then deletes it here: nothing is lost, and what arrives twice is unchanged. Messages that come here
/// meanwhile are left for the next time. The exit code is 1 if some could not be sent, or not
/// all were read: of a queue that is very long, what was read first is shown again before the rest is.
// One a flag.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("which").multiple(true),
    after_help = "Examples:\n  lookbook dead-letters --queue https://sqs.eu-west-1.amazonaws.com/123456789012/shop-DeadLetters\n  lookbook dead-letters --queue arn:aws:sqs:eu-west-1:123456789012:shop-DeadLetters --format json | jq -r '.objects[]'\n  lookbook dead-letters --queue URL --send-back\n  lookbook dead-letters --queue URL --delete --code unreadable --yes"
)]
pub struct DeadLetters {
    /// The dead-letter queue: its URL or its ARN
    #[arg(long, value_name = "URL", env = "DEAD_LETTER_QUEUE", hide_env_values = true)]
    queue: QueueName,
    /// Only messages with this code, such as `unreadable` (docs/CODES.md)
    #[arg(long, value_name = "C", group = "which")]
    code: Option<String>,
    /// Only this message; may be given several times
    #[arg(long, value_name = "ID", group = "which")]
    message_id: Vec<String>,
    /// List so many messages at most
    #[arg(long, value_name = "N", default_value = "1000", conflicts_with_all = ["send_back", "delete"])]
    limit: NonZeroUsize,
    /// Send the messages back to the queue that they came from
    #[arg(long)]
    send_back: bool,
    /// Where to send them: a queue's URL or ARN [default: the queue whose dead letters these are]
    #[arg(long, value_name = "URL", requires = "send_back")]
    to: Option<QueueName>,
    /// Delete the messages: what they announce is looked at no more until it changes
    #[arg(long, conflicts_with = "send_back", requires_all = ["yes", "which"])]
    delete: bool,
    /// All messages, for `--delete`
    #[arg(long, group = "which", requires = "delete", conflicts_with_all = ["code", "message_id"])]
    all: bool,
    /// I mean it, for `--delete`
    #[arg(long, requires = "delete")]
    yes: bool,
    /// How to print the messages, or what was done
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What was done, as programs read it.
#[derive(Debug, Default, Serialize)]
struct Done {
    queue: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    sent_back: usize,
    deleted: usize,
    /// They are in both queues now, which is harmless.
    sent_but_not_deleted: usize,
    failed: usize,
    /// They were not meant, or came meanwhile.
    left: usize,
}

/// What is to be done with each message.
enum Work {
    SendBack(Client, Box<Queue>),
    Delete,
}

impl DeadLetters {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = aws::config().await;
        let client = self.queue.client(&config);
        let queue = find(&client, &self.queue).await?;
        if !self.send_back && !self.delete {
            return self.list(&client, &queue).await;
        }
        let work = if self.delete {
            Work::Delete
        } else {
            let name = match &self.to {
                Some(to) => to.clone(),
                None => source(&client, &queue).await?,
            };
            let there = name.client(&config);
            let to = find(&there, &name).await?;
            if to.arn == queue.arn {
                bail!(
                    "--to is the dead-letter queue itself: name the queue that the function takes from"
                );
            }
            if to.arn.is_fifo() {
                bail!(
                    "{} is a FIFO queue, to which S3 sends nothing: nothing came from there",
                    to.arn
                );
            }
            Work::SendBack(there, Box::new(to))
        };
        self.work(&client, &queue, &work).await
    }

    fn filter(&self) -> Filter {
        Filter { code: self.code.clone(), ids: self.message_id.clone() }
    }

    async fn list(&self, client: &Client, queue: &Queue) -> anyhow::Result<ExitCode> {
        let filter = self.filter();
        let mut held = Held::new(client, &queue.url);
        let limit = self.limit.get();
        let (mut letters, mut seen) = (Vec::new(), 0);
        let bar = output::progress(waiting(queue), "reading");
        let read = loop {
            match held.next().await {
                Ok(some) if some.is_empty() => break Ok(()),
                Ok(some) => {
                    bar.inc(some.len() as u64);
                    seen += some.len();
                    letters.extend(some.iter().map(Letter::of).filter(|l| filter.takes(l)));
                    if letters.len() > limit {
                        break Ok(());
                    }
                }
                Err(refusal) => break Err(refusal),
            }
        };
        let is_cut = letters.len() > limit;
        let is_whole = is_cut || held.has_read_all();
        held.give_back().await;
        bar.finish_and_clear();
        read.map_err(|refusal| unreceived(queue, refusal))?;
        letters.sort_by(|a, b| (a.sent, &a.message_id).cmp(&(b.sent, &b.message_id)));
        let more = waiting(queue).saturating_sub(seen) + letters.len().saturating_sub(limit);
        letters.truncate(limit);
        if self.format == Format::Json {
            letters.iter().try_for_each(output::json)?;
        } else {
            let most = most_receives(client, queue).await;
            print(&letters, most)?;
        }
        if is_cut {
            eprintln!("about {more} more wait in the queue: --limit lists more than {limit}");
        }
        Ok(code(is_whole))
    }

    async fn work(&self, client: &Client, queue: &Queue, work: &Work) -> anyhow::Result<ExitCode> {
        let (filter, begun) = (self.filter(), now());
        let mut held = Held::new(client, &queue.url);
        let to = match work {
            Work::SendBack(_, to) => Some(to.arn.to_string()),
            Work::Delete => None,
        };
        let mut done = Done { queue: queue.arn.to_string(), to, ..Done::default() };
        let what = if self.delete { "deleting" } else { "sending back" };
        let bar = output::progress(waiting(queue), what);
        let worked = loop {
            let some = match held.next().await {
                Ok(some) if some.is_empty() => break Ok(()),
                Ok(some) => some,
                Err(refusal) => break Err(unreceived(queue, refusal)),
            };
            bar.inc(some.len() as u64);
            let (meant, others): (Vec<Message>, Vec<Message>) =
                some.into_iter().partition(|message| {
                    let letter = Letter::of(message);
                    // What was sent back may be here again, which would go on for ever.
                    filter.takes(&letter) && letter.sent.is_none_or(|sent| sent <= begun)
                });
            done.left += others.len();
            if let Err(error) = take(&mut held, meant, work, &mut done).await {
                break Err(error);
            }
        };
        let is_whole = worked.is_err() || held.has_read_all();
        held.give_back().await;
        bar.finish_and_clear();
        match self.format {
            Format::Json => output::json(&done)?,
            Format::Table => output::line(&done.words())?,
        }
        worked?;
        let all = done.failed == 0 && done.sent_but_not_deleted == 0;
        let read = code(is_whole);
        Ok(if all { read } else { ExitCode::from(1) })
    }
}

/// Says so if not all was read.
fn code(is_whole: bool) -> ExitCode {
    if is_whole {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "not all messages of the queue were read: again and again it showed only those that were read before. Run this again in {HIDDEN} seconds"
    );
    ExitCode::from(1)
}

/// Sends messages back, and deletes those that were sent.
///
/// # Errors
///
/// If none of the others could be either.
async fn take(
    held: &mut Held<'_>,
    messages: Vec<Message>,
    work: &Work,
    done: &mut Done,
) -> anyhow::Result<()> {
    let sent = stream::iter(messages).map(|message| async move {
        let sent = match work {
            Work::SendBack(client, to) => send(client, to, &message).await,
            Work::Delete => Ok(()),
        };
        (message, sent)
    });
    let sent: Vec<_> = sent.buffer_unordered(AT_A_TIME).collect().await;
    let mut hopeless = None;
    for (message, sent) in sent {
        let id = message.message_id().unwrap_or_default();
        if let Err(refusal) = sent {
            done.failed += 1;
            eprintln!("{id} could not be sent back: {refusal}");
            if refusal.why != Why::Failed {
                hopeless = Some(refusal);
            }
            continue;
        }
        let back = matches!(work, Work::SendBack(..));
        match held.delete(id).await {
            Ok(()) if back => done.sent_back += 1,
            Ok(()) => done.deleted += 1,
            Err(refusal) if back => {
                done.sent_but_not_deleted += 1;
                eprintln!("{id} was sent back, and is still here too: {refusal}");
            }
            Err(refusal) => {
                done.failed += 1;
                eprintln!("{id} could not be deleted: {refusal}");
            }
        }
    }
    match (hopeless, work) {
        (Some(refusal), Work::SendBack(_, to)) => Err(anyhow::anyhow!(
            "nothing can be sent to {}: allow sqs:SendMessage on it ({refusal})",
            to.arn
        )),
        _ => Ok(()),
    }
}

async fn send(client: &Client, to: &Queue, message: &Message) -> Result<(), Refusal> {
    let send = client.send_message().queue_url(&to.url);
    let send = send.message_body(message.body().unwrap_or_default());
    let send = send.set_message_attributes(Some(kept(message)));
    send.send().await.map(drop).map_err(Refusal::of)
}

async fn find(client: &Client, name: &QueueName) -> anyhow::Result<Queue> {
    Queue::find(client, name).await.map_err(|refusal| match refusal.why {
        Why::Missing => anyhow::anyhow!(
            "there is no queue {name}: check its name, its account and the region ({refusal})"
        ),
        Why::Denied => anyhow::anyhow!(
            "the queue {name} may not be looked at: allow sqs:GetQueueUrl and sqs:GetQueueAttributes on it ({refusal})"
        ),
        _ => anyhow::Error::new(refusal).context(format!("the queue {name} cannot be looked at")),
    })
}

/// The one queue whose dead letters these are.
async fn source(client: &Client, queue: &Queue) -> anyhow::Result<QueueName> {
    let sources = sources(client, queue).await.map_err(|refusal| {
        let arn = &queue.arn;
        let allow = match refusal.why {
            Why::Denied => format!(", or allow sqs:ListDeadLetterSourceQueues on {arn}"),
            _ => String::new(),
        };
        anyhow::anyhow!(
            "whose dead letters are in {arn} is not known: name the queue with --to{allow} ({refusal})"
        )
    })?;
    match &sources[..] {
        [one] => one.parse().with_context(|| format!("{one} is no URL of a queue")),
        [] => bail!("no queue sends its dead letters to {}: name one with --to", queue.arn),
        several => bail!(
            "these are the dead letters of several queues: name one of them with --to, and choose its messages with --message-id. They are {}",
            several.join(", ")
        ),
    }
}

async fn sources(client: &Client, queue: &Queue) -> Result<Vec<String>, Refusal> {
    let list = client.list_dead_letter_source_queues().queue_url(&queue.url);
    Ok(list.send().await.map_err(Refusal::of)?.queue_urls)
}

/// After how many receives SQS moves a message here, if that is known.
async fn most_receives(client: &Client, queue: &Queue) -> Option<u64> {
    let sources = sources(client, queue).await.ok()?;
    let [one] = &sources[..] else { return None };
    let source = Queue::find(client, &QueueName::Url(one.clone())).await.ok()?;
    Some(source.redrive()?.max_receives)
}

/// About how many messages wait.
fn waiting(queue: &Queue) -> usize {
    let number = queue.number(&QueueAttributeName::ApproximateNumberOfMessages);
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

fn unreceived(queue: &Queue, refusal: Refusal) -> anyhow::Error {
    match refusal.why {
        Why::Denied => anyhow::anyhow!(
            "the messages of {} may not be read: allow sqs:ReceiveMessage, sqs:ChangeMessageVisibility and, to send back or delete, sqs:DeleteMessage on it ({refusal})",
            queue.arn
        ),
        _ => anyhow::Error::new(refusal)
            .context(format!("the messages of {} cannot be read", queue.arn)),
    }
}

fn now() -> i64 {
    let milliseconds = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}

fn print(letters: &[Letter], most: Option<u64>) -> std::io::Result<()> {
    if letters.is_empty() {
        return output::line("no dead letters");
    }
    let mut table = output::wrapped(&["message", "sent", "receives", "code", "objects", "why"]);
    for letter in letters {
        let objects = match &letter.objects[..] {
            [] => "none".to_owned(),
            [one] => output::shown(one),
            [first, others @ ..] => format!("{} and {} more", output::shown(first), others.len()),
        };
        table.add_row([
            output::shown(&letter.message_id),
            letter.sent_at.clone().unwrap_or_default(),
            letter.receives.map(|receives| receives.to_string()).unwrap_or_default(),
            output::shown(letter.code.as_deref().unwrap_or_default()),
            objects,
            output::clip(&letter.why(most), 300),
        ]);
    }
    output::print_table(&table)?;
    output::line(&format!(
        "\n{}. When the cause is mended: `{} dead-letters --queue URL --send-back`",
        counted(letters.len(), "dead letter"),
        program()
    ))
}

fn counted(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

impl Done {
    fn words(&self) -> String {
        let words = match &self.to {
            Some(to) => format!("{} sent back to {to}", counted(self.sent_back, "message")),
            None => format!("{} deleted", counted(self.deleted, "message")),
        };
        let others = [
            (self.sent_but_not_deleted, "sent back but not deleted here"),
            (self.failed, "failed"),
            (self.left, "left"),
        ];
        let others = others.iter().filter(|(number, _)| *number > 0);
        let others = others.map(|(number, what)| format!("{number} {what}"));
        std::iter::once(words).chain(others).collect::<Vec<_>>().join(", ")
    }
}
