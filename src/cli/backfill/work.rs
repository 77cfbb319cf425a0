//! The loop: so many pieces of work at a time, until there are no more or somebody stops it.

use std::num::NonZeroUsize;
use std::pin::pin;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::desk::{Answer, Desk, Task};
use crate::cli::local::stopped;

/// Who does the work.
pub trait Worker {
    /// The most objects that are dealt with together.
    const TOGETHER: usize;

    /// Deals with some objects: one answer each, in their order. An error ends all work.
    async fn work(&self, tasks: &[Task]) -> anyhow::Result<Vec<Answer>>;
}

/// Has all work done. On the first Ctrl-C, what has begun is finished and written down; a second one
/// ends the program at once.
pub async fn all(
    desk: &mut Desk,
    worker: &impl Worker,
    concurrency: NonZeroUsize,
) -> anyhow::Result<()> {
    let done = until_done(desk, worker, concurrency).await;
    if done.is_err() {
        desk.close();
    }
    // Whatever went wrong: what is settled is.
    let finished = desk.finish().await;
    done.and(finished)
}

async fn until_done<W: Worker>(
    desk: &mut Desk,
    worker: &W,
    concurrency: NonZeroUsize,
) -> anyhow::Result<()> {
    let mut running = FuturesUnordered::new();
    let mut stop = pin!(stopped());
    // Whether nothing is to be had before something is answered.
    let mut is_waiting = false;
    loop {
        let wants_more = !is_waiting
            && !desk.is_closed()
            && desk.has_more()
            && running.len() < concurrency.get();
        if !wants_more && running.is_empty() {
            return Ok(());
        }
        let save_at = desk.save_at();
        tokio::select! {
            biased;
            () = &mut stop => {
                if desk.is_closed() {
                    std::process::exit(130);
                }
                eprintln!("stopping: what has begun is finished; Ctrl-C again to end at once");
                desk.close();
                stop.set(stopped());
            }
            () = sleep_until(save_at), if save_at.is_some() => desk.save().await?,
            Some(answered) = running.next(), if !running.is_empty() => {
                let (tasks, answers): (Vec<Task>, anyhow::Result<Vec<Answer>>) = answered;
                for (task, answer) in tasks.into_iter().zip(answers?) {
                    desk.take(task, answer)?;
                }
                is_waiting = false;
            }
            next = desk.next(), if wants_more => match next? {
                None => is_waiting = true,
                Some(task) => {
                    let mut tasks = vec![task];
                    tasks.extend(desk.more(W::TOGETHER - 1)?);
                    running.push(async move {
                        let answers = worker.work(&tasks).await;
                        (tasks, answers)
                    });
                }
            },
        }
    }
}

async fn sleep_until(time: Option<tokio::time::Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}
