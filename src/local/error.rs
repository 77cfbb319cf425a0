//! What can go wrong with the embedded bucket and table.

use std::io;
use std::path::PathBuf;

/// Why the embedded bucket and table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The bucket's name would not be taken by S3.
    #[error(
        "`{0}` is not a bucket name: 3 to 63 lower-case letters, digits and `-`, first and last a letter or digit"
    )]
    BucketName(String),
    /// A folder or a file of the state is not usable.
    #[error("cannot {action} {}: check that the folder exists and is yours to write", path.display())]
    File {
        /// What was tried: `create`, `write`, ...
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error(
        "{} is in use by another lookbook: stop that one, or give this one a folder of its own",
        .0.display()
    )]
    Locked(PathBuf),
    /// A port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port} for {service}: choose another port, or 0 for any")]
    Listen {
        /// `S3` or `DynamoDB`.
        service: &'static str,
        /// The port that was asked for.
        port: u16,
        /// Why it failed.
        source: io::Error,
    },
    /// The table's database is not readable.
    #[error(
        "cannot open the table in {}: {message}. Move the file away to start with an empty table; every photo is then classified again",
        path.display()
    )]
    Database {
        /// The `SQLite` file.
        path: PathBuf,
        /// What the database said.
        message: String,
    },
    /// The table could not be made.
    #[error("cannot create table `{table}`")]
    CreateTable {
        /// The table's name.
        table: String,
        /// What the endpoint answered.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder is already being watched by this process.
    #[error("the bucket's folder is already being watched: `watch` runs once at a time")]
    AlreadyWatching,
}

impl LocalError {
    /// Makes the wrapper for `map_err` that says what was tried on which file.
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
