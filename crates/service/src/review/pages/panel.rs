//! The decision: every key is a button, and every button works without a key.

use super::look::Look;
use super::tools::GROUPS;
use super::why;
use crate::access::frame::asks_for_name;
use entity::{ReasonCode, Relation};
use maud::{Markup, html};
use uuid::Uuid;

pub(super) const FORM: &str = "decision";

/// What goes along with the decision, whichever it is.
pub(super) fn hidden(look: &Look, seen: &str) -> Markup {
    html! {
        @if let Some(next) = look.next { input type="hidden" name="next" value=(next); }
        input type="hidden" name="queue" value=(look.asked.filter.text());
        input type="hidden" name="key" value=(Uuid::now_v7());
        input type="hidden" name="seen" value=(seen);
        @for id in &look.asked.added { input type="hidden" name="add" value=(id); }
    }
}

/// The buttons that decide.
pub(super) fn verdicts() -> Markup {
    html! {
        div.verdicts role="group" aria-label="Your decision" {
            button.merge name="verdict" value="match" data-key="y" { "Merge all " kbd { "y" } }
            button name="verdict" value="non_match" data-key="n" { "All different " kbd { "n" } }
            button name="verdict" value="partition" data-key="p" { "As grouped " kbd { "p" } }
            button name="verdict" value="related" data-key="r" { "Related, not the same " kbd { "r" } }
            button name="verdict" value="unsure" data-key="u" { "Unsure " kbd { "u" } }
            button name="verdict" value="needs_data" data-key="d" { "Needs data " kbd { "d" } }
        }
        (grouping())
        (reasons())
    }
}

/// Putting the member that is in hand into a group. Without JavaScript, the selects of the table do it.
fn grouping() -> Markup {
    html! {
        div.grouping.live role="group" aria-label="Groups" {
            span { "In hand: " b #in-hand aria-live="polite" { "A" } " " }
            button type="button" data-step="-1" data-key="ArrowLeft" { "Before " kbd { "←" } }
            button type="button" data-step="1" data-key="ArrowRight" { "After " kbd { "→" } }
            @for number in 1..=GROUPS {
                button type="button" data-put=(number) { "Group " kbd { (number) } }
            }
            button type="button" data-put="out" { "Take out " kbd { "space" } }
            button type="button" data-act="survivor" data-key="s" { "Stays " kbd { "s" } }
        }
    }
}

fn reasons() -> Markup {
    html! {
        div.reasons {
            label { "Related how"
                select name="relation" {
                    option value="" { "–" }
                    @for relation in Relation::ALL { option value=(relation.as_str()) { (relation.as_str().replace('_', " ")) } }
                }
            }
            label { "Why"
                select name="code" {
                    option value="" { "–" }
                    @for code in ReasonCode::ALL { option value=(code.as_str()) { (why::words(&[code])) } }
                }
            }
            label.wide { span { "Comment " kbd { "c" } }
                input name="reason" maxlength="1000" autocomplete="off" placeholder="optional" data-key="c" data-focus;
            }
            @if asks_for_name() { label { "Your name" input name="user" maxlength="200" autocomplete="nickname" placeholder="anonymous" data-remember="user"; } }
            label.check { input type="checkbox" name="teach" value="yes" checked data-key="t"; " Teach the model " kbd { "t" } }
            input type="hidden" name="teaching" value="asked";
        }
    }
}

/// The buttons that move about.
pub(super) fn moves(look: &Look) -> Markup {
    let id = look.cluster().id;
    let filter = look.asked.filter.text();
    html! {
        nav.moves aria-label="Moving about" {
            a href={ "/clusters?" (filter) } data-key="q" { "Queue " kbd { "q" } }
            @if let Some(from) = look.asked.from { a href={ "/clusters/" (from) "?" (filter) } data-key="[" rel="prev" { "Previous " kbd { "[" } } }
            @if let Some(next) = look.next { a href=(look.asked.onward(next, id)) data-key="]" rel="next" { "Next " kbd { "]" } } }
            form.inline method="post" action="/review/undo" {
                input type="hidden" name="user" data-remember="user";
                input type="hidden" name="back" value=(id);
                button data-key="z" data-background="undo" { "Undo my last " kbd { "z" } }
            }
            a href="#candidates" data-key="/" data-focus-on="#candidate-words" { "Find another " kbd { "/" } }
            a href="#map" data-key="g" { "Map " kbd { "g" } }
            a href="/review/keys" data-key="?" data-dialog="keys" { "Keys " kbd { "?" } }
        }
    }
}
