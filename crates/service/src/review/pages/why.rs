//! Why the cluster waits, what was said of it before, and what would change it.

use super::evidence::{PRIOR, pair_letters, parts};
use super::look::Look;
use crate::page::{ago, percent};
use crate::review::client::MemberRecord;
use crate::review::said::SaidView;
use entity::{JudgementVerdict, PairEvidence};
use maud::{Markup, html};
use uuid::Uuid;

pub(super) fn section(look: &Look) -> Markup {
    let cluster = look.cluster();
    let letters = look.letters();
    html! {
        section aria-labelledby="why" {
            h2 #why { "Why not merged already" }
            ul.plain {
                li { "Nothing is merged without a person: the model only proposes. It is " b { (percent(cluster.probability)) } " sure." }
                @if let Some(pair) = look.joins.shown.last() {
                    @let (left, right) = pair_letters(pair, &letters);
                    li { "Its least certain pair is " (left) " and " (right) ": " (against(pair)) }
                    @let missing = missing(look, pair);
                    @if !missing.is_empty() { li { "What could change it: nobody tells " (missing.join(", ")) "." } }
                }
                @for said in &look.said { @if let Some(sentence) = reopened(said, &letters) { li.reopened { (sentence) } } }
            }
        }
    }
}

/// What speaks most against a pair.
fn against(pair: &PairEvidence) -> String {
    let parts = parts(&pair.explanation);
    let counter = parts.iter().filter(|part| part.about != PRIOR && part.weight() < 0.0);
    let most = counter.min_by(|a, b| a.weight().total_cmp(&b.weight()));
    most.map_or_else(
        || "nothing speaks against it, and not enough for it.".to_owned(),
        |part| format!("{} speaks against it most.", part.about.to_lowercase()),
    )
}

/// What could be known of a record, and whether it is.
type Knowable = (&'static str, fn(&MemberRecord) -> bool);

const KNOWABLE: [Knowable; 6] = [
    ("telephone", |record| !record.numbers().is_empty()),
    ("website", |record| record.website.is_some()),
    ("address", |record| !record.addresses().is_empty()),
    ("position", |record| record.point().is_some()),
    ("registry identifier", |record| !record.identifiers.is_empty()),
    ("services", |record| !record.services.is_empty()),
];

/// What one of the two does not tell, so that it cannot be compared.
fn missing(look: &Look, pair: &PairEvidence) -> Vec<String> {
    let members = look.members.iter().filter(|member| [pair.left, pair.right].contains(&member.record_id));
    let told: Vec<_> =
        members.filter_map(|member| Some((&*member.letter, member.record.as_ref()?))).collect();
    let silent = |(what, knows): Knowable| {
        let letters: Vec<&str> =
            told.iter().filter(|(_, record)| !knows(record)).map(|(letter, _)| *letter).collect();
        (!letters.is_empty()).then(|| format!("the {what} of {}", letters.join(" and ")))
    };
    KNOWABLE.into_iter().filter_map(silent).collect()
}

/// "You said no on 3 Nov; since then the phone changed."
fn reopened(said: &SaidView, letters: &std::collections::HashMap<Uuid, &str>) -> Option<Markup> {
    if said.standing != "reopened" {
        return None;
    }
    let letter = |id: Uuid| letters.get(&id).copied().unwrap_or("?");
    let what = if said.verdict == JudgementVerdict::Related { "related, not the same" } else { "no" };
    Some(html! {
        b { (said.judged_by) " said “" (what) "” of " (letter(said.left)) " and " (letter(said.right)) }
        " " time datetime=(said.judged_at.to_rfc3339()) { "on " (said.judged_at.format("%-d %b %Y")) }
        "; since then it has changed: "
        @for (number, change) in said.changed.iter().enumerate() {
            @if number > 0 { "; " }
            (change.comparison) " was " q { (change.was.as_deref().unwrap_or("not compared")) } ", is " q { (change.is) }
        }
        "."
    })
}

/// What happened to the cluster and its pairs, and what people remark.
pub(super) fn history(look: &Look) -> Markup {
    let now = entity::clock::now();
    let letters = look.letters();
    let letter = |id: Uuid| letters.get(&id).copied().unwrap_or("?");
    html! {
        section aria-labelledby="history" {
            h2 #history { "History" }
            @if look.decisions.is_empty() && look.said.is_empty() && look.comments.is_empty() {
                p.hint { "Nobody has said anything of it yet." }
            }
            ol.plain.events {
                @for decision in &look.decisions { li {
                    time datetime=(decision.decided_at.to_rfc3339()) { (ago(decision.decided_at, now)) } " "
                    b { (decision.decided_by) } ": " a href={ "/decisions/" (decision.id) } { (super::decisions::verdict(decision.verdict)) }
                    ", " (super::decisions::state_word(decision.state))
                    @if !decision.notes.codes.is_empty() { " (" (words(&decision.notes.codes)) ")" }
                    @if let Some(reason) = &decision.reason { ": " q { (reason) } }
                } }
                @for said in look.said.iter().rev().filter(|said| said.decision_id.is_none()) { li {
                    time datetime=(said.judged_at.to_rfc3339()) { (ago(said.judged_at, now)) } " "
                    b { (said.judged_by) } " on " (letter(said.left)) " and " (letter(said.right)) ": "
                    (super::decisions::verdict(said.verdict)) ", " (said.standing)
                } }
                @for comment in &look.comments { li {
                    time datetime=(comment.written_at.to_rfc3339()) { (ago(comment.written_at, now)) } " "
                    b { (comment.written_by) } " remarks: " q { (comment.comment) }
                } }
            }
            form.remark method="post" action={ "/clusters/" (look.cluster().id) "/comment" } {
                label for="remark" { "A remark for those who come after" }
                input #remark name="comment" maxlength="4000" required autocomplete="off";
                input type="hidden" name="user" data-remember="user";
                button { "Add" }
            }
        }
    }
}

/// Reasons as people read them.
pub(super) fn words(codes: &[entity::ReasonCode]) -> String {
    codes.iter().map(|code| code.as_str().replace('_', " ")).collect::<Vec<_>>().join(", ")
}
