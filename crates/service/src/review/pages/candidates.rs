//! Another record that belongs here though the model did not say so: searched for, and added to the members.

use super::look::Look;
use crate::problem::Result;
use crate::review::Room;
use maud::{Markup, html};

const HITS: usize = 10;
const WORDS_MAX: usize = 500;

pub(super) async fn section(room: &Room, look: &Look) -> Result<Markup> {
    let words = look.asked.search.as_deref().filter(|words| words.chars().count() <= WORDS_MAX);
    let hits = match words {
        Some(words) => Some(room.index.search(words, HITS).await?),
        None => None,
    };
    let id = look.cluster().id;
    let mut context = look.asked.filter.text();
    for added in &look.asked.added {
        context.push_str(&format!("&add={added}"));
    }
    Ok(html! {
        section #candidates aria-labelledby="candidates-title" {
            h2 #candidates-title { "Is another one missing?" }
            form.search method="get" action={ "/clusters/" (id) } role="search" {
                (context_fields(look))
                label for="candidate-words" { "Search by name, place or telephone " kbd { "/" } }
                input #candidate-words name="q" type="search" maxlength=(WORDS_MAX) value=[words] autocomplete="off";
                button { "Search" }
            }
            @if let Some(hits) = &hits {
                @if hits.is_empty() { p.hint role="status" { "Nothing is like that." } }
                ul.plain.hits { @for hit in hits { li {
                    @if look.members.iter().any(|member| member.record_id.0 == hit.id.0) { (hit.name) " " span.hint { "is here already" } }
                    @else { (hit.name) " " a.button href={ "/clusters/" (id) "?" (context) "&add=" (hit.id) } { "Add" span.unseen { " " (hit.name) } } }
                } } }
            }
        }
    })
}

/// The address as it is, but for the words.
fn context_fields(look: &Look) -> Markup {
    let filter = look.asked.filter.text();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(filter.as_bytes()).into_owned().collect();
    html! {
        @for (name, value) in &fields { input type="hidden" name=(name) value=(value); }
        @for added in &look.asked.added { input type="hidden" name="add" value=(added); }
    }
}
