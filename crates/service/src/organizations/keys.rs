//! `Idempotency-Key`: the same request again gets the same answer, and never does the same thing twice.

use crate::problem::{Kind, Problem, Result};
use crate::request::Headers;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use store::merging::RequestKey;

/// Keys of requests that are under way in this process. In another process the same key waits for the lock of links
/// and finds the answer there.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<BTreeSet<String>>>);

/// A key that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    running: Running,
    key: String,
}

impl Running {
    pub(super) fn begin(&self, key: &RequestKey) -> Result<Turn> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.insert(key.key.clone()) {
            let detail = "a request with this Idempotency-Key is under way: wait for its answer, or ask again in a moment";
            return Err(Problem::new(Kind::RequestRunning, detail));
        }
        drop(keys);
        Ok(Turn { running: self.clone(), key: key.key.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// The caller's key, with what the request says, in one order.
pub(super) fn request_key(headers: &Headers, said: &Value) -> Result<RequestKey> {
    let key = headers.idempotency_key()?.ok_or_else(|| {
        let detail = "send an Idempotency-Key header that is new for each request, such as a UUID";
        Problem::new(Kind::IdempotencyKeyMissing, detail)
    })?;
    Ok(RequestKey { key: key.to_owned(), fingerprint: said.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_while_its_request_runs() {
        let running = Running::default();
        let key = |key: &str| RequestKey { key: key.to_owned(), fingerprint: String::new() };
        let turn = running.begin(&key("a")).unwrap();
        assert_eq!(running.begin(&key("a")).unwrap_err().kind, Kind::RequestRunning);
        running.begin(&key("b")).unwrap();
        drop(turn);
        running.begin(&key("a")).unwrap();
    }
}
