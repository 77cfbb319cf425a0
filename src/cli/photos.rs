//! Photos in files: finding them, and asking a model about them on the worker threads.

use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::Stream;
use futures::stream::{self, StreamExt};
use serde::Serialize;

use crate::classifier::{ClassifyError, Workers};
use crate::code::Code;
use crate::photo::{self, Limits, Photo, PhotoError};
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

    /// Asks a model about the photos in files, on all threads; the answers come in the order of the
    /// files. A photo is in memory only while a thread works on it.
    pub fn ask<A: Send + 'static>(
        &self,
        files: Vec<PathBuf>,
        model: impl Fn(&Photo) -> Result<A, ClassifyError> + Send + Sync + 'static,
    ) -> impl Stream<Item = (PathBuf, Result<A, Failure>)> {
        let ahead = self.threads.get() * 2;
        let model = Arc::new(model);
        stream::iter(files)
            .map(move |file| {
                let model = Arc::clone(&model);
                let (limits, path) = (self.limits, file.clone());
                let job = self.workers.run(move || look(&*model, &path, &limits));
                async move {
                    let answer = job.await.unwrap_or_else(|error| {
                        let code = Code::Panic.as_str();
                        Err(Failure { code, message: error.to_string() })
                    });
                    (file, answer)
                }
            })
            .buffered(ahead)
    }
}

fn look<A>(
    model: &impl Fn(&Photo) -> Result<A, ClassifyError>,
    path: &Path,
    limits: &Limits,
) -> Result<A, Failure> {
    let bytes = read(path, limits)?;
    let photo = photo::decode(&bytes, limits).map_err(|e| failure(&e))?;
    model(&photo).map_err(|e| Failure { code: e.code().as_str(), message: e.to_string() })
}

/// Reads a file, as far as a photo may go.
fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
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

fn failure(error: &PhotoError) -> Failure {
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
