//! Writes down what has been handled, now and then, as long as the disk takes it.

use std::io;
use std::time::{Duration, Instant};

use tokio::task;

use super::LocalError;
use super::disk::write_atomically;
use super::handled::Handled;

/// How often, at most, what was handled is written down; a crash repeats no more than this much.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How long to wait until it is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// When it is to be written down.
#[derive(Debug, Default)]
pub(super) struct Saver {
    due: Option<Instant>,
    failing: bool,
}

impl Saver {
    /// There is something new.
    pub(super) fn changed(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + SAVE_EVERY);
    }

    /// When it is to be written down, if there is something new.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes it down. A disk that is full stops nothing: it is said once, and tried again. What is
    /// not written down in the end is announced again at the next start.
    pub(super) async fn save(&mut self, progress: &Handled) {
        self.due = None;
        match write(progress).await {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::warn!("what has been handled is written down again");
            }
            Ok(()) => {}
            Err(error) => {
                self.due = Some(Instant::now() + TRY_AGAIN);
                if !self.failing {
                    let error = anyhow::Error::new(error);
                    tracing::warn!(
                        "what has been handled cannot be written down, so photos may be classified again at the next start: {error:#}. Trying again"
                    );
                }
                self.failing = true;
            }
        }
    }
}

async fn write(progress: &Handled) -> Result<(), LocalError> {
    let (path, bytes) = progress.to_save()?;
    let write = {
        let path = path.clone();
        task::spawn_blocking(move || write_atomically(&path, &bytes)).await
    };
    write.unwrap_or_else(|error| Err(LocalError::file("write", path)(io::Error::other(error))))
}
