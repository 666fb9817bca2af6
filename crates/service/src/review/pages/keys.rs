//! The keys, as a page and as a dialog.

use crate::page::{Page, Place};
use maud::{Markup, html};

const KEYS: [(&str, &str); 20] = [
    ("y", "Merge all that take part"),
    ("n", "All are different"),
    ("p", "Decide as grouped: one merge per group, and groups are different"),
    ("1 – 6", "Put the member in hand into this group; in the result, take the value of this member"),
    ("space", "Take the member in hand out of the decision"),
    ("← →", "Take the member before or after in hand"),
    ("s", "The member in hand stays: its id and values lead"),
    ("r", "Related, not the same: a branch, a parent, renamed, one roof"),
    ("u", "Unsure: put it aside until its evidence changes"),
    ("d", "It needs data: put it aside, and say so"),
    ("t", "Whether the model may learn from this decision"),
    ("c", "Write a comment"),
    ("z", "Undo my last decision; again, the one before"),
    ("[", "The cluster before"),
    ("]", "The next cluster"),
    ("/", "Search for another record that belongs here"),
    ("g", "The map"),
    ("l", "Latin letters beside other scripts"),
    ("q", "The queue"),
    ("?", "This list"),
];

fn list() -> Markup {
    html! {
        table.keys {
            thead { tr { th scope="col" { "Key" } th scope="col" { "Does" } } }
            tbody { @for (key, does) in KEYS { tr { th scope="row" { kbd { (key) } } td { (does) } } } }
        }
    }
}

/// Shown over the page by its key.
pub(super) fn dialog() -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            (list())
            form method="dialog" { button { "Close" } }
        }
    }
}

/// The same, for those without JavaScript.
pub(super) async fn show() -> Page {
    let content = html! {
        h1 { "Keys" }
        p.lead { "Each key is a button on the page of a cluster, too. Keys need JavaScript; buttons do not." }
        (list())
        p { a href="/clusters" { "To the queue" } }
    };
    Page::new("Keys", Place::Clusters, content)
}
