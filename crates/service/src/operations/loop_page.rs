//! The loop at work, on one page: places with what they hold, and the stages between them.

use super::Room;
use super::status::{MERGES_MAX, Numbers, PARKED_SHOWN};
use crate::page::{Page, Place, Refresh, ago, count};
use axum::extract::State;
use entity::StageState;
use maud::{Markup, html};
use std::collections::BTreeMap;

type Stages = BTreeMap<String, StageState>;

pub(super) async fn show(State(room): State<Room>) -> Page {
    let numbers = room.status.look(&room).await;
    let stages = room.ports.stages.look();
    let content = html! {
        h1 { "The loop" }
        p.lead {
            "Organizations arrive from many hands, so the same one is there several times. The loop finds those, people "
            "decide, and what they decide flows to everybody downstream."
        }
        (ring(&numbers, &stages))
        (travel_list(&numbers))
        (stage_table(&stages))
        (parked_table(&numbers))
        (topic_table(&numbers))
    };
    Page { refresh: Refresh::Milliseconds(1000), ..Page::new("The loop", Place::Loop, content) }
}

/// A number of a place; a dash while its port does not answer.
fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "–".to_owned(), count)
}

fn ring(numbers: &Numbers, stages: &Stages) -> Markup {
    let events = numbers.topics.as_ref().map(|topics| topics.iter().map(|topic| topic.events).sum());
    let open = numbers.clusters.map(|(open, _)| open);
    let merges = numbers.merges.map_or_else(String::new, |merges| {
        let more = if merges.holding + merges.undone == MERGES_MAX { " and more" } else { "" };
        format!("{} merged{more}, {} undone", merges.holding, merges.undone)
    });
    html! {
        ol.ring aria-label="The loop, step by step" {
            (place("organizations", "Organizations", &number(numbers.records), "records", &html! {
                "What each source tells, kept as it is told. " (merges) "."
            }))
            (mover("poller", "Poller", stages, "reads every change from the database’s log and publishes it."))
            (place("topics", "Topics", &number(events), "events", &html! {
                "The clean data, for any consumer to follow. " a href="/v1/topics" { "List them" } "."
            }))
            (mover("indexer", "Indexer", stages, "works out by what a record is found and compared."))
            (place("index", "Index", &number(numbers.documents), "documents", &html! {
                "Records that share a key are candidates for being one."
            }))
            (mover("scorer", "Scorer", stages, "compares candidates and weighs the evidence, for and against."))
            (mover("resolver", "Resolver", stages, "gathers pairs into clusters, and lets one go when it dissolves."))
            (place("review", "Review", &number(open), "clusters wait", &html! {
                a.button href="/clusters" data-key="r" { "Review " kbd { "r" } }
                " A merge is a change like any other: the loop closes."
            }))
        }
    }
}

fn place(id: &str, name: &str, number: &str, unit: &str, text: &Markup) -> Markup {
    html! {
        li.place id={ "at-" (id) } {
            h2 { (name) }
            p.number { b { (number) } " " (unit) }
            p.say { (text) }
        }
    }
}

fn mover(id: &str, name: &str, stages: &Stages, does: &str) -> Markup {
    let state = stages.get(id);
    html! {
        li.mover id={ "at-" (id) } data-state=(health(state)) {
            h2 { (name) }
            p.number { (lag(state)) }
            p.say { "It " (does) }
        }
    }
}

fn health(state: Option<&StageState>) -> &'static str {
    match state {
        None => "unknown",
        Some(state) if state.trouble.is_some() => "trouble",
        Some(state) if state.lag_events.unwrap_or(0) > 0 => "busy",
        Some(_) => "idle",
    }
}

fn lag(state: Option<&StageState>) -> String {
    match state {
        None => "not seen here".to_owned(),
        Some(state) if state.trouble.is_some() => "in trouble".to_owned(),
        Some(state) => match state.lag_events {
            None => "running".to_owned(),
            Some(0) => "up to date".to_owned(),
            Some(events) => {
                format!("{} waiting, {:.1} s behind", count(events), state.lag_seconds.unwrap_or(0.0))
            }
        },
    }
}

/// Where the newest change has come out by now.
fn travel_list(numbers: &Numbers) -> Markup {
    html! {
        section aria-labelledby="travel" {
            h2 #travel { "A change on its way" }
            @match &numbers.travel {
                None => p { "Nothing was merged yet. Decide on a cluster, and see here how it reaches everybody." },
                Some(travel) => {
                    p { @if travel.undone { "Undone" } @else { "Merged" } " by " b { (travel.by) } " " (ago(travel.at, entity::clock::now())) ":" }
                    ol.travel {
                        li data-arrived { b { "written down" } span.hint { "organizations" } span { "at once" } }
                        @for stop in &travel.stops { li data-arrived[stop.after_ms.is_some()] {
                            b { (stop.name) } span.hint { (stop.topic) } span { (after(stop.after_ms)) }
                        } }
                    }
                }
            }
        }
    }
}

fn after(after_ms: Option<i64>) -> String {
    match after_ms {
        None => "on its way".to_owned(),
        Some(millis) if millis < 1000 => format!("after {millis} ms"),
        Some(millis) => format!("after {}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

fn stage_table(stages: &Stages) -> Markup {
    let now = entity::clock::now();
    html! {
        section aria-labelledby="stages" {
            h2 #stages { "Stages" }
            @if stages.is_empty() { p { "No stage reports to this process." } } @else {
                // Reached by keyboard, too, so that it can be scrolled on a phone or when zoomed in.
                div.scroll tabindex="0" role="region" aria-labelledby="stages" { table {
                    thead { tr {
                        th scope="col" { "Stage" } th.n scope="col" { "In" } th.n scope="col" { "Out" }
                        th.n scope="col" { "Waiting" } th.n scope="col" { "Lag" } th.n scope="col" { "Errors" }
                        th scope="col" { "Last progress" }
                    } }
                    tbody { @for (name, state) in in_order(stages) { (stage_row(name, state, now)) } }
                } }
            }
        }
    }
}

/// In the order of the loop, sinks and whatever else last.
fn in_order(stages: &Stages) -> Vec<(&String, &StageState)> {
    let step = |name: &str| ["poller", "indexer", "scorer", "resolver"].iter().position(|step| *step == name);
    let mut ordered: Vec<_> = stages.iter().collect();
    ordered.sort_by_key(|(name, _)| step(name).unwrap_or(usize::MAX));
    ordered
}

fn stage_row(name: &str, state: &StageState, now: chrono::DateTime<chrono::Utc>) -> Markup {
    let progress = match state.progressed_at {
        _ if !state.here => "elsewhere".to_owned(),
        Some(at) => ago(at, now),
        None => "not yet".to_owned(),
    };
    html! {
        tr data-state=(health(Some(state))) {
            th scope="row" { (name) }
            td.n { (count(state.events_in)) }
            td.n { (count(state.events_out)) }
            td.n { (number(state.lag_events)) }
            td.n { @if let Some(seconds) = state.lag_seconds { (format!("{seconds:.1} s")) } @else { "–" } }
            td.n { (count(state.errors)) }
            td { (progress) @if let Some(trouble) = &state.trouble { br; span.trouble { (trouble) } } }
        }
    }
}

/// What no stage could apply: nothing of it is lost, and nothing waits for it.
fn parked_table(numbers: &Numbers) -> Markup {
    let now = entity::clock::now();
    let moment = |millis| chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    html! {
        section aria-labelledby="parked" {
            h2 #parked { "Parked events" }
            @match &numbers.parked {
                None => p { "The topics do not answer now." },
                Some((0, _)) => p { "None: every event could be applied." },
                Some((parked, newest)) => {
                    p { b { (count(*parked as u64)) } " could not be applied; the rest went on. "
                        @if *parked > PARKED_SHOWN { "The newest " (PARKED_SHOWN) ":" } }
                    div.scroll { table {
                        thead { tr {
                            th scope="col" { "Stage" } th scope="col" { "Event" } th scope="col" { "Reason" }
                            th scope="col" { "When" } th scope="col" { span.unseen { "Retry" } }
                        } }
                        tbody { @for event in newest { tr {
                            th scope="row" { (event.stage) }
                            td { (event.topic) " " (event.partition) " " (event.offset) br; span.hint { "key " (event.key) } }
                            td { span.trouble { (event.reason) } }
                            td { (ago(moment(event.parked_at_ms), now)) }
                            td { form method="post" action="/parked/retry" {
                                input type="hidden" name="id" value=(event.id);
                                button { "Retry" }
                            } }
                        } } }
                    } }
                    p.hint { "Mend the cause, then retry. All at once: " code { "orgloop parked retry --all" } ", or for "
                        "good: " code { "orgloop parked drop --all" } "." }
                }
            }
        }
    }
}

fn topic_table(numbers: &Numbers) -> Markup {
    html! {
        section aria-labelledby="topics" {
            h2 #topics { "Topics" }
            @match &numbers.topics {
                None => p { "The topics do not answer now." },
                Some(topics) => {
                    div.scroll { table {
                        thead { tr {
                            th scope="col" { "Topic" } th scope="col" { "Holds" } th.n scope="col" { "Events" }
                        } }
                        tbody { @for topic in topics { tr {
                            th scope="row" { a href={ "/v1/topics/" (topic.name) "/records?limit=20" } { (topic.name) } }
                            td { (topic.sentence) }
                            td.n { (count(topic.events)) }
                        } } }
                    } }
                    p.hint { "Follow one from a terminal: " code {
                        "curl -N -H 'Accept: text/event-stream' "
                        "http://…/v1/topics/" (topics.first().map_or("", |topic| topic.name.as_str())) "/records"
                    } }
                }
            }
        }
    }
}
