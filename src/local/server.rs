//! The two endpoints, on this machine only.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::LocalError;
use super::service::BucketService;

/// The access key and the secret key of the embedded bucket, both.
///
/// Requests must be signed with them: a web page in a browser on this machine can then not reach
/// the bucket. The table takes any credentials, as it does not check signatures.
pub const CREDENTIAL: &str = "local";

/// How long a connection that is busy may take when the servers stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How often rows whose time is over are removed from the table.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the bucket.
    pub(super) async fn s3(port: u16, bucket: BucketService) -> Result<Self, LocalError> {
        let mut builder = S3ServiceBuilder::new(bucket);
        builder.set_auth(OneUser);
        let service = builder.build();
        let (listener, port) = listen("S3", port).await?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve_s3(listener, service, stopped));
        Ok(Self { port, stop, task })
    }

    /// Serves the table.
    pub(super) async fn dynamodb(
        port: u16,
        database: dynoxide::Database,
    ) -> Result<Self, LocalError> {
        let (listener, port) = listen("DynamoDB", port).await?;
        let (stop, stopped) = watch::channel(false);
        let sweeping = tokio::spawn(sweep(database.clone(), stopped.clone()));
        let task = tokio::spawn(async move {
            let served =
                dynoxide::server::serve_with_shutdown(listener, database, wait(stopped)).await;
            if let Err(error) = served {
                tracing::error!(error, "the local table's server failed");
            }
            let _ = sweeping.await;
        });
        Ok(Self { port, stop, task })
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Takes no more connections, finishes the requests that run, and returns.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST_REQUESTS, &mut self.task).await.is_err() {
            tracing::warn!("a request to a local endpoint did not end: giving it up");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.task.abort();
    }
}

async fn listen(service: &'static str, port: u16) -> Result<(TcpListener, u16), LocalError> {
    let failed = |source| LocalError::Listen { service, port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// Resolves when the server is told to stop, or nobody is left who could tell it.
async fn wait(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve_s3(listener: TcpListener, service: S3Service, stopped: watch::Receiver<bool>) {
    let http = Arc::new(auto::Builder::new(TokioExecutor::new()));
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(wait(stopped));
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: others have to close first.
                    tracing::warn!(%error, "the local bucket cannot take a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (http, service, watcher) = (Arc::clone(&http), service.clone(), connections.watcher());
        tokio::spawn(async move {
            let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection to the local bucket broke");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Removes rows whose `expires_at` has passed, as `DynamoDB` does by itself.
async fn sweep(database: dynoxide::Database, stopped: watch::Receiver<bool>) {
    let mut stop = std::pin::pin!(wait(stopped));
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => {}
        }
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(rows)) => tracing::debug!(rows, "removed expired rows from the local table"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot remove expired rows from the local table");
            }
            Err(error) => tracing::warn!(%error, "cannot remove expired rows from the local table"),
        }
    }
}

/// The one user of the bucket.
struct OneUser;

#[async_trait::async_trait]
impl S3Auth for OneUser {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == CREDENTIAL {
            return Ok(SecretKey::from(CREDENTIAL));
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "sign with AWS_ACCESS_KEY_ID={CREDENTIAL} and AWS_SECRET_ACCESS_KEY={CREDENTIAL}"
        ))
    }
}
