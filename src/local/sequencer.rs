//! Numbers that only grow, so that the changes of a key have an order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::LocalError;
use super::disk::write_atomically;

/// How many numbers are reserved with one write.
const BLOCK: u64 = 1000;

/// Hands out sequencers: 16 hexadecimal digits, each greater than all before, over restarts too.
///
/// The numbers of a block are reserved on disk before the first of them is used. A block never
/// starts below the current time in microseconds: if the file is lost, the sequencers still go on
/// growing, and the rows in the table do not outrank every later change.
#[derive(Debug)]
pub(super) struct SequencerCounter {
    path: PathBuf,
    numbers: Mutex<Numbers>,
}

#[derive(Debug)]
struct Numbers {
    next: u64,
    reserved: u64,
}

impl SequencerCounter {
    /// Takes up the counter in `path`, or starts one if there is none or it cannot be read.
    pub(super) fn open(path: &Path) -> Self {
        let saved = match fs::read_to_string(path) {
            Ok(text) => text.trim().parse().unwrap_or_else(|_| {
                tracing::warn!(path = %path.display(),
                    "the counter is damaged: counting from the clock");
                0
            }),
            Err(_) => 0,
        };
        Self {
            path: path.to_path_buf(),
            numbers: Mutex::new(Numbers { next: saved, reserved: saved }),
        }
    }

    /// The next sequencer. Writes to disk once for a thousand of them.
    pub(super) fn next(&self) -> Result<String, LocalError> {
        let mut numbers = self.lock();
        if numbers.next >= numbers.reserved {
            let start = numbers.next.max(microseconds_now());
            let reserved = start.saturating_add(BLOCK);
            write_atomically(&self.path, reserved.to_string().as_bytes())?;
            *numbers = Numbers { next: start, reserved };
        }
        let number = numbers.next;
        numbers.next += 1;
        Ok(format!("{number:016X}"))
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        // Nothing between taking and giving back the lock leaves the numbers half changed.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn microseconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequencers_only_grow_even_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sequencer");
        let mut last = String::new();
        for _ in 0..3 {
            let sequencer = SequencerCounter::open(&path);
            for _ in 0..2500 {
                let next = sequencer.next().unwrap();
                assert_eq!(next.len(), 16);
                assert!(next > last);
                last = next;
            }
        }
    }

    #[test]
    fn a_counter_ahead_of_the_clock_goes_on_from_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sequencer");
        fs::write(&path, (u64::MAX / 4).to_string()).unwrap();
        assert_eq!(SequencerCounter::open(&path).next().unwrap(), format!("{:016X}", u64::MAX / 4));
    }

    #[test]
    fn a_lost_or_damaged_counter_goes_on_from_the_clock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sequencer");
        let before = SequencerCounter::open(&path).next().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        for damage in [None, Some("x"), Some("")] {
            match damage {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            assert!(SequencerCounter::open(&path).next().unwrap() > before);
        }
    }
}
