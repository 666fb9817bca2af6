//! The organizations as the review reaches them: their REST port, over HTTP.

mod previews;
mod records;

pub(crate) use previews::{Preview, PreviewField};
pub(crate) use records::{MemberIdentifier, MemberRecord};

use crate::access::Secret;
use crate::ports::Ports;
use crate::problem::{Kind, Problem, ProblemDocument, chain};
use crate::request::USER;
use entity::{MergeId, OrganizationId, RecordId};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
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
    /// A second person has to approve it first.
    Awaiting,
    /// It said no, for this reason.
    No(Box<ProblemDocument>),
}

impl Refusal {
    fn of_document(document: ProblemDocument) -> Self {
        if is(&document, Kind::RequestRunning) {
            Self::Later(document.detail)
        } else {
            Self::No(Box::new(document))
        }
    }

    /// What stood when it was looked at changed before the request came: it is looked at anew.
    fn unless_overtaken(self) -> Self {
        match self {
            Self::No(document)
                if is(&document, Kind::StaleMembers) || is(&document, Kind::PreviewExpired) =>
            {
                Self::Later(document.detail)
            }
            other => other,
        }
    }
}

fn is(document: &ProblemDocument, kind: Kind) -> bool {
    document.kind.ends_with(&format!("/{}", kind.name()))
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
    pub(crate) fn of(ports: &Ports) -> Self {
        Self::new(&ports.organizations_url, &ports.organizations_token)
    }

    fn new(base: &str, token: &Secret) -> Self {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .default_headers(credentials(token))
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

    /// Asks for a merge on what was seen, or else on what stands now; the key makes it one merge, however often it is
    /// asked for.
    pub(crate) async fn merge(&self, wanted: &WantedMerge<'_>) -> Answer<MergeId> {
        if wanted.seen.is_some() {
            return self.merge_on(wanted, wanted.seen).await;
        }
        let look = WantedPreview {
            survivor: wanted.survivor,
            organizations: &wanted.absorbed,
            choices: wanted.choices,
            by: wanted.by,
        };
        match self.preview(&look).await {
            Ok(Preview { digest, expected_versions, .. }) => {
                let seen = SeenPreview { digest, expected_versions };
                self.merge_on(wanted, Some(&seen)).await.map_err(Refusal::unless_overtaken)
            }
            // Perhaps it was made, and the answer was lost: then the key has its answer. Otherwise it says no again.
            Err(Refusal::No(_)) => self.merge_on(wanted, None).await,
            Err(later) => Err(later),
        }
    }

    async fn merge_on(&self, wanted: &WantedMerge<'_>, seen: Option<&SeenPreview>) -> Answer<MergeId> {
        let mut body = json!({
            "survivor": wanted.survivor, "organizations": wanted.absorbed, "reason": wanted.reason,
            "choices": wanted.choices,
        });
        if let Some(seen) = seen {
            body["preview_digest"] = json!(seen.digest);
            body["expected_versions"] = json!(seen.expected_versions);
        }
        let request = self
            .http
            .post(format!("{}/v1/merges", self.base))
            .header("idempotency-key", wanted.key.to_string())
            .header(USER, wanted.by.as_bytes())
            .json(&body);
        match answer::<Merged>(request).await? {
            Merged::Merge { id } => Ok(id),
            Merged::Batch { items } => {
                items.into_iter().next().map_or(Err(Refusal::Awaiting), Pending::outcome)
            }
        }
    }

    /// Takes a merge back; harmless when it was taken back before.
    pub(crate) async fn undo(&self, merge: MergeId, by: &str, reason: Option<&str>) -> Answer<()> {
        let request = self
            .http
            .post(format!("{}/v1/merges/{merge}/undo", self.base))
            .header(USER, by.as_bytes())
            .json(&json!({ "reason": reason }));
        answer::<IgnoredAny>(request).await.map(drop)
    }
}

/// What a merge was answered with: itself, or the batch of one that waits for a second person.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merged {
    // First: a merge has no items.
    Batch { items: Vec<Pending> },
    Merge { id: MergeId },
}

/// The one merge of a batch.
#[derive(Deserialize)]
struct Pending {
    state: String,
    merge_id: Option<MergeId>,
    problem: Option<ProblemDocument>,
}

impl Pending {
    fn outcome(self) -> Answer<MergeId> {
        match (self.merge_id, self.problem) {
            (Some(merge), _) => Ok(merge),
            (None, Some(problem)) => Err(Refusal::No(Box::new(problem))),
            (None, None) if self.state == "skipped" => {
                let detail = "the merge waited for a second person, and was cancelled";
                Err(Refusal::No(Box::new(Problem::new(Kind::BatchClosed, detail).document())))
            }
            (None, None) => Err(Refusal::Awaiting),
        }
    }
}

/// The header that says who the review is.
fn credentials(token: &Secret) -> HeaderMap {
    let header = HeaderValue::from_str(&format!("Bearer {}", token.text()));
    let header = header.ok().filter(|_| !token.text().is_empty()).map(|mut header| {
        header.set_sensitive(true);
        (AUTHORIZATION, header)
    });
    header.into_iter().collect()
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
    if status == StatusCode::UNAUTHORIZED {
        let cause = "the organizations do not know the review: set service.organizations_token to a token with the role service";
        return Refusal::Later(cause.to_owned());
    }
    match response.json::<ProblemDocument>().await {
        // No word on the merge either: the review's own token lacks a role, which can be mended.
        Ok(document) if is(&document, Kind::MissingRole) => Refusal::Later(format!(
            "the token in service.organizations_token lacks a role: {}",
            document.detail
        )),
        Ok(document) => Refusal::of_document(document),
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
            Refusal::Awaiting => {
                Self::new(Kind::NeedsSecondApproval, "somebody else has to approve it before it is done")
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
