//! Who hands out the work and takes the answers: what is new, what is to be tried again, what is
//! settled, and what of this is written down.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::Instant;

use super::candidate::Candidate;
use super::checkpoint::{Checkpoint, File};
use super::settled::{Settled, Ticket};
use super::source::Found;
use super::summary::Summary;
use crate::cli::output;
use crate::object::{ObjectId, S3Url};

/// How often an object is tried.
const TRIES: u32 = 4;
/// How long it waits for the second time; twice as long each time after that.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The most objects that may wait for another try, or have failed for good. More than that is no
/// trouble of single objects.
const TROUBLE: usize = 5000;
/// How often a checkpoint is written, at most.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// A piece of work: an object, with its place among all, and how often it was tried.
#[derive(Debug)]
pub struct Task {
    /// The object.
    pub candidate: Candidate,
    /// None where its key is settled as far as the order is concerned.
    ticket: Option<Ticket>,
    tries: u32,
}

/// What became of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done: the outcome's name.
    Done(&'static str),
    /// It must be tried again: why.
    Again(String),
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    found: Option<Found>,
    /// How long an object waits for the second try.
    first_wait: Duration,
    settled: Settled,
    /// Those that wait for another try, and until when.
    again: VecDeque<(Instant, Task)>,
    /// The keys of these, and of those that are being tried again or have failed for good: another run
    /// is to try them.
    owed: BTreeSet<String>,
    file: File,
    checkpoint: Checkpoint,
    saved: Instant,
    is_dirty: bool,
    bar: ProgressBar,
    /// What has been counted so far.
    pub summary: Summary,
}

impl Desk {
    /// A desk that goes on from a checkpoint: what was to be tried again comes first.
    pub fn new(
        found: Found,
        place: &S3Url,
        mut checkpoint: Checkpoint,
        file: File,
        bar: ProgressBar,
    ) -> Self {
        let owed: BTreeSet<String> = std::mem::take(&mut checkpoint.again).into_iter().collect();
        let again = owed.iter().filter_map(|key| {
            // Whoever changed the file by hand, and wrote no key, loses that key.
            let object = ObjectId::new(place.bucket(), key).ok()?;
            let candidate = Candidate { object, size: None, is_gone: false };
            Some((Instant::now(), Task { candidate, ticket: None, tries: 0 }))
        });
        let above = std::mem::take(&mut checkpoint.above);
        Self {
            found: Some(found),
            first_wait: FIRST_WAIT,
            settled: Settled::resume(checkpoint.below.clone(), above),
            again: again.collect(),
            owed,
            file,
            summary: Summary::after(checkpoint.settled),
            checkpoint,
            saved: Instant::now(),
            is_dirty: false,
            bar,
        }
    }

    /// Whether there may be more to do.
    pub fn has_more(&self) -> bool {
        self.found.is_some() || !self.again.is_empty()
    }

    /// No more is handed out, and what waits for another try is left for another run.
    pub fn close(&mut self) {
        self.found = None;
        self.summary.is_stopped = true;
    }

    /// Whether there is so much to remember that nothing new is begun.
    fn is_full(&self) -> bool {
        self.settled.is_full() || self.again.len() >= TROUBLE
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.summary.is_stopped
    }

    /// The next piece of work: what is due again, or what is new. `None` if there is neither for now,
    /// and will not be before something else is answered. Nothing is lost if nobody waits any more.
    pub async fn next(&mut self) -> anyhow::Result<Option<Task>> {
        loop {
            let due = self.again.front().map(|(due, _)| *due);
            if due.is_some_and(|due| due <= Instant::now()) {
                return Ok(self.again.pop_front().map(|(_, task)| task));
            }
            let is_full = self.is_full();
            let found = self.found.as_mut().filter(|_| !is_full);
            let candidate = match (due, found) {
                (None, None) => return Ok(None),
                (Some(due), None) => {
                    tokio::time::sleep_until(due).await;
                    continue;
                }
                (None, Some(found)) => found.recv().await,
                (Some(due), Some(found)) => tokio::select! {
                    () = tokio::time::sleep_until(due) => continue,
                    candidate = found.recv() => candidate,
                },
            };
            let Some(candidate) = candidate else {
                self.found = None;
                continue;
            };
            if let Some(task) = self.begin(candidate?) {
                return Ok(Some(task));
            }
        }
    }

    /// More that can be begun at once, up to so many.
    pub fn more(&mut self, most: usize) -> anyhow::Result<Vec<Task>> {
        let mut tasks = Vec::new();
        while tasks.len() < most && !self.is_full() {
            let Some(Ok(candidate)) = self.found.as_mut().map(Found::try_recv) else { break };
            tasks.extend(self.begin(candidate?));
        }
        Ok(tasks)
    }

    fn begin(&mut self, candidate: Candidate) -> Option<Task> {
        let ticket = self.settled.begin(candidate.object.key())?;
        Some(Task { candidate, ticket: Some(ticket), tries: 0 })
    }

    /// Takes an answer. Fails if there is so much trouble that it is not that of single objects.
    pub fn take(&mut self, mut task: Task, answer: Answer) -> anyhow::Result<()> {
        self.is_dirty = true;
        // It is not forgotten: if it must be tried again, it is written down as such.
        if let Some(ticket) = task.ticket.take() {
            self.settled.settle(ticket);
        }
        match answer {
            Answer::Done(outcome) => {
                self.owed.remove(task.candidate.object.key());
                self.summary.count(outcome, task.candidate.size);
                self.bar.inc(1);
            }
            Answer::Again(cause) => {
                task.tries += 1;
                self.owed.insert(task.candidate.object.key().to_owned());
                if task.tries < TRIES && !self.is_closed() {
                    let wait = self.first_wait * 2_u32.pow(task.tries - 1);
                    let place = Instant::now() + wait;
                    let at = self.again.partition_point(|(due, _)| *due <= place);
                    self.again.insert(at, (place, task));
                } else {
                    self.summary.fail(&task.candidate.object, cause.clone());
                    self.bar.inc(1);
                    self.bar.set_message(format!("{} failed", self.summary.failed.len()));
                }
                if self.summary.failed.len() > TROUBLE {
                    anyhow::bail!(
                        "more than {TROUBLE} objects cannot be dealt with; the last one: {}",
                        output::shown(&cause)
                    );
                }
            }
        }
        Ok(())
    }

    /// When a checkpoint is to be written.
    pub fn save_at(&self) -> Option<Instant> {
        (self.is_dirty && self.file.is_there()).then(|| self.saved + SAVE_EVERY)
    }

    /// Writes down what is settled.
    pub async fn save(&mut self) -> anyhow::Result<()> {
        self.checkpoint.settled = self.summary.settled_before + self.summary.settled();
        self.checkpoint.below = self.settled.below().map(ToOwned::to_owned);
        self.checkpoint.above = self.settled.above().map(ToOwned::to_owned).collect();
        self.checkpoint.again = self.owed.iter().cloned().collect();
        self.file.save(&self.checkpoint).await?;
        self.saved = Instant::now();
        self.is_dirty = false;
        Ok(())
    }

    /// The end: what is all done needs no checkpoint any more.
    pub async fn finish(&mut self) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if self.is_closed() || !self.owed.is_empty() {
            return self.save().await;
        }
        self.file.remove()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::backfill::checkpoint::{By, Purpose};

    fn purpose() -> Purpose {
        Purpose { place: "s3://shop/".into(), by: By::Queue("q".into()), sample: None }
    }

    fn candidate(key: &str) -> Candidate {
        let object = ObjectId::new("shop", key).unwrap();
        Candidate { object, size: Some(1), is_gone: false }
    }

    async fn desk(path: &std::path::Path, keys: &[&str]) -> Desk {
        let (sender, found) = tokio::sync::mpsc::channel(100);
        let checkpoint = Checkpoint::open(path, purpose()).unwrap();
        for key in keys.iter().filter(|key| checkpoint.below.as_deref().is_none_or(|b| **key > b)) {
            sender.send(Ok(candidate(key))).await.unwrap();
        }
        let file = File::new(Some(path.to_owned()));
        let place = "s3://shop/".parse().unwrap();
        let desk = Desk::new(found, &place, checkpoint, file, ProgressBar::hidden());
        Desk { first_wait: Duration::from_millis(10), ..desk }
    }

    /// Ends like a killed program: nothing is written but what was saved.
    #[tokio::test]
    async fn what_was_to_be_tried_again_is_tried_by_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        let mut first = desk(&path, &["a", "b", "c", "d"]).await;
        let a = first.next().await.unwrap().unwrap();
        let b = first.next().await.unwrap().unwrap();
        let c = first.next().await.unwrap().unwrap();
        first.take(c, Answer::Done("classified")).unwrap();
        first.take(a, Answer::Again("busy".into())).unwrap();
        let _d = first.next().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let a = first.next().await.unwrap().unwrap();
        assert_eq!(a.candidate.object.key(), "a", "it is due again");
        first.save().await.unwrap();
        drop((first, a, b));

        let mut second = desk(&path, &["a", "b", "c", "d"]).await;
        let mut keys = Vec::new();
        while let Some(task) = second.next().await.unwrap() {
            keys.push(task.candidate.object.key().to_owned());
            second.take(task, Answer::Done("classified")).unwrap();
        }
        assert_eq!(keys, ["a", "b", "d"], "c is done, and a has no place of its own any more");
        assert_eq!((second.summary.settled_before, second.summary.settled()), (1, 3));
        second.finish().await.unwrap();
        assert!(!path.exists(), "nothing is left to do");
    }

    #[tokio::test]
    async fn what_fails_each_time_is_named_and_stays_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        let mut desk = desk(&path, &["a"]).await;
        let (begun, mut tries) = (Instant::now(), 0);
        while let Some(task) = desk.next().await.unwrap() {
            desk.take(task, Answer::Again("denied".into())).unwrap();
            tries += 1;
        }
        assert_eq!(tries, TRIES);
        assert!(begun.elapsed() >= Duration::from_millis(10 + 20 + 40));
        assert_eq!(desk.summary.failed.len(), 1);
        desk.finish().await.unwrap();
        assert_eq!(Checkpoint::open(&path, purpose()).unwrap().again, ["a"]);
    }

    #[tokio::test]
    async fn so_much_trouble_is_not_that_of_single_objects() {
        let dir = tempfile::tempdir().unwrap();
        let mut desk = desk(&dir.path().join("c.json"), &[]).await;
        let mut fail = |tries, cause: &str| -> Vec<anyhow::Error> {
            let trouble = (0..=TROUBLE).map(|n| {
                let task = Task { candidate: candidate(&n.to_string()), ticket: None, tries };
                desk.take(task, Answer::Again(cause.into()))
            });
            trouble.filter_map(Result::err).collect()
        };
        // What will be tried again has not failed, as when a queue is busy.
        assert!(fail(0, "busy").is_empty());
        let errors = fail(TRIES - 1, "denied: \u{1b}[2J");
        assert_eq!(errors.len(), 1);
        assert!(!errors[0].to_string().contains('\u{1b}'), "{}", errors[0]);
        assert!(errors[0].to_string().contains("more than 5000 objects"), "{}", errors[0]);
    }
}
