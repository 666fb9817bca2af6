//! Serving on a listener, and ending without cutting anybody off.

use axum::{Extension, Router};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long requests in flight have to end once the service stops.
const GRACE: Duration = Duration::from_secs(10);

/// Tells endless streams that the service stops.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    pub(crate) async fn begun(&mut self) {
        // An error means that the server is gone: the same thing.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// Serves until `stopped` is ready, then lets requests in flight end.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let router = router.layer(Extension(Stopping(stopping.clone())));
    let stopped = async move {
        stopped.await;
        stop.send_replace(true);
    };
    let mut over = Stopping(stopping);
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
    tokio::select! {
        served = async { server.await } => served,
        () = async { over.begun().await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("requests were still in flight when the time to stop was over");
            Ok(())
        }
    }
}
