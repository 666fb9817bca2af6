//! Certificates: what a sample proved of a band, until it expires or later answers break it.

use super::Room;
use super::bands;
use super::blind::{Answers, present_items, sample};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Caller};
use crate::responses::{PlainProblems, SamplingProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use store::resolution::Decision;
use store::review::sampling::Certificate;
use utoipa::ToSchema;
use uuid::Uuid;

const VALID_DAYS_DEFAULT: i64 = 30;
const VALID_DAYS_MAX: i64 = 365;
/// With more of a sample void than this part (one in twenty), who was left out may be no accident.
const VOID_PART: u64 = 20;
const SAMPLES_LOOKED_AT: usize = 1000;

/// A certificate to issue.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateBody {
    /// The sample that it rests on, all of it answered.
    pub(super) sample_id: Uuid,
    /// The precision to vouch for, such as 0.99: above 0.5 and below 1.
    pub(super) precision: f64,
    /// For so many days, 30 unless told, 365 at most.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub(super) valid_days: Option<i64>,
}

/// What a sample proved of a band.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(super) struct CertificateView {
    pub(super) id: Uuid,
    /// The band.
    pub(super) band: String,
    /// The model whose clusters it is about.
    model_version: String,
    /// The precision that it vouches for.
    pub(super) precision: f64,
    /// The lower bound that the sample gave, at 95 % confidence (Clopper–Pearson, one-sided).
    pub(super) precision_bound: f64,
    /// Clusters answered.
    pub(super) answered: u64,
    /// Of those, how many the model had right.
    pub(super) right: u64,
    /// The sample.
    pub(super) sample_id: Uuid,
    /// By whom.
    issued_by: String,
    /// When.
    issued_at: DateTime<Utc>,
    /// It is worth nothing from then on.
    pub(super) expires_at: DateTime<Utc>,
    /// `valid`, `expired`, `withdrawn`, or `outdated`: another model is live.
    pub(super) state: String,
    /// Why it was withdrawn.
    pub(super) withdrawn_reason: Option<String>,
}

/// Whether a certificate is worth something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Valid,
    Expired,
    Withdrawn,
    Outdated,
}

impl Worth {
    pub(super) fn of(certificate: &Certificate, model: &str, now: DateTime<Utc>) -> Self {
        if certificate.withdrawn.is_some() {
            Self::Withdrawn
        } else if certificate.model_version != model {
            Self::Outdated
        } else if certificate.expires_at <= now {
            Self::Expired
        } else {
            Self::Valid
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Outdated => "outdated",
        }
    }
}

fn view(certificate: Certificate, model: &str) -> CertificateView {
    let state = Worth::of(&certificate, model, entity::clock::now()).word().to_owned();
    CertificateView {
        id: certificate.id,
        band: bands::named(certificate.band).map_or("", |band| band.name).to_owned(),
        model_version: certificate.model_version,
        precision: certificate.precision,
        precision_bound: certificate.bound,
        answered: certificate.answered,
        right: certificate.right,
        sample_id: certificate.sample_id,
        issued_by: certificate.issued_by,
        issued_at: certificate.issued_at,
        expires_at: certificate.expires_at,
        state,
        withdrawn_reason: certificate.withdrawn.map(|(_, reason)| reason),
    }
}

/// Issues a certificate: that proposals in a band are right at least so often, as a sample proves.
///
/// All of the sample has to be answered, and the lower bound of its precision has to reach what is vouched for: 299
/// right answers without a wrong one prove 0.99, 149 prove 0.98.
#[utoipa::path(post, path = "/v1/certificates", operation_id = "issue_certificate", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who issues it")),
    request_body = CertificateBody,
    responses((status = 201, description = "The certificate", body = CertificateView), SamplingProblems))]
pub(super) async fn issue(
    State(room): State<Room>,
    caller: Caller,
    Body(body): Body<CertificateBody>,
) -> Result<(StatusCode, Json<CertificateView>)> {
    let certificate = issued(&room, body, &caller.name).await?;
    let model = certificate.model_version.clone();
    Ok((StatusCode::CREATED, Json(view(certificate, &model))))
}

pub(super) async fn issued(room: &Room, body: CertificateBody, by: &str) -> Result<Certificate> {
    if !(body.precision > 0.5 && body.precision < 1.0) {
        return Err(Problem::invalid("precision", "is above 0.5 and below 1"));
    }
    let days = body.valid_days.unwrap_or(VALID_DAYS_DEFAULT);
    if !(1..=VALID_DAYS_MAX).contains(&days) {
        return Err(Problem::invalid("valid_days", format!("{days} is not between 1 and {VALID_DAYS_MAX}")));
    }
    let sample = sample(room, body.sample_id).await?;
    let model = room.store.live_model().await?;
    if sample.model_version != model {
        let detail = format!("the sample is of model {}, and {model} is live", sample.model_version);
        return Err(Problem::new(Kind::NotCertified, detail));
    }
    let answers = Answers::of(&present_items(room, sample.id).await?);
    prove(answers, body.precision)?;
    let now = entity::clock::now();
    let certificate = Certificate {
        id: Uuid::now_v7(),
        band: sample.band,
        model_version: model,
        precision: body.precision,
        bound: answers.bound(),
        answered: answers.answered(),
        right: answers.right,
        sample_id: sample.id,
        issued_by: by.to_owned(),
        issued_at: now,
        expires_at: now + TimeDelta::days(days),
        withdrawn: None,
    };
    room.store.add_certificate(&certificate).await?;
    Ok(certificate)
}

/// Refuses what the answers do not prove.
fn prove(answers: Answers, precision: f64) -> Result<()> {
    let refused = |detail: String| {
        Err(Problem::new(Kind::NotCertified, detail)
            .with("answered", answers.answered())
            .with("right", answers.right)
            .with("precision_bound", answers.bound()))
    };
    if answers.waiting > 0 {
        return refused(format!(
            "{} clusters of the sample are not answered yet: answer all of it",
            answers.waiting
        ));
    }
    if answers.void * VOID_PART > answers.answered() + answers.void {
        return refused(format!(
            "{} clusters of the sample changed unanswered: draw a new one",
            answers.void
        ));
    }
    if answers.bound() < precision {
        return refused(format!(
            "{} of {} answers are right, which proves {:.4} and not {precision}",
            answers.right,
            answers.answered(),
            answers.bound()
        ));
    }
    Ok(())
}

/// Certificates, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CertificateList {
    certificates: Vec<CertificateView>,
}

/// Lists certificates, newest first, with what they are worth now.
#[utoipa::path(get, path = "/v1/certificates", operation_id = "list_certificates", tag = "review",
    responses((status = 200, description = "Certificates", body = CertificateList), PlainProblems))]
pub(super) async fn list(State(room): State<Room>) -> Result<Json<CertificateList>> {
    Ok(Json(CertificateList { certificates: all(&room).await? }))
}

pub(super) async fn all(room: &Room) -> Result<Vec<CertificateView>> {
    let model = room.store.live_model().await?;
    let certificates = room.store.certificates().await?;
    Ok(certificates.into_iter().map(|certificate| view(certificate, &model)).collect())
}

/// A certificate that is worth something now.
pub(super) async fn valid(room: &Room, id: Uuid) -> Result<Certificate> {
    let certificate = room.store.certificates().await?.into_iter().find(|one| one.id == id);
    let certificate = certificate.ok_or_else(|| Problem::not_found(format!("certificate {id}")))?;
    let model = room.store.live_model().await?;
    match Worth::of(&certificate, &model, entity::clock::now()) {
        Worth::Valid => Ok(certificate),
        worth => {
            let detail = format!("certificate {id} is {}: draw a new sample and certify anew", worth.word());
            Err(Problem::new(Kind::CertificateWithdrawn, detail))
        }
    }
}

/// After a blind answer: withdraws the certificates that it breaks. The answers of all samples of the same band and
/// model count that were drawn with or after the one that a certificate rests on.
pub(super) async fn check_after(room: &Room, decision: &Decision) -> Result<()> {
    let Some(answered) = decision.notes.blind_sample else { return Ok(()) };
    let answered = sample(room, answered).await?;
    let model = room.store.live_model().await?;
    let now = entity::clock::now();
    for certificate in room.store.certificates().await? {
        let about = certificate.band == answered.band && certificate.model_version == answered.model_version;
        if !about || Worth::of(&certificate, &model, now) != Worth::Valid {
            continue;
        }
        let answers = answers_since(room, &certificate).await?;
        if answers.bound() < certificate.precision {
            let reason = format!(
                "{} of {} blind answers are right, which proves {:.4} and no longer {}",
                answers.right,
                answers.answered(),
                answers.bound(),
                certificate.precision
            );
            room.store.withdraw_certificate(certificate.id, now, &reason).await?;
            tracing::warn!(certificate = %certificate.id, "later blind answers broke a certificate");
        }
    }
    Ok(())
}

async fn answers_since(room: &Room, certificate: &Certificate) -> Result<Answers> {
    let from = sample(room, certificate.sample_id).await?.drawn_at;
    let mut all = Answers::default();
    for later in room.store.samples(SAMPLES_LOOKED_AT).await? {
        let counts = later.band == certificate.band
            && later.model_version == certificate.model_version
            && later.drawn_at >= from;
        if counts {
            let answers = Answers::of(&room.store.blind_items(later.id).await?);
            all.right += answers.right;
            all.wrong += answers.wrong;
        }
    }
    Ok(all)
}
