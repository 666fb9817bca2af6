//! Survivorship policies: which value wins, in versions that never change, one of them in force.

mod document;
pub(super) mod simulate;

use super::Room;
use super::conditional::{quoted, require_match};
use crate::paging::{PageQuery, last_of_more, sealed};
use crate::problem::{FieldProblem, Kind, Problem, Result};
use crate::request::{Body, Caller, Headers, Parameters};
use crate::responses::{EditProblems, ListProblems, PolicyProblems, ReadProblems};
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use document::PolicyDocumentBody;
use entity::PolicyDocument;
use serde::{Deserialize, Serialize};
use store::StatedPolicy;
use store::policies::Signature;
use utoipa::{IntoParams, ToSchema};

const NAME_CHARS_MAX: usize = 60;

/// The name of a policy, in the path.
#[derive(Clone, Debug)]
pub(super) struct PolicyName(String);

impl<S: Send + Sync> FromRequestParts<S> for PolicyName {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
        let fits = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
        if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) {
            return Ok(Self(name));
        }
        let shown: String = name.chars().take(60).collect();
        let detail = format!(
            "{shown:?} in the path is no name of a policy: write 1 to {NAME_CHARS_MAX} letters, digits, -, _ or ."
        );
        Err(Problem::new(Kind::Malformed, detail))
    }
}

/// A version of a survivorship policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SurvivorshipPolicy)]
pub(crate) struct PolicyView {
    /// Its name.
    name: String,
    /// Its version: 1, 2, 3…
    version: i64,
    /// Which value wins.
    #[schema(value_type = PolicyDocumentBody)]
    document: PolicyDocument,
    /// Who wrote it.
    stated_by: String,
    /// When.
    stated_at: DateTime<Utc>,
    /// Since when and by whom it is in force; absent when another version or policy is.
    in_force: Option<InForceView>,
}

/// How a policy came into force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = InForce)]
pub(crate) struct InForceView {
    /// Who activated it.
    by: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<StatedPolicy> for PolicyView {
    fn from(stated: StatedPolicy) -> Self {
        Self {
            name: stated.policy.name,
            version: stated.policy.version,
            document: stated.policy.document,
            stated_by: stated.stated_by,
            stated_at: stated.stated_at,
            in_force: stated.in_force.map(|in_force| InForceView { by: in_force.by, at: in_force.at }),
        }
    }
}

type Tagged = ([(HeaderName, HeaderValue); 1], Json<PolicyView>);

fn tagged(stated: StatedPolicy) -> Tagged {
    let etag = quoted(&stated.policy.version.to_string());
    ([(header::ETAG, etag)], Json(stated.into()))
}

fn missing(name: &str, version: Option<i64>) -> Problem {
    let version = version.map_or_else(String::new, |version| format!("version {version} of "));
    Problem::not_found(format!("{version}survivorship policy {name}"))
}

/// Survivorship policies, by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyPage {
    /// The newest version of each.
    policies: Vec<PolicyView>,
    /// The policy by which values win now.
    in_force: PolicyView,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Lists survivorship policies, each in its newest version, and the one in force.
#[utoipa::path(get, path = "/v1/survivorship-policies", operation_id = "list_survivorship_policies", tag = "survivorship",
    params(PageQuery),
    responses((status = 200, description = "A page", body = PolicyPage), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<PolicyPage>> {
    let limit = page.limit()?;
    let mut policies = room.store.policies(page.after()?.as_deref(), limit + 1).await?;
    let next = last_of_more(&mut policies, limit).map(|last| sealed(&last.policy.name));
    let in_force = room.store.policy_in_force().await?.into();
    let policies = policies.into_iter().map(PolicyView::from).collect();
    Ok(Json(PolicyPage { policies, in_force, next }))
}

/// Which version of a policy.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// The newest without it.
    version: Option<i64>,
}

/// Reads a survivorship policy.
#[utoipa::path(get, path = "/v1/survivorship-policies/{name}", operation_id = "get_survivorship_policy",
    tag = "survivorship", params(("name" = String, Path, description = "The policy"), VersionQuery),
    responses((status = 200, description = "The policy", body = PolicyView,
        headers(("ETag" = String, description = "The version"))), ReadProblems))]
pub(super) async fn get(
    State(room): State<Room>,
    PolicyName(name): PolicyName,
    Parameters(query): Parameters<VersionQuery>,
) -> Result<Tagged> {
    let stated = room.store.policy(&name, query.version).await?;
    stated.map(tagged).ok_or_else(|| missing(&name, query.version))
}

/// Writes the next version of a survivorship policy.
///
/// Nothing changes until the version is activated. A document that the newest version holds already makes no new one.
/// Of a policy that is there, the newest version is to be named in `If-Match`.
#[utoipa::path(put, path = "/v1/survivorship-policies/{name}", operation_id = "put_survivorship_policy",
    tag = "survivorship", request_body = PolicyDocumentBody,
    params(("name" = String, Path, description = "The policy: letters, digits, -, _ and ."),
        ("If-Match" = Option<String>, Header, description = "The newest version, as its ETag; not for a new policy"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who writes it")),
    responses((status = 200, description = "The newest version", body = PolicyView, headers(("ETag" = String))),
        EditProblems))]
pub(super) async fn put(
    State(room): State<Room>,
    PolicyName(name): PolicyName,
    headers: Headers,
    Caller { name: by, .. }: Caller,
    Body(document): Body<PolicyDocument>,
) -> Result<Tagged> {
    check(&document, "")?;
    let newest = room.store.policy(&name, None).await?.map(|newest| newest.policy.version);
    match newest {
        Some(version) => require_match(&headers, &version.to_string())?,
        None if headers.text(&header::IF_MATCH).is_some() => {
            return Err(Problem::new(
                Kind::Stale,
                format!("there is no survivorship policy {name} to match"),
            ));
        }
        None => {}
    }
    let signature = Signature { by, at: entity::clock::now() };
    room.store.put_policy(&name, &document, newest, &signature).await.map(tagged).map_err(Into::into)
}

/// Refuses a document that can decide nothing; `within` is where it stands in the body.
fn check(document: &PolicyDocument, within: &str) -> Result<()> {
    let Err(faults) = golden::check_policy(document) else { return Ok(()) };
    let errors: Vec<FieldProblem> = faults
        .into_iter()
        .map(|fault| FieldProblem { field: format!("{within}{}", fault.field), problem: fault.problem })
        .collect();
    let told = errors.iter().map(|error| format!("{}: {}", error.field, error.problem));
    let detail = told.collect::<Vec<_>>().join("; ");
    Err(Problem { errors, ..Problem::new(Kind::Invalid, detail) })
}

/// Which version to put in force.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivationBody {
    /// The version, as it was looked at: there is no default, so that nobody activates what they have not seen.
    version: i64,
}

/// Puts a version of a survivorship policy in force.
///
/// Every golden record of several members goes out again under it. The version that is in force already changes nothing.
#[utoipa::path(post, path = "/v1/survivorship-policies/{name}/activate", operation_id = "activate_survivorship_policy",
    tag = "survivorship", request_body = ActivationBody,
    params(("name" = String, Path, description = "The policy"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who activates it")),
    responses((status = 200, description = "The policy in force", body = PolicyView), PolicyProblems))]
pub(super) async fn activate(
    State(room): State<Room>,
    PolicyName(name): PolicyName,
    Caller { name: by, .. }: Caller,
    Body(body): Body<ActivationBody>,
) -> Result<(StatusCode, Json<PolicyView>)> {
    let signature = Signature { by, at: entity::clock::now() };
    let stated = room.store.activate_policy(&name, body.version, &signature).await?;
    room.changed();
    Ok((StatusCode::OK, Json(stated.into())))
}
