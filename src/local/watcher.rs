//! From a change in the folder to an event in the handler.
//!
//! The watcher compares the folder with what has been handled, again and again: soon after the
//! operating system or the service says that something changed, and every few seconds in any case,
//! since not every file system tells. It keeps no queue that a crash could lose. What the handler
//! has answered for is written down; everything else is found again, at the next start if need be.
//! Changes that follow one another closely become one, of the state that is there in the end.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{Either, pending};
use futures::stream::{FuturesUnordered, StreamExt};
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher as _};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::{self, JoinHandle};
use tokio::time::sleep_until;

use super::diff::{Pending, Scan, diff};
use super::folder::Folder;
use super::handled::{Handled, HandledFile};
use super::key::is_dropping;
use super::notification::{AnnouncedObject, Announcement, event};
use super::progress::Saver;
use super::schedule::{RESCAN_EVERY, Schedule};
use super::sequencer::SequencerCounter;
use super::stamp::FileStamp;

/// The most records of one event.
const BATCH: usize = 10;
/// The most events that the handler has at a time.
const IN_FLIGHT: usize = 4;

/// What the watcher works on.
#[derive(Debug)]
pub(super) struct Watcher {
    pub bucket: String,
    pub folder: Arc<Folder>,
    pub sequencer: Arc<SequencerCounter>,
    pub settle: Duration,
    /// When the last scan began that found nothing left to do.
    pub idle: watch::Sender<Option<Instant>>,
}

/// A change on its way: its key, and the state that it led to.
type Difference = (String, Option<FileStamp>);

/// What a handler answers to the watcher about an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatcherAnswer {
    /// The keys (not encoded) whose changes are to be announced again, each with the cause.
    pub retry: BTreeMap<String, String>,
}

impl WatcherAnswer {
    /// Every change of the event has its outcome.
    #[must_use]
    pub fn handled() -> Self {
        Self::default()
    }
}

/// What became of a change that was on its way.
enum Delivery {
    Handled(Option<HandledFile>),
    /// The file is not as it was seen any more: the next scan decides.
    Unsettled,
    Failed(String),
}

impl Watcher {
    /// Announces changes until `stop`, then waits for what the handler still has.
    pub(super) async fn run<H, Fut, E>(
        &self,
        progress: &mut Handled,
        handler: H,
        stop: impl Future<Output = ()>,
    ) where
        H: Fn(Value) -> Fut,
        Fut: Future<Output = Result<WatcherAnswer, E>>,
        E: Display,
    {
        let _wakeups = self.listen();
        let mut stop = pin!(stop);
        let mut stopping = false;
        let mut pending = Pending::new(self.settle);
        let mut on_their_way = FuturesUnordered::new();
        let mut scanning: Option<JoinHandle<(Instant, io::Result<Scan>)>> = None;
        let mut schedule = Schedule::new(Instant::now());
        let mut root_is_gone = false;
        let mut saver = Saver::default();

        while !stopping || !on_their_way.is_empty() {
            while !stopping && on_their_way.len() < IN_FLIGHT {
                let changes = pending.take(BATCH, Instant::now());
                if changes.is_empty() {
                    break;
                }
                on_their_way.push(self.announce(changes, &handler));
            }
            tokio::select! {
                biased;
                () = &mut stop, if !stopping => stopping = true,
                Some(deliveries) = on_their_way.next(), if !on_their_way.is_empty() => {
                    for (key, delivery) in deliveries {
                        match delivery {
                            Delivery::Handled(file) => {
                                pending.done(&key);
                                match file {
                                    Some(file) => progress.files.insert(key, file),
                                    None => progress.files.remove(&key),
                                };
                                saver.changed();
                            }
                            Delivery::Unsettled => pending.unsettled(&key),
                            Delivery::Failed(cause) => {
                                let (wait, is_new) = pending.failed(&key, &cause, Instant::now());
                                let again_in = wait.as_secs();
                                if is_new {
                                    tracing::warn!(key, cause, again_in,
                                        "a change was not handled: trying again");
                                } else {
                                    tracing::debug!(key, cause, again_in, "not yet");
                                }
                            }
                        }
                    }
                    if pending.needs_scan() {
                        schedule.soon();
                    }
                }
                (started, found) = join(&mut scanning) => {
                    scanning = None;
                    let ended = Instant::now();
                    match found {
                        Ok(scan) => {
                            root_is_gone = false;
                            let differences = diff(&progress.files, &scan);
                            pending.observe(&differences, started, ended);
                            if differences.is_empty() && pending.is_empty() {
                                self.idle.send_replace(Some(started));
                            }
                        }
                        Err(error) if root_is_gone => tracing::debug!(%error),
                        Err(error) => {
                            root_is_gone = true;
                            tracing::warn!(folder = %self.folder.root().display(), %error,
                                "the bucket's folder cannot be read: put it back, nothing counts as removed");
                        }
                    }
                    schedule.ended(started, ended, pending.is_settling());
                }
                () = at(Some(schedule.next())), if scanning.is_none() && !stopping => {
                    let folder = Arc::clone(&self.folder);
                    schedule.begun();
                    let started = Instant::now();
                    scanning = Some(task::spawn_blocking(move || (started, folder.walker.scan())));
                }
                () = self.folder.changed.notified(), if !stopping => {
                    schedule.soon();
                }
                () = at(pending.next_retry()), if !stopping && on_their_way.len() < IN_FLIGHT => {}
                () = at(saver.due()) => saver.save(progress).await,
            }
        }
        if saver.due().is_some() {
            saver.save(progress).await;
        }
    }

    /// Gives the handler one event, and says what became of each of its changes.
    async fn announce<H, Fut, E>(
        &self,
        changes: Vec<Difference>,
        handler: &H,
    ) -> Vec<(String, Delivery)>
    where
        H: Fn(Value) -> Fut,
        Fut: Future<Output = Result<WatcherAnswer, E>>,
        E: Display,
    {
        let keys: Vec<String> = changes.iter().map(|(key, _)| key.clone()).collect();
        let (folder, sequencer) = (Arc::clone(&self.folder), Arc::clone(&self.sequencer));
        let looked = task::spawn_blocking(move || {
            changes.into_iter().map(|change| look(&folder, &sequencer, change)).collect::<Vec<_>>()
        })
        .await;
        let looked = match looked {
            Ok(looked) => looked,
            Err(error) => {
                let failed = |key| (key, Delivery::Failed(error.to_string()));
                return keys.into_iter().map(failed).collect();
            }
        };
        let mut deliveries = Vec::new();
        let mut announcements = Vec::new();
        let mut files = Vec::new();
        for (key, look) in looked {
            match look {
                Ok(Some((announcement, file))) => {
                    announcements.push(announcement);
                    files.push((key, file));
                }
                Ok(None) => deliveries.push((key, Delivery::Unsettled)),
                Err(cause) => deliveries.push((key, Delivery::Failed(cause))),
            }
        }
        if announcements.is_empty() {
            return deliveries;
        }
        let event = event(&self.bucket, &announcements, OffsetDateTime::now_utc());
        let answer = handler(event).await;
        deliveries.extend(files.into_iter().map(|(key, file)| {
            let delivery = match &answer {
                Ok(answer) => match answer.retry.get(&key) {
                    Some(cause) => Delivery::Failed(cause.clone()),
                    None => Delivery::Handled(file),
                },
                Err(error) => Delivery::Failed(format!("{error:#}")),
            };
            (key, delivery)
        }));
        deliveries
    }

    /// Lets the operating system wake the watcher when something in the folder changes.
    fn listen(&self) -> Option<notify::RecommendedWatcher> {
        let folder = Arc::clone(&self.folder);
        let root = self.folder.root().to_path_buf();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let concerns = match &event {
                Ok(event) => may_be_a_change(event, &root),
                // Events were lost: look.
                Err(_) => true,
            };
            if concerns {
                folder.changed.notify_one();
            }
        })
        .and_then(|mut watcher| {
            watcher.watch(self.folder.root(), RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, every_seconds = RESCAN_EVERY.as_secs(),
                    "the system does not tell of changes in the bucket's folder: looking now and then");
                None
            }
        }
    }
}

/// Whether an event is about an object's content, and not about someone reading it.
fn may_be_a_change(event: &notify::Event, root: &Path) -> bool {
    let written = AccessKind::Close(AccessMode::Write);
    let reads = matches!(event.kind, EventKind::Access(kind) if kind != written);
    let dropping = |path: &Path| {
        path.strip_prefix(root)
            .is_ok_and(|below| below.iter().any(|name| name.to_str().is_some_and(is_dropping)))
    };
    !reads && (event.paths.is_empty() || !event.paths.iter().all(|path| dropping(path)))
}

type Look = Result<Option<(Announcement, Option<HandledFile>)>, String>;

/// Looks at a file that has settled, once more: what the event says must be true of what is there.
fn look(folder: &Folder, sequencer: &SequencerCounter, (key, seen): Difference) -> (String, Look) {
    let found = match seen {
        Some(_) => folder.get(&key).map(|object| object.map(|object| (object.stamp, object.etag))),
        None => folder.stat(&key).map(|stamp| stamp.map(|stamp| (stamp, String::new()))),
    };
    let look = match found {
        Err(error) => Err(format!("cannot read the file: {error}")),
        Ok(found) if found.as_ref().map(|(stamp, _)| *stamp) != seen => Ok(None),
        Ok(found) => sequencer.next().map_err(|error| error.to_string()).map(|sequencer| {
            let file = found.map(|(stamp, etag)| HandledFile { stamp, etag });
            let object = file
                .as_ref()
                .map(|file| AnnouncedObject { size: file.stamp.size, etag: file.etag.clone() });
            Some((Announcement { key: key.clone(), object, sequencer }, file))
        }),
    };
    (key, look)
}

/// Sleeps until `time`, or for ever if there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => Either::Left(sleep_until(time.into())),
        None => Either::Right(pending()),
    }
    .await;
}

/// Waits for the scan, or for ever if there is none.
async fn join(
    scanning: &mut Option<JoinHandle<(Instant, io::Result<Scan>)>>,
) -> (Instant, io::Result<Scan>) {
    match scanning {
        Some(task) => {
            task.await.unwrap_or_else(|error| (Instant::now(), Err(io::Error::other(error))))
        }
        None => pending().await,
    }
}
