//! What the buttons of the pages send.

use crate::page::PageProblem;
use crate::problem::{Problem, Result};
use crate::request::{Caller, PathId, Raw};
use crate::review::decide::{Said, decide as write_down};
use crate::review::{Room, outcome};
use axum::extract::State;
use axum::response::Redirect;
use entity::{JudgementVerdict, OrganizationId};
use std::time::Duration;
use url::form_urlencoded;
use uuid::Uuid;

/// How long a click waits for its effect before the page shows the decision on its way.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The fields of a form, in order.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field that is filled in.
    fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    fn ids(&self, name: &str) -> Result<Vec<OrganizationId>> {
        let values = self.0.iter().filter(|(field, _)| field == name);
        values.map(|(_, value)| value.parse().map_err(|_| Problem::invalid(name, "is not an id"))).collect()
    }
}

pub(super) async fn decide(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let verdict = match fields.text("verdict") {
        Some("match") => JudgementVerdict::Match,
        Some("non_match") => JudgementVerdict::NonMatch,
        Some("related") => JudgementVerdict::Related,
        _ => return Err(Problem::invalid("verdict", "is one of match, non_match and related").into()),
    };
    let organizations = fields.ids("organizations")?;
    // A survivor that was taken out of the decision cannot stay; another of those that take part does.
    let survivor = fields.ids("survivor")?.into_iter().next();
    let survivor = survivor.filter(|id| organizations.is_empty() || organizations.contains(id));
    let by = caller.or_named(fields.text("user"))?.name;
    let reason = fields.text("reason").map(str::to_owned);
    let decision =
        write_down(&room, id.into(), Said { verdict, survivor, organizations, reason, by }).await?;
    outcome::settled(&room, decision.id, PATIENCE).await?;
    let next = fields.text("next").and_then(|next| next.parse::<Uuid>().ok());
    let next = next.map(|next| format!("?next={next}")).unwrap_or_default();
    Ok(Redirect::to(&format!("/decisions/{}{next}", decision.id)))
}

pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    outcome::undo(&room, id, &by, fields.text("reason")).await?;
    Ok(Redirect::to(&format!("/decisions/{id}")))
}
