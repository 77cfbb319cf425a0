//! An HTTP server on this machine only, behind the guard.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::Body;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::LocalError;
use super::guard::refusal;

/// How long a connection that is busy may take when the servers stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// What answers requests.
pub(super) trait Endpoint: Clone + Send + Sync + 'static {
    /// Answers a request of a program on this machine.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Body>> + Send;

    /// Answers a request that the guard refuses, with its words.
    fn refuse(&self, why: &str) -> Response<Body>;
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A port that is taken, before there is something to answer at it.
pub(super) struct Listener {
    listener: TcpListener,
    port: u16,
}

impl Listener {
    /// Takes a port of 127.0.0.1, 0 for any that is free. `service` says for whom.
    pub(super) async fn take(service: &'static str, port: u16) -> Result<Self, LocalError> {
        let failed = |source| LocalError::Listen { service, port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    /// Serves until the server is stopped; `beside` goes on as long.
    pub(super) fn serve(
        self,
        endpoint: impl Endpoint,
        beside: impl Future<Output = ()> + Send + 'static,
    ) -> Server {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let serving = serve(self.listener, endpoint, stopped);
            tokio::select! {
                () = serving => {}
                () = async { beside.await; futures::future::pending().await } => {}
            }
        });
        Server { port: self.port, stop, task }
    }
}

impl Server {
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

/// Resolves when the server is told to stop, or nobody is left who could tell it.
async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve(listener: TcpListener, endpoint: impl Endpoint, stopped: watch::Receiver<bool>) {
    let http = Arc::new(auto::Builder::new(TokioExecutor::new()));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(told(stopped));
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: others have to close first.
                    tracing::warn!(%error, "a local endpoint cannot take a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (http, endpoint, watcher) =
            (Arc::clone(&http), endpoint.clone(), connections.watcher());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let endpoint = endpoint.clone();
                async move { Ok::<_, Infallible>(guarded(&endpoint, request).await) }
            });
            let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection to a local endpoint broke");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

async fn guarded(endpoint: &impl Endpoint, request: Request<Incoming>) -> Response<Body> {
    match refusal(request.method(), request.uri(), request.headers()) {
        Some(why) => endpoint.refuse(why),
        None => endpoint.answer(request).await,
    }
}
