//! Members side by side, field by field, with what differs marked.

use super::cluster::Member;
use crate::page::{ago, percent};
use crate::review::client::{MemberIdentifier, MemberRecord};
use entity::OrganizationId;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Whether there is a survivor to choose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// Yes, with the one chosen at first.
    Survivor(Option<OrganizationId>),
    /// All is settled.
    Settled,
}

/// A row of the comparison: its name, what is compared, and how a record's values are read.
type Field = (&'static str, Grain, fn(&MemberRecord) -> Vec<String>);

/// What is marked where it differs.
#[derive(Clone, Copy, Debug)]
enum Grain {
    /// Each word.
    Words,
    /// Each value as a whole: half a telephone number says nothing.
    Values,
}

const FIELDS: [Field; 8] = [
    ("Name", Grain::Words, |record| record.name.iter().cloned().collect()),
    ("Other names", Grain::Words, |record| record.alternate_names.clone()),
    ("Address", Grain::Words, MemberRecord::addresses),
    ("Phone", Grain::Values, MemberRecord::numbers),
    ("Website", Grain::Values, |record| record.website.iter().cloned().collect()),
    ("E-mail", Grain::Values, |record| record.email.iter().cloned().collect()),
    ("Identifier", Grain::Values, |record| record.identifiers.iter().map(MemberIdentifier::shown).collect()),
    ("Services", Grain::Values, |record| {
        record.services.iter().filter_map(|service| service.name.clone()).collect()
    }),
];

/// Values shown per cell; more are counted.
const SHOWN: usize = 6;

pub(super) fn table(members: &[Member], choice: Choice) -> Markup {
    let now = entity::clock::now();
    html! {
        div.scroll { table.compare {
            thead { tr {
                td {}
                @for member in members { th scope="col" {
                    span.letter { (member.letter) }
                    @if let Some(record) = &member.record { span.source title={ "Its id there: " (record.source_id) } { (record.source) } }
                } }
            } }
            tbody {
                @for field in FIELDS { (row(field, members)) }
                tr { th scope="row" { "Arrived" } @for member in members {
                    td { @if let Some(record) = &member.record { time datetime=(record.created_at.to_rfc3339()) { (ago(record.created_at, now)) } } }
                } }
                tr { th scope="row" { "Belongs" } @for member in members { td { (percent(member.probability)) } } }
                @if let Choice::Survivor(chosen) = choice { (survivors(members, chosen)) }
            }
        } }
    }
}

fn row((name, grain, values): Field, members: &[Member]) -> Markup {
    let cells: Vec<Vec<String>> =
        members.iter().map(|member| member.record.as_ref().map(values).unwrap_or_default()).collect();
    if cells.iter().all(Vec::is_empty) {
        return html! {};
    }
    let shared = shared(&cells, grain);
    html! {
        tr { th scope="row" { (name) }
            @for cell in &cells {
                @if cell.is_empty() { td.missing { "not told" } } @else {
                    td {
                        @for value in cell.iter().take(SHOWN) { div { (marked(value, grain, &shared)) } }
                        @if cell.len() > SHOWN { div.hint { "and " (cell.len() - SHOWN) " more" } }
                    }
                }
            }
        }
    }
}

impl Grain {
    /// The pieces of a value that are compared, as they are shown.
    fn pieces(self, value: &str) -> Vec<&str> {
        match self {
            Self::Words => value.split_whitespace().collect(),
            Self::Values => vec![value],
        }
    }
}

/// What a piece is compared by: its letters and digits, without what all web addresses begin with.
fn folded(piece: &str) -> String {
    let piece = piece.split_once("://").map_or(piece, |(_, rest)| rest);
    let piece = piece.strip_prefix("www.").unwrap_or(piece);
    piece.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The pieces that most of the members have that tell this field at all: who differs from the others stands out.
fn shared(cells: &[Vec<String>], grain: Grain) -> HashSet<String> {
    let mut holders: HashMap<String, usize> = HashMap::new();
    let told: Vec<_> = cells.iter().filter(|cell| !cell.is_empty()).collect();
    for cell in &told {
        let pieces: HashSet<String> = cell.iter().flat_map(|value| grain.pieces(value)).map(folded).collect();
        for piece in pieces {
            *holders.entry(piece).or_default() += 1;
        }
    }
    let common = holders.into_iter().filter(|(_, count)| count * 2 > told.len());
    common.map(|(piece, _)| piece).collect()
}

/// A value with the pieces marked that are not shared.
fn marked(value: &str, grain: Grain, shared: &HashSet<String>) -> Markup {
    html! {
        @for (number, piece) in grain.pieces(value).into_iter().enumerate() {
            @if number > 0 { " " }
            @let same = folded(piece);
            @if same.is_empty() || shared.contains(&same) { (piece) } @else { mark { (piece) } }
        }
    }
}

/// The choice of the id that stays: one radio per golden id, below its first member.
fn survivors(members: &[Member], chosen: Option<OrganizationId>) -> Markup {
    let mut letters: BTreeMap<OrganizationId, Vec<&str>> = BTreeMap::new();
    for member in members {
        letters.entry(member.organization_id).or_default().push(&member.letter);
    }
    let several = letters.len() > 2;
    let mut seen = BTreeSet::new();
    let cells: Vec<_> = members
        .iter()
        .map(|member| {
            let first = seen.insert(member.organization_id);
            (member, first, seen.len())
        })
        .collect();
    html! {
        tr.survivor {
            th scope="row" { "Stays" span.level { "its id and values lead" } }
            @for (member, first, number) in &cells {
                td {
                    @if *first {
                        label {
                            input type="radio" name="survivor" value=(member.organization_id)
                                checked[chosen == Some(member.organization_id)]
                                data-key=[(*number <= 9).then(|| number.to_string())];
                            " this one " @if *number <= 9 { kbd { (number) } }
                        }
                    } @else { "with " (letters[&member.organization_id][0]) " already" }
                }
            }
        }
        tr.taking {
            th scope="row" { "Decide on" }
            @for (member, first, _) in &cells {
                td { @if *first {
                    @if several {
                        label { input type="checkbox" name="organizations" value=(member.organization_id) checked; " take part" }
                    } @else {
                        input type="hidden" name="organizations" value=(member.organization_id);
                        "both"
                    }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grain: Grain, values: [&str; 2], expected: [&str; 2]) {
        let cells = vec![vec![values[0].to_owned()], vec![], vec![values[1].to_owned()]];
        let shared = shared(&cells, grain);
        assert_eq!(values.map(|value| marked(value, grain, &shared).into_string()), expected);
    }

    #[test]
    fn what_differs_from_most_is_marked() {
        check(
            Grain::Words,
            ["River Clinic, Inc.", "RIVER clinic"],
            ["River Clinic, <mark>Inc.</mark>", "RIVER clinic"],
        );
        check(Grain::Words, ["A & <b>", "a"], ["A &amp; <mark>&lt;b&gt;</mark>", "a"]);
        check(Grain::Values, ["(518) 555-0142", "518 555 0142"], ["(518) 555-0142", "518 555 0142"]);
        check(Grain::Values, ["518 1", "518 2"], ["<mark>518 1</mark>", "<mark>518 2</mark>"]);
        let cells = ["a 1", "a-1", "a 2"].map(|value| vec![value.to_owned()]);
        assert_eq!(shared(&cells, Grain::Values), HashSet::from(["a1".to_owned()]), "two of three agree");
        check(
            Grain::Values,
            ["https://www.a.example/", "a.example"],
            ["https://www.a.example/", "a.example"],
        );
    }
}
