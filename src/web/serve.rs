//! The router on a port.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::router::router;
use super::state::Web;

/// How long requests may take that run when the server stops: those of pages that wait for events never
/// end.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// Serves until `stop` resolves, and then as long as requests run, a second at most.
pub async fn serve(
    listener: TcpListener,
    web: Web,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (stopped, has_stopped) = tokio::sync::oneshot::channel();
    let service = router(web).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        stop.await;
        // Nobody waits for it, if the server has failed.
        let _ = stopped.send(());
    });
    let last = async {
        let _ = has_stopped.await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        served = serving => if let Err(error) = served {
            tracing::error!("the page's server failed: {error}");
        },
        () = last => {}
    }
}
