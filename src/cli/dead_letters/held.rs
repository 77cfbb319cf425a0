//! Messages that are looked at: they are hidden from others meanwhile, and given back in the end.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName,
};

use crate::cli::account::Refusal;

/// For how long messages are hidden that are not given back: seconds.
pub const HIDDEN: i32 = 120;
/// The most that SQS gives, or takes, at once.
const BATCH: usize = 10;
/// A queue is empty if it says so as often as this in a row: an answer may come from a part of it.
const EMPTY: usize = 2;
/// After so many answers in a row with nothing new in them, the rest is left: what was seen first is shown
/// again as fast as it is read.
const KNOWN: usize = 100;

/// A queue that is read through, each message once.
///
/// SQS lets nobody read a queue without receiving from it, so this is approximate: it misses what others
/// have received just now, and counts as a receive of each message.
pub struct Held<'a> {
    client: &'a Client,
    url: &'a str,
    /// By their ids, what gives them back.
    handles: HashMap<String, String>,
    /// Those that are gone from the queue by now.
    done: HashSet<String>,
    empty: usize,
    known: usize,
}

impl<'a> Held<'a> {
    pub fn new(client: &'a Client, url: &'a str) -> Self {
        Self { client, url, handles: HashMap::new(), done: HashSet::new(), empty: 0, known: 0 }
    }

    /// Some messages that were not seen before; none at the end of the queue, or where it is given up
    /// (see [`Held::has_read_all`]).
    pub async fn next(&mut self) -> Result<Vec<Message>, Refusal> {
        while self.empty < EMPTY && self.known < KNOWN {
            let receive = self
                .client
                .receive_message()
                .queue_url(self.url)
                .max_number_of_messages(10)
                .visibility_timeout(HIDDEN)
                .wait_time_seconds(1)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All");
            let answer = receive.send().await.map_err(Refusal::of)?;
            let mut new = answer.messages.unwrap_or_default();
            if new.is_empty() {
                self.empty += 1;
                continue;
            }
            self.empty = 0;
            // One comes again if it took so long that it was no longer hidden.
            new.retain(|message| {
                let (Some(id), Some(handle)) = (message.message_id(), message.receipt_handle())
                else {
                    return false;
                };
                let known = self.handles.insert(id.to_owned(), handle.to_owned()).is_some();
                !known && !self.done.contains(id)
            });
            if new.is_empty() {
                self.known += 1;
            } else {
                self.known = 0;
                return Ok(new);
            }
        }
        Ok(Vec::new())
    }

    /// Whether the end of the queue was seen, and not only what was seen before.
    pub fn has_read_all(&self) -> bool {
        self.empty >= EMPTY
    }

    /// Takes a message out of the queue for good.
    pub async fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        let Some(handle) = self.handles.get(id) else { return Ok(()) };
        let delete = self.client.delete_message().queue_url(self.url).receipt_handle(handle);
        delete.send().await.map_err(Refusal::of)?;
        self.handles.remove(id);
        self.done.insert(id.to_owned());
        Ok(())
    }

    /// Shows all others again, at once. Those for which that fails are shown after a while.
    pub async fn give_back(self) {
        let handles: Vec<String> = self.handles.into_values().collect();
        for some in handles.chunks(BATCH) {
            let entries = some.iter().enumerate().filter_map(|(number, handle)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(number.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(0)
                    .build()
                    .ok()
            });
            let change = self.client.change_message_visibility_batch().queue_url(self.url);
            if let Err(error) = change.set_entries(Some(entries.collect())).send().await {
                let refusal = Refusal::of(error);
                tracing::warn!("messages stay hidden for up to {HIDDEN} seconds: {refusal}");
                return;
            }
        }
    }
}
