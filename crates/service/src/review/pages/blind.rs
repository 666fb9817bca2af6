//! A sample, answered blindly: what the model says, and what others said, is hidden until the answer is given.

use super::compare::{self, Use};
use super::look::{Asked, Look, glance};
use super::{cluster, distance, keys, panel, seen, services, tools};
use crate::page::{Page, PageProblem, Place, count, percent};
use crate::request::{Caller, PathId};
use crate::review::Room;
use crate::review::blind::{Answers, present_items, sample};
use axum::extract::State;
use maud::{Markup, html};
use store::review::sampling::BlindSample;

pub(super) async fn show(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
) -> Result<Page, PageProblem> {
    let sample = sample(&room, id).await?;
    let items = present_items(&room, id).await?;
    let answers = Answers::of(&items);
    let Some(item) = items.iter().find(|item| item.outcome.is_none()) else {
        return Ok(Page::new("The sample is answered", Place::Quality, answered(&sample, answers)));
    };
    // What others said is no part of it; after the answer comes the sample's next, not the queue's.
    let look = glance(&room, item.cluster_id, Asked::default(), &caller).await?;
    let content = html! {
        p.crumbs { a href="/quality" { "Quality" } }
        h1 { "Are these " (look.members.len()) " one organization?" }
        p.lead { "One of a sample, drawn by chance. What the model says, and what others said, is hidden until you have answered." }
        p.hint role="status" { (count(answers.answered() + answers.void)) " of " (count(items.len() as u64)) " are answered." }
        (cluster::standing(&look))
        (form(&look, &sample))
        (distance::section(&look))
        (services::section(&look))
        (keys::dialog())
    };
    Ok(Page { script: Some("/assets/review.js"), ..Page::new("Blind", Place::Quality, content) })
}

fn form(look: &Look, sample: &BlindSample) -> Markup {
    let groups = tools::groups(look);
    html! {
        form id=(panel::FORM) method="post" action={ "/clusters/" (look.cluster().id) "/decide" } {
            (panel::hidden(look, &seen::blindly(look.cluster())))
            input type="hidden" name="blind" value=(sample.id);
            (compare::table(look, &groups, Use::Blind))
            (panel::verdicts())
        }
    }
}

fn answered(sample: &BlindSample, answers: Answers) -> Markup {
    html! {
        p.crumbs { a href="/quality" { "Quality" } }
        h1 { "The sample is answered" }
        p.lead { "Of " (count(answers.answered())) " proposals, " b { (count(answers.right)) } " were right. That proves a precision of "
            b { (percent(answers.bound())) } " or better, at 95 % confidence (Clopper–Pearson)." }
        @if answers.void > 0 { p.hint { (count(answers.void)) " changed before they were answered, and count for nothing." } }
        p.hint { "Drawn from " (count(sample.population)) " clusters with the seed " (sample.seed) "." }
        p { a.button.merge href="/quality" { "On to a certificate" } }
    }
}
