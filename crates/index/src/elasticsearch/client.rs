//! Requests to Elasticsearch: one way to send them, one way to wait while the cluster is busy.

use super::config::{Credentials, ElasticConfig, Retries};
use super::failure::{Reason, may_pass, refused};
use crate::error::{Error, Result};
use elasticsearch::auth::Credentials as Authorization;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use url::Url;

/// A connection pool with our manners.
#[derive(Clone, Debug)]
pub(super) struct Client {
    transport: Transport,
    timeout: Duration,
    retries: Retries,
}

/// An answer of the server, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn new(url: &str, config: &ElasticConfig) -> Result<Self> {
        let invalid =
            |why: String| Error::Invalid(format!("Elasticsearch at {}: {why}", without_password(url)));
        let mut url = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("begin with http:// or https://".to_owned()));
        }
        let credentials = config.credentials.clone().or_else(|| credentials_of(&url));
        // Else they would be sent twice.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url));
        if let Some(credentials) = credentials {
            builder = builder.auth(authorization(credentials)?);
        }
        if let Some(pem) = &config.ca_certificate {
            let certificate = Certificate::from_pem(pem)
                .map_err(|error| invalid(format!("its CA certificate: {error}")))?;
            builder = builder.cert_validation(CertificateValidation::Full(certificate));
        }
        let transport = builder.build().map_err(|error| invalid(error.to_string()))?;
        Ok(Self { transport, timeout: config.request_timeout, retries: config.retries })
    }

    /// Sends until the answer is neither busy nor missing, within bounds. Whatever is sent here may arrive
    /// twice without harm.
    pub(super) async fn send(&self, doing: &str, method: Method, path: &str, body: &[u8]) -> Result<Answer> {
        let mut backoff = self.backoff();
        loop {
            let failure = match self.send_once(method, path, body).await {
                Ok(answer) if answer.status < 400 => return Ok(answer),
                Ok(answer) => {
                    let reason = Reason::of(&answer.body);
                    if !may_pass(answer.status, &reason, target_of(path)) {
                        return Ok(answer);
                    }
                    refused(doing, answer.status, &reason, target_of(path))
                }
                Err(error) => Error::transient(doing, error),
            };
            if !backoff.wait(doing).await {
                return Err(failure);
            }
        }
    }

    /// Sends JSON and reads JSON; any refusal is an error.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        doing: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(doing, method, path, &body).await?;
        if answer.status >= 400 {
            return Err(answer.refusal(doing, path));
        }
        answer.parse(doing)
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff { retries: self.retries, tries: 0 }
    }

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
    ) -> Result<Answer, elasticsearch::Error> {
        let body = (!body.is_empty()).then_some(body);
        let answer = self
            .transport
            .send(method, path, HeaderMap::new(), None::<&()>, body, Some(self.timeout))
            .await?;
        let status = answer.status_code().as_u16();
        Ok(Answer { status, body: answer.bytes().await?.to_vec() })
    }
}

impl Answer {
    /// A status from 400 on as an error.
    pub(super) fn refusal(&self, doing: &str, path: &str) -> Error {
        refused(doing, self.status, &Reason::of(&self.body), target_of(path))
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, doing: &str) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Corrupt(format!("{doing}: an answer that we do not understand: {error}")))
    }
}

/// Growing waits with a bound on their number.
#[derive(Debug)]
pub(super) struct Backoff {
    retries: Retries,
    tries: u32,
}

impl Backoff {
    /// Waits before the next try; `false` when there shall be none.
    pub(super) async fn wait(&mut self, doing: &str) -> bool {
        if self.tries == self.retries.retries_max {
            return false;
        }
        let doubled =
            self.retries.wait_min.saturating_mul(1 << self.tries.min(16)).min(self.retries.wait_max);
        self.tries += 1;
        // A hasher's random key is chance enough to keep many writers from coming back all at once.
        let [chance, ..] = RandomState::new().hash_one(self.tries).to_le_bytes();
        let wait = doubled.mul_f64(1.0 - f64::from(chance) / 512.0);
        tracing::debug!(
            doing,
            tries = self.tries,
            wait_ms = wait.as_millis(),
            "Elasticsearch is busy: waiting"
        );
        tokio::time::sleep(wait).await;
        true
    }
}

/// The alias that a path is addressed to.
fn target_of(path: &str) -> &str {
    path.split_once('/').map_or(path, |(target, _)| target)
}

fn authorization(credentials: Credentials) -> Result<Authorization> {
    match credentials {
        Credentials::Basic { user, password } => Ok(Authorization::Basic(user, password)),
        // The client library panics on what cannot stand in a header.
        Credentials::ApiKey(key) if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Authorization::EncodedApiKey(key))
        }
        Credentials::ApiKey(_) => Err(Error::Invalid(
            "the API key of Elasticsearch: give the `encoded` form, one line of base64".to_owned(),
        )),
    }
}

fn credentials_of(url: &Url) -> Option<Credentials> {
    let password = url.password()?.to_owned();
    Some(Credentials::Basic { user: url.username().to_owned(), password })
}

fn without_password(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "an address that is no URL".to_owned(),
        |url| format!("{}://{}", url.scheme(), url.authority().rsplit('@').next().unwrap_or_default()),
    )
}
