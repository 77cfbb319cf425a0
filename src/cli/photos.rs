//! Photos in files: finding them, and asking a model about them on the worker threads.

use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::Stream;
use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::loading::{Loading, Looks};
use crate::classifier::{ModelError, Workers};
use crate::code::Code;
use crate::photo::{self, Limits, PhotoError};
use crate::settings::Rules;

/// Why a file has no scores. Serialised as in `classify`'s output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A stable code.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// The threads on which photos are looked at, and what a photo may have.
pub struct Studio {
    workers: Workers,
    limits: Limits,
    threads: NonZeroUsize,
}

impl Studio {
    /// Starts the threads.
    pub fn new(rules: &Rules) -> Self {
        Self { workers: Workers::new(rules.threads), limits: rules.limits, threads: rules.threads }
    }

    /// What a photo may have.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many photos are worked on at a time, or wait for a thread.
    pub fn ahead(&self) -> usize {
        self.threads.get() * 2
    }

    /// Does some work on one of the threads.
    pub async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let worked = self.workers.run(job).await;
        worked.map_err(|error| {
            let code = Code::Panic.as_str();
            Failure { code, message: error.to_string() }
        })
    }

    /// Asks a model about the photos in files, on all threads; the answers come in the order of the
    /// files. A photo is in memory only while a thread works on it. While the model is still being
    /// loaded, the first photos are decoded; if it cannot be loaded, no photo has an answer.
    pub fn ask<M: Looks>(
        &self,
        files: Vec<PathBuf>,
        model: &Loading<M>,
    ) -> impl Stream<Item = Result<Answered<M::Answer>, Arc<ModelError>>> {
        stream::iter(files)
            .map(move |file| {
                let (limits, path, model) = (self.limits, file.clone(), model.clone());
                let job = self.workers.run(move || look(&model, &path, &limits));
                async move {
                    let answer = job.await.unwrap_or_else(|error| {
                        let code = Code::Panic.as_str();
                        Ok(Err(Failure { code, message: error.to_string() }))
                    });
                    Ok((file, answer?))
                }
            })
            .buffered(self.ahead())
    }
}

/// A file, and what a model says of it.
pub type Answered<A> = (PathBuf, Result<A, Failure>);

fn look<M: Looks>(
    model: &Loading<M>,
    path: &Path,
    limits: &Limits,
) -> Result<Result<M::Answer, Failure>, Arc<ModelError>> {
    let view = model.view()?;
    let photo = read(path, limits)
        .and_then(|bytes| photo::decode_for(&bytes, limits, &view).map_err(|e| failure(&e)));
    let model = model.wait()?;
    Ok(photo.and_then(|photo| {
        let answer = model.look(&photo);
        answer.map_err(|e| Failure { code: e.code().as_str(), message: e.to_string() })
    }))
}

/// Reads a file, as far as a photo may go.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure {
        code: if error.kind() == std::io::ErrorKind::NotFound { "not_found" } else { "unreadable" },
        message: format!("{error}"),
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // A device or a pipe with a name may never end. What is piped in is asked for by name.
    if !metadata.is_file() && path != Path::new("/dev/stdin") {
        let message = "not a regular file".to_owned();
        return Err(Failure { code: "unreadable", message });
    }
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path).map_err(unreadable)?.take(limits.max_bytes + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    let size = (bytes.len() as u64).max(metadata.len());
    if size > limits.max_bytes {
        return Err(failure(&PhotoError::TooLarge { size, limit: limits.max_bytes }));
    }
    Ok(bytes)
}

/// Why a file is no photo that can be used.
pub fn failure(error: &PhotoError) -> Failure {
    Failure { code: error.code().as_str(), message: error.to_string() }
}

/// The files that paths name: a file itself, and all files below a folder but hidden ones, sorted
/// by path. A path that is not there stays in the list: it fails by name when it is read.
pub fn find(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            find_below(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn find_below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Symbolic links are not followed, so that a loop of them ends.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            find_below(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
