//! The organizations as the review reaches them: their REST port, over HTTP.

mod previews;
mod records;

pub(crate) use previews::{Preview, PreviewField};
pub(crate) use records::{MemberIdentifier, MemberRecord};

use crate::problem::{Kind, Problem, ProblemDocument, chain};
use crate::request::USER;
use entity::{MergeId, OrganizationId, RecordId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use store::resolution::{FieldChoice, SeenPreview};
use uuid::Uuid;

/// Longer than any answer takes when all is well, and shorter than the worker's lease.
const TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// As many as fit a URL.
const IDS_PER_REQUEST: usize = 100;

/// A client of the organizations' REST port.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

/// Why the organizations' side did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is away, busy or broken: the same request may go through later.
    Later(String),
    /// It said no, for this reason.
    No(Box<ProblemDocument>),
}

type Answer<T> = std::result::Result<T, Refusal>;

/// A merge to ask for.
#[derive(Clone, Debug)]
pub(crate) struct WantedMerge<'a> {
    pub(crate) key: Uuid,
    pub(crate) survivor: OrganizationId,
    pub(crate) absorbed: Vec<OrganizationId>,
    pub(crate) by: &'a str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) choices: &'a [FieldChoice],
    /// What the decider looked at; without it, the merge is made on what stands when it is made.
    pub(crate) seen: Option<&'a SeenPreview>,
}

/// A merge to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedPreview<'a> {
    pub(crate) survivor: OrganizationId,
    pub(crate) organizations: &'a [OrganizationId],
    pub(crate) choices: &'a [FieldChoice],
    pub(crate) by: &'a str,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // The port is ours, in the same process or network: a proxy for the outside does not know it.
            .no_proxy()
            .build()
            .expect("no certificate or proxy is set that could be refused");
        Self { base: base.trim_end_matches('/').to_owned(), http }
    }

    /// These records as their sources tell them; those that are gone are left out.
    pub(crate) async fn records(&self, ids: &[RecordId]) -> Answer<Vec<MemberRecord>> {
        #[derive(Deserialize)]
        struct Records {
            records: Vec<MemberRecord>,
        }
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_REQUEST) {
            let list = chunk.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let request = self.http.get(format!("{}/v1/records?ids={list}", self.base));
            all.extend(answer::<Records>(request).await?.records);
        }
        Ok(all)
    }

    /// What a merge would make.
    pub(crate) async fn preview(&self, wanted: &WantedPreview<'_>) -> Answer<Preview> {
        let body = json!({
            "survivor": wanted.survivor, "organizations": wanted.organizations, "choices": wanted.choices,
        });
        let request = self.http.post(format!("{}/v1/merge-previews", self.base));
        answer(request.header(USER, wanted.by.as_bytes()).json(&body)).await
    }

    /// Asks for a merge; the key makes it one merge, however often it is asked for.
    pub(crate) async fn merge(&self, wanted: &WantedMerge<'_>) -> Answer<MergeId> {
        let mut body = json!({"survivor": wanted.survivor, "absorbed": wanted.absorbed, "reason": wanted.reason});
        if !wanted.choices.is_empty() {
            body["choices"] = json!(wanted.choices);
        }
        if let Some(seen) = wanted.seen {
            body["preview_digest"] = json!(seen.digest);
            body["expected_versions"] = json!(seen.expected_versions);
        }
        let request = self
            .http
            .post(format!("{}/v1/merges", self.base))
            .header("idempotency-key", wanted.key.to_string())
            .header(USER, wanted.by.as_bytes())
            .json(&body);
        answer::<Identified>(request).await.map(|merge| merge.id)
    }

    /// Takes a merge back; harmless when it was taken back before.
    pub(crate) async fn undo(&self, merge: MergeId, by: &str, reason: Option<&str>) -> Answer<()> {
        let request = self
            .http
            .post(format!("{}/v1/merges/{merge}/undo", self.base))
            .header(USER, by.as_bytes())
            .json(&json!({ "reason": reason }));
        answer::<Identified>(request).await.map(drop)
    }
}

#[derive(Deserialize)]
struct Identified {
    id: MergeId,
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Answer<T> {
    let later = |error: reqwest::Error| Refusal::Later(chain(&error.without_url()));
    let response = request.send().await.map_err(later)?;
    if response.status().is_success() {
        return response.json().await.map_err(later);
    }
    Err(refusal(response).await)
}

async fn refusal(response: Response) -> Refusal {
    let status = response.status();
    let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    if !status.is_client_error() || passing.contains(&status) {
        return Refusal::Later(format!("the organizations answered {status}"));
    }
    match response.json().await {
        Ok(document) => Refusal::No(Box::new(document)),
        // A no that is none of ours, such as that of a gateway in between, is no word on the merge.
        Err(_) => Refusal::Later(format!("the organizations answered {status} without saying why")),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Later(cause) => {
                tracing::warn!(error = cause, "the organizations did not answer the review");
                Self::new(
                    Kind::OrganizationsUnavailable,
                    "the organizations gave no usable answer: try again in a moment",
                )
            }
            Refusal::No(document) => {
                let kind =
                    Kind::ALL.iter().find(|kind| document.kind.ends_with(&format!("/{}", kind.name())));
                Self {
                    members: document.members,
                    errors: document.errors,
                    ..Self::new(kind.copied().unwrap_or(Kind::OrganizationsUnavailable), document.detail)
                }
            }
        }
    }
}
