//! An HTTP server that answers what a test tells it to, and keeps what it was asked.

use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request to the stub.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    head: String,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status and a body.
    Body(u16, String),
    /// The connection ends.
    Hangup,
    /// Nothing at all, for ever.
    Silence,
    /// Half of an answer.
    Torn,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Body(status, body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Body(status, body.to_owned())
    }
}

/// Gets the number of the request, from zero, and the request.
type Play = Box<dyn Fn(usize, &Request) -> Answer + Send + Sync>;

/// The server; it ends with the test.
pub(crate) struct Stub {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    server: JoinHandle<()>,
}

impl Stub {
    pub(crate) async fn start(play: Play) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (play, kept) = (Arc::new(play), Arc::clone(&requests));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (play, kept) = (Arc::clone(&play), Arc::clone(&kept));
                tokio::spawn(async move { serve(stream, &play, &kept).await });
            }
        });
        Self { port, requests, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests so far, but for the question whether the alias is there, which is always answered with yes, and the one
    /// for its mapping.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, play: &Play, kept: &Mutex<Vec<Request>>) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let mut request = Request { head, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    request.body = String::from_utf8(body).unwrap();
    if request.head.starts_with("GET /_alias/") {
        return answer(stream, 200, r#"{"records-first": {}}"#, 0).await;
    }
    if request.head.starts_with("GET ") && request.head.contains("/_mapping ") {
        return answer(stream, 200, "{}", 0).await;
    }
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(request.clone());
        kept.len() - 1
    };
    match play(number, &request) {
        Answer::Body(status, body) => answer(stream, status, &body, 0).await,
        Answer::Hangup => {}
        Answer::Silence => std::future::pending().await,
        Answer::Torn => answer(stream, 200, "{", 100).await,
    }
}

/// Answers and hangs up; `missing` bytes are promised and never sent.
async fn answer(mut stream: BufReader<TcpStream>, status: u16, body: &str, missing: usize) {
    let length = body.len() + missing;
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.flush().await;
}
