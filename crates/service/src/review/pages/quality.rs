//! How well the model does: samples, certificates, and batches that rest on them.

use super::fields::Fields;
use crate::access::frame::asks_for_name;
use crate::page::{Page, PageProblem, Place, ago, count, percent};
use crate::problem::Problem;
use crate::request::{Caller, PathId, Raw};
use crate::review::bands::{self, BANDS};
use crate::review::blind::{Answers, draw_from, present_items};
use crate::review::certificates::{CertificateBody, CertificateView, all, issued};
use crate::review::{Room, batches};
use axum::extract::State;
use axum::response::Redirect;
use entity::{Cluster, ClusterId, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;
use store::access::Role;
use store::review::Agreement;
use store::review::sampling::{BlindSample, ReviewBatch};
use uuid::Uuid;

const SHOWN: usize = 20;

pub(super) async fn show(State(room): State<Room>) -> Result<Page, PageProblem> {
    let mut samples = Vec::new();
    for sample in room.store.samples(SHOWN).await? {
        let answers = Answers::of(&present_items(&room, sample.id).await?);
        samples.push((sample, answers));
    }
    let certificates = all(&room).await?;
    let agreement = room.store.agreement().await?;
    let batches = room.store.batches(SHOWN).await?;
    let content = html! {
        h1 { "Quality" }
        p.lead { "How often is the model right? Only answers given without seeing what it says can tell. What they prove is "
            "written down as a certificate, and under a certificate a whole band can be accepted by two people." }
        (agreement_line(agreement))
        (samples_section(&samples))
        (certificates_section(&certificates))
        (batches_section(&batches))
    };
    Ok(Page::new("Quality", Place::Quality, content))
}

/// How far people agree bounds what any model can be measured at.
fn agreement_line(Agreement { pairs, agreed }: Agreement) -> Markup {
    html! { p {
        @if pairs == 0 { "No pair was judged by two people yet, so nobody knows how far people agree." } @else {
            "Of " b { (count(pairs)) } " pairs that two people or more judged, they agree on " b { (count(agreed)) } ": no model can be "
            "measured better than that."
        }
    } }
}

fn samples_section(samples: &[(BlindSample, Answers)]) -> Markup {
    html! {
        section aria-labelledby="samples" {
            h2 #samples { "Blind samples" }
            form.filters method="post" action="/quality/draw" {
                label { "Band" select name="band" { @for band in BANDS.iter().rev() { option value=(band.name) { (band.label) } } } }
                label { "How many" input type="number" name="n" min="1" max="5000" value="299" required; }
                label { "Seed" input type="number" name="seed" min="0" max="4294967295" placeholder="by chance"; }
                input type="hidden" name="user" data-remember="user";
                button { "Draw a sample" }
            }
            p.hint { "Without a wrong answer, 149 prove 98 %, and 299 prove 99 %." }
            @if samples.is_empty() { p.empty { "No sample is drawn yet." } } @else { div.scroll tabindex="0" role="region" aria-label="Samples" { table {
                thead { tr { th scope="col" { "Band" } th scope="col" { "Drawn" } th.n scope="col" { "Of" } th.n scope="col" { "Answered" }
                    th.n scope="col" { "Right" } th.n scope="col" { "Proves" } th scope="col" { span.unseen { "What to do" } } } }
                tbody { @for (sample, answers) in samples { (sample_row(sample, *answers)) } }
            } } }
        }
    }
}

fn sample_row(sample: &BlindSample, answers: Answers) -> Markup {
    let label = bands::named(sample.band).map_or("", |band| band.label);
    let total = answers.answered() + answers.void + answers.waiting;
    html! { tr {
        th scope="row" { (label) span.level { "model " (sample.model_version) } }
        td { (ago(sample.drawn_at, entity::clock::now())) " by " (sample.drawn_by) }
        td.n { (count(sample.population)) }
        td.n { (count(answers.answered())) " / " (count(total)) }
        td.n { (count(answers.right)) }
        td.n { (percent(answers.bound())) }
        td { @if answers.waiting > 0 { a.button href={ "/blind/" (sample.id) } { "Answer" span.unseen { " the sample of " (label) } } } @else { (certify_form(sample.id)) } }
    } }
}

fn certify_form(sample: Uuid) -> Markup {
    html! {
        form.inline method="post" action="/quality/certify" {
            input type="hidden" name="sample" value=(sample);
            input type="hidden" name="user" data-remember="user";
            label { "Certify " select name="precision" { @for precision in ["0.98", "0.99", "0.995", "0.95", "0.9"] { option { (precision) } } } }
            " " button { "Issue" }
        }
    }
}

fn certificates_section(certificates: &[CertificateView]) -> Markup {
    html! {
        section aria-labelledby="certificates" {
            h2 #certificates { "Certificates" }
            @if certificates.is_empty() { p.empty { "None is issued yet." } } @else { div.scroll tabindex="0" role="region" aria-label="Certificates" { table {
                thead { tr { th scope="col" { "Band" } th.n scope="col" { "Vouches for" } th.n scope="col" { "Proved" } th.n scope="col" { "Sample" }
                    th scope="col" { "Worth" } th scope="col" { span.unseen { "What to do" } } } }
                tbody { @for certificate in certificates { tr {
                    th scope="row" { (certificate.band) }
                    td.n { (percent(certificate.precision)) }
                    td.n { (percent(certificate.precision_bound)) }
                    td.n { (certificate.right) " / " (certificate.answered) }
                    td { span.state data-state=(certificate.state) { (certificate.state) }
                        @if certificate.state == "valid" { " until " (certificate.expires_at.format("%-d %b %Y")) }
                        @if let Some(reason) = &certificate.withdrawn_reason { br; span.trouble { (reason) } } }
                    td { @if certificate.state == "valid" { form.inline method="post" action="/quality/batches" {
                        input type="hidden" name="certificate" value=(certificate.id);
                        input type="hidden" name="user" data-remember="user";
                        button { "Start a batch" }
                    } } }
                } } }
            } } }
        }
    }
}

fn batches_section(batches: &[ReviewBatch]) -> Markup {
    html! {
        section aria-labelledby="batches" {
            h2 #batches { "Batches" }
            @if batches.is_empty() { p.hint { "A batch accepts a certified band: one person starts it, a second approves." } } @else {
                ul.plain { @for batch in batches { li {
                    a href={ "/batches/" (batch.id) } { (batch.clusters.len()) " clusters" } ", started by " (batch.started_by) " "
                    (ago(batch.started_at, entity::clock::now())) ", " (format!("{:?}", batch.state).to_lowercase())
                } } }
            }
        }
    }
}

pub(super) async fn draw(
    State(room): State<Room>,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let n = fields.one("n")?.unwrap_or(0);
    let sample =
        draw_from(&room, fields.text("band").unwrap_or_default(), (n, fields.one("seed")?), &by).await?;
    Ok(Redirect::to(&format!("/blind/{}", sample.id)))
}

pub(super) async fn certify(
    State(room): State<Room>,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let sample_id = fields.one("sample")?.ok_or_else(|| Problem::invalid("sample", "is required"))?;
    let precision = fields.one("precision")?.ok_or_else(|| Problem::invalid("precision", "is required"))?;
    issued(&room, CertificateBody { sample_id, precision, valid_days: None }, &by).await?;
    Ok(Redirect::to("/quality#certificates"))
}

pub(super) async fn start(
    State(room): State<Room>,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let certificate =
        fields.one("certificate")?.ok_or_else(|| Problem::invalid("certificate", "is required"))?;
    let batch = batches::started(&room, certificate, None, &by).await?;
    Ok(Redirect::to(&format!("/batches/{}", batch.id)))
}

pub(super) async fn batch(State(room): State<Room>, PathId(id): PathId) -> Result<Page, PageProblem> {
    let batch = batches::batch(&room, id).await?;
    let view = batches::detailed(&room, batch).await?;
    let names =
        if view.state == "proposed" { names(&room, &view.spot_checks).await? } else { HashMap::new() };
    let now = entity::clock::now();
    let mut states: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for item in &view.items {
        *states.entry(item.state.as_str()).or_default() += 1;
    }
    let content = html! {
        p.crumbs { a href="/quality" { "Quality" } }
        h1 { "A batch of " (view.size) " clusters" }
        p.lead role="status" { "It is " b { (view.state) } ". Started by " (view.started_by) " " (ago(view.started_at, now))
            @if let Some(by) = &view.answered_by { ", answered by " (by) } "." }
        p { @for (number, (state, how_many)) in states.iter().enumerate() { @if number > 0 { ", " } (count(*how_many)) " " (state) } "." }
        @if view.state == "proposed" {
            h2 { "Look at these before you approve" }
            ol { @for id in &view.spot_checks { li {
                a href={ "/clusters/" (id) } { @match names.get(id) { Some(name) => (name), None => code { (id) } } }
            } } }
        }
        form.verdicts method="post" action={ "/batches/" (view.id) "/answer" } {
            @if asks_for_name() { label { "Your name" input name="user" maxlength="200" autocomplete="nickname" placeholder="anonymous" data-remember="user"; } }
            @if view.state == "proposed" {
                button.merge name="answer" value="approve" { "Approve: accept them all" }
                button name="answer" value="reject" { "Turn it down" }
            }
            @if view.state == "approved" { button name="answer" value="undo" { "Undo the whole batch" } }
        }
        @if view.state == "proposed" { p.hint { "Whoever started a batch cannot approve it." } }
    };
    Ok(Page::new("A batch", Place::Quality, content))
}

/// What the first record of each cluster is called, and of how many records it is; where the organizations answer.
async fn names(room: &Room, clusters: &[Uuid]) -> Result<HashMap<Uuid, String>, PageProblem> {
    let ids: Vec<ClusterId> = clusters.iter().copied().map(ClusterId).collect();
    let clusters = room.store.clusters_of(&ids).await?;
    let first = |cluster: &Cluster| cluster.members.first().map(|member| member.record_id);
    let records: Vec<RecordId> = clusters.iter().filter_map(first).collect();
    let records = room.organizations.records(&records).await.unwrap_or_default();
    let named = clusters.iter().filter_map(|cluster| {
        let record = records.iter().find(|record| Some(record.id) == first(cluster))?;
        Some((cluster.id.0, format!("{}, {} records", record.shown_name(), cluster.members.len())))
    });
    Ok(named.collect())
}

pub(super) async fn answer(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    if fields.text("answer") == Some("approve") {
        caller.require(Role::Approver)?;
    }
    let by = caller.or_named(fields.text("user"))?.name;
    match fields.text("answer") {
        Some("approve") => batches::approved(&room, id, &by).await?,
        Some("reject") => batches::rejected(&room, id, &by).await?,
        Some("undo") => batches::undone(&room, id, &by).await?,
        _ => return Err(Problem::invalid("answer", "is one of approve, reject and undo").into()),
    };
    Ok(Redirect::to(&format!("/batches/{id}")))
}
