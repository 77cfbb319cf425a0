//! The bucket, the table and the watcher, together.

use std::fmt::Display;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::pending;
use serde_json::Value;
use tokio::sync::{Mutex, watch};

use super::access_key::AccessKey;
use super::bucket_endpoint::BucketEndpoint;
use super::clients::{dynamodb_client, s3_client, streams_client};
use super::disk::{WRITING, remove_left_behind};
use super::folder::Folder;
use super::handled::{Handled, forget};
use super::lock::lock;
use super::parts::MultipartUploads;
use super::sequencer::SequencerCounter;
use super::serve::{Listener, Server};
use super::service::BucketService;
use super::table::{create_table, give_stream, open_database, sweep, table_exists};
use super::table_service::TableService;
use super::watcher::{Watcher, WatcherAnswer};
use super::{Endpoints, LocalError};

/// How to run the embedded bucket and table.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that everything is kept in; made if there is none.
    pub dir: PathBuf,
    /// The bucket's name.
    pub bucket: String,
    /// The table's name.
    pub table: String,
    /// The port of the S3 endpoint, 0 for any that is free.
    pub s3_port: u16,
    /// The port of the `DynamoDB` endpoint, 0 for any that is free.
    pub dynamodb_port: u16,
    /// How long a file must not have changed before it counts as whole.
    pub settle: Duration,
    /// The most bytes that a photo may have. What is larger, and was not put through the endpoint,
    /// is not read through to find out its `ETag`: that is made of its size and times.
    pub max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".lookbook"),
            bucket: "photos".to_owned(),
            table: "lookbook".to_owned(),
            s3_port: 0,
            dynamodb_port: 0,
            settle: Duration::from_millis(300),
            max_bytes: 25 * 1024 * 1024,
        }
    }
}

/// The running bucket and table. Dropping it stops both; [`Stack::shutdown`] does so gently.
#[derive(Debug)]
pub struct Stack {
    state: PathBuf,
    s3: Server,
    dynamodb: Server,
    s3_client: aws_sdk_s3::Client,
    dynamodb_client: aws_sdk_dynamodb::Client,
    streams_client: aws_sdk_dynamodbstreams::Client,
    table: String,
    key: AccessKey,
    watcher: Watcher,
    progress: Mutex<Handled>,
    // Last, so that the folder is given back when nothing uses it any more.
    _lock: File,
}

impl Stack {
    /// Takes the folder, starts both endpoints, and makes the bucket and the table if there are
    /// none.
    pub async fn start(options: Options) -> Result<Self, LocalError> {
        let Options { dir, bucket, table, s3_port, dynamodb_port, settle, max_bytes } = options;
        check_bucket_name(&bucket)?;
        let state = dir.join("state");
        fs::create_dir_all(&state).map_err(LocalError::file("create", &state))?;
        let lock = lock(&dir, &state.join("lock"))?;
        remove_left_behind(&state, WRITING)?;
        Endpoints::remove(&state);
        let root = dir.join("buckets").join(&bucket);
        let folder = Folder::open(&root, &state.join("attributes"), max_bytes)?;
        let folder = Arc::new(folder);
        let uploads = Arc::new(MultipartUploads::open(&state.join("uploads"))?);
        let file = dir.join("table.sqlite");
        let database = open_database(&file)?;

        let key = AccessKey::of(&dir)?;
        let service = BucketService { name: bucket.clone(), folder: Arc::clone(&folder), uploads };
        let s3 = Listener::take("S3", s3_port).await?;
        let dynamodb = Listener::take("DynamoDB", dynamodb_port).await?;
        let s3 = s3.serve(BucketEndpoint::new(service, key.clone()), pending());
        let sweeping = sweep(database.clone(), file);
        let dynamodb = dynamodb.serve(TableService::new(database, key.clone()), sweeping);
        let dynamodb_client = dynamodb_client(&dynamodb.endpoint(), &key);
        let list = state.join("handled.json");
        if !table_exists(&dynamodb_client, &table).await? {
            // A new table has no rows: every photo is announced again, whatever was handled. The
            // list goes first, so that it is never believed beside an empty table.
            forget(&list)?;
        }
        if !create_table(&dynamodb_client, &table).await? {
            // One that was made before there were streams.
            give_stream(&dynamodb_client, &table).await?;
        }

        let handled = Handled::open(&list, &bucket, &table);
        for (key, file) in &handled.files {
            folder.remember(key, file.stamp, &file.etag);
        }
        let sequencer = Arc::new(SequencerCounter::open(&state.join("sequencer")));
        Ok(Self {
            state,
            s3_client: s3_client(&s3.endpoint(), &key),
            s3,
            streams_client: streams_client(&dynamodb.endpoint(), &key),
            dynamodb,
            dynamodb_client,
            table,
            key,
            watcher: Watcher { bucket, folder, sequencer, settle, idle: watch::Sender::new(None) },
            progress: Mutex::new(handled),
            _lock: lock,
        })
    }

    /// The URL of the S3 endpoint.
    #[must_use]
    pub fn s3_endpoint(&self) -> String {
        self.s3.endpoint()
    }

    /// The URL of the `DynamoDB` endpoint.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> String {
        self.dynamodb.endpoint()
    }

    /// The bucket's folder, as an absolute path.
    #[must_use]
    pub fn bucket_dir(&self) -> &Path {
        self.watcher.folder.root()
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.watcher.bucket
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// A client of the S3 endpoint.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3_client.clone()
    }

    /// A client of the `DynamoDB` endpoint.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb_client.clone()
    }

    /// A client of the table's stream, which is at the `DynamoDB` endpoint too.
    #[must_use]
    pub fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        self.streams_client.clone()
    }

    /// Announces to `handler` what has changed in the bucket since the last time, and what changes
    /// from now on, until `stop` resolves; then waits for what the handler still has.
    ///
    /// An event holds up to ten changes, and the handler gets up to four events at a time, but
    /// never two changes of one key. What it answers with an error, or names in
    /// [`WatcherAnswer::retry`], is announced again, alone and after a wait that grows from a
    /// second to a minute.
    ///
    /// A disk that is full, or a state that cannot be written, stops nothing: it is tried again.
    ///
    /// Fails if it runs already.
    pub async fn watch<H, Fut, E>(
        &self,
        handler: H,
        stop: impl Future<Output = ()>,
    ) -> Result<(), LocalError>
    where
        H: Fn(Value) -> Fut,
        Fut: Future<Output = Result<WatcherAnswer, E>>,
        E: Display,
    {
        let mut progress = self.progress.try_lock().map_err(|_| LocalError::AlreadyWatching)?;
        self.watcher.run(&mut progress, handler, stop).await;
        Ok(())
    }

    /// Waits until everything that is in the bucket now has been handled. Needs [`Stack::watch`] to
    /// run at the same time.
    pub async fn idle(&self) {
        let asked = Instant::now();
        let mut idle = self.watcher.idle.subscribe();
        self.watcher.folder.changed.notify_one();
        // The sender lives as long as `self`, so this ends only when the condition holds.
        let _ = idle.wait_for(|since| since.is_some_and(|since| since >= asked)).await;
    }

    /// How others reach it.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            s3: self.s3_endpoint(),
            dynamodb: self.dynamodb_endpoint(),
            bucket: self.bucket().to_owned(),
            table: self.table.clone(),
            key: self.key.clone(),
        }
    }

    /// Writes down where the endpoints are, for other processes ([`Endpoints::of_running`]), until
    /// [`Stack::shutdown`].
    pub fn publish(&self) -> Result<(), LocalError> {
        self.endpoints().write(&self.state)
    }

    /// Writes down where the page is that shows this catalogue
    /// ([`Endpoints::page_of_running`]), until [`Stack::shutdown`].
    pub fn publish_page(&self, address: &str) -> Result<(), LocalError> {
        Endpoints::write_page(&self.state, address)
    }

    /// Stops both endpoints once the requests that run have ended, within seconds.
    pub async fn shutdown(self) {
        Endpoints::remove(&self.state);
        self.s3.stop().await;
        self.dynamodb.stop().await;
    }
}

fn check_bucket_name(name: &str) -> Result<(), LocalError> {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let valid = (3..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if valid { Ok(()) } else { Err(LocalError::BucketName(name.to_owned())) }
}
