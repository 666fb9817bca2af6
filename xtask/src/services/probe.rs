//! Asking a server whether it is ready, in its own protocol.

use anyhow::{Context, Result, bail, ensure};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// A server that takes longer to answer one small question is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a server could listen on this port now.
pub(crate) fn port_is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Fetches a page from this machine and returns its body; any status but 200 is an error.
pub(crate) fn http_get(port: u16, path: &str) -> Result<String> {
    let mut stream = connect(port)?;
    // Version 1.0: the body ends with the connection and comes in one piece.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("reading the answer of port {port}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "{path} answers {status}");
    Ok(body.to_owned())
}

/// Asks a Kafka broker for its cluster; ready when the answer names a broker that takes requests.
pub(crate) fn kafka_metadata(port: u16) -> Result<()> {
    let mut stream = connect(port)?;
    stream.write_all(&METADATA_REQUEST)?;
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).context("reading the metadata of the broker")?;
    // Length, correlation id, throttle time, then the brokers that are not fenced.
    let [.., a, b, c, d] = answer;
    if i32::from_be_bytes([a, b, c, d]) < 1 {
        bail!("the broker has not joined its cluster");
    }
    Ok(())
}

/// `Metadata` version 4 about no topic, without a client id.
const METADATA_REQUEST: [u8; 19] = [
    0, 0, 0, 15, // length of what follows
    0, 3, 0, 4, // api key, version
    0, 0, 0, 1, // correlation id
    0xff, 0xff, // no client id
    0, 0, 0, 0, // no topics
    0, // and none created
];

fn connect(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let stream =
        TcpStream::connect_timeout(&address, PATIENCE).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
