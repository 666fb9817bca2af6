//! Serving on a listener, ending without cutting anybody off, and letting nobody hold a connection for nothing.

mod stall;

use crate::access::Peer;
use axum::http::Request;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use stall::Unstalled;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long requests in flight have to end once the service stops.
const GRACE: Duration = Duration::from_secs(10);
/// After a connection could not be accepted, for want of file handles for one.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells endless streams that the service stops.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    pub(crate) async fn begun(&mut self) {
        // An error means that the server is gone: the same thing.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// How long the other side may take.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the head of a request: also for the next one on a connection that is kept alive.
    head: Duration,
    /// For taking anything of an answer that is there. Bodies of requests are read within the time of the request.
    taking: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), taking: Duration::from_secs(60) }
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
    listener.local_addr()?;
    serve_patiently(Patience::default(), listener, router, stopped).await;
    Ok(())
}

async fn serve_patiently(
    patience: Patience,
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(false);
    let router = router.layer(Extension(Stopping(stopping)));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection((stream, peer), router.clone(), patience, &graceful);
                    connections.spawn(connection);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    stop.send_replace(true);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight when the time to stop was over");
    }
}

/// One connection, from its first request to its last.
fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    patience: Patience,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    // Events of a stream go out as they come.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Unstalled::new(stream, patience.taking));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let served = graceful.watch(http.serve_connection(stream, service));
    async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    const SHORT: Patience = Patience { head: Duration::from_millis(200), taking: Duration::from_millis(200) };

    /// A connection to a server of short patience that never stops talking at `/endless`.
    async fn connected() -> (TcpStream, oneshot::Receiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (dropped, ended) = oneshot::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(Some(dropped)));
        let endless = async move || {
            let held = held.lock().unwrap().take();
            let chunks = futures::stream::repeat_with(move || {
                let _ = &held;
                Ok::<_, io::Error>(vec![0_u8; 65_536])
            });
            Body::from_stream(chunks)
        };
        let router = Router::new().route("/endless", get(endless)).route("/", get(async || "whole"));
        tokio::spawn(serve_patiently(SHORT, listener, router, std::future::pending()));
        (TcpStream::connect(address).await.unwrap(), ended)
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_not_waited_for() {
        let (mut client, _) = connected().await;
        let began = Instant::now();
        // A byte now and then, as those do who want to hold the connection.
        let mut heads = "GET / HTTP/1.1\r\nhost: x\r\n".bytes().chain(std::iter::repeat(b'x'));
        let mut answer = [0; 1];
        loop {
            let sent = client.write_all(&[heads.next().unwrap()]).await;
            let heard = tokio::time::timeout(Duration::from_millis(20), client.read(&mut answer)).await;
            if sent.is_err() || matches!(heard, Ok(Ok(0) | Err(_))) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "the server holds on");
        }
        assert!(began.elapsed() >= SHORT.head, "it was given its time");
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_let_go() {
        let (mut client, ended) = connected().await;
        client.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // Not read: the buffers between fill up, and then nothing moves.
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.expect("the server holds on").is_err(), "the answer was dropped");
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_request_in_time() {
        let (mut client, _) = connected().await;
        for _ in 0..3 {
            client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"whole") {
                assert!(client.read_buf(&mut answer).await.unwrap() > 0, "it was closed");
            }
            tokio::time::sleep(SHORT.head / 4).await;
        }
    }
}
