//! Members side by side, field by field: columns for a few, rows for many.

use super::look::{Look, Member};
use super::tokens::{Grain, Row};
use crate::page::{ago, percent};
use crate::review::client::{MemberIdentifier, MemberRecord};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// More members than this are shown as rows.
const COLUMNS_MAX: usize = 6;
/// Values shown per cell; more are counted.
const SHOWN: usize = 6;

/// A row of the comparison: its name, what is compared, and how a record's values are read.
type Field = (&'static str, Grain, fn(&MemberRecord) -> Vec<String>);

const FIELDS: [Field; 8] = [
    ("Name", Grain::Words, |record| record.name.iter().cloned().collect()),
    ("Other names", Grain::Words, |record| record.alternate_names.clone()),
    ("Address", Grain::Words, MemberRecord::addresses),
    ("Phone", Grain::Values, MemberRecord::numbers),
    ("Website", Grain::Values, |record| record.website.iter().cloned().collect()),
    ("E-mail", Grain::Values, |record| record.email.iter().cloned().collect()),
    ("Identifier", Grain::Values, |record| record.identifiers.iter().map(MemberIdentifier::shown).collect()),
    ("Description", Grain::Words, |record| record.description.iter().cloned().collect()),
];

/// What a page does with the members besides showing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// They are put into groups.
    Deciding,
    /// All is settled.
    Reading,
    /// They are put into groups, and nothing of the model is shown.
    Blind,
}

/// A field of all members.
struct Line {
    name: &'static str,
    cells: Vec<Vec<String>>,
    row: Row,
}

fn lines(members: &[Member]) -> Vec<Line> {
    let line = |(name, grain, values): Field| {
        let cells: Vec<Vec<String>> =
            members.iter().map(|member| member.record.as_ref().map(values).unwrap_or_default()).collect();
        Line { name, row: Row::new(&cells, grain), cells }
    };
    FIELDS.into_iter().map(line).filter(|line| line.cells.iter().any(|cell| !cell.is_empty())).collect()
}

pub(super) fn table(look: &Look, groups: &BTreeMap<String, usize>, to: Use) -> Markup {
    let members = &look.members;
    let lines = lines(members);
    html! {
        @if is_foreign(&lines) { p.latin-switch { label {
            input type="checkbox" checked data-key="l" autocomplete="off"; " Latin letters beside other scripts " kbd { "l" }
        } } }
        div.scroll tabindex="0" role="region" aria-label="The members side by side" {
            @if members.len() <= COLUMNS_MAX { (columns(members, &lines, (groups, look, to))) }
            @else { (rows(members, &lines, (groups, look, to))) }
        }
        p.hint.legend {
            "Marked: " mark.similar { "nearly the same" } " " mark { "only here" } " " mark.conflict { "others say something else" }
            " " span.missing { "not told" }
        }
    }
}

/// Whether any value is in a script of which there is a Latin reading.
fn is_foreign(lines: &[Line]) -> bool {
    lines.iter().flat_map(|line| line.cells.iter().flatten()).any(|value| latin(value).is_some())
}

/// A value of another script in Latin letters: by sound, where the script has sounds.
fn latin(value: &str) -> Option<String> {
    // Up to the second are Latin letters with marks; so are those of the third range.
    let is_other = |c: char| c.is_alphabetic() && !matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    value.chars().any(is_other).then(|| any_ascii::any_ascii(value))
}

fn value(line: &Line, value: &str) -> Markup {
    html! { div {
        (line.row.marked(value))
        @if let Some(latin) = latin(value) { div.latin lang="und-Latn" { (latin) } }
    } }
}

type Setting<'a> = (&'a BTreeMap<String, usize>, &'a Look, Use);

fn columns(members: &[Member], lines: &[Line], (groups, look, to): Setting<'_>) -> Markup {
    let now = entity::clock::now();
    html! {
        table.compare {
            caption.unseen { "The members, one per column" }
            thead { tr {
                th scope="col" { span.unseen { "Field" } }
                @for member in members { th scope="col" data-member=(member.letter) { (heading(member)) } }
            } }
            tbody {
                @for line in lines { tr {
                    th scope="row" { (line.name) }
                    @for (member, cell) in members.iter().zip(&line.cells) {
                        td data-member=(member.letter) { (cell_of(line, cell, member)) }
                    }
                } }
                tr { th scope="row" { "Arrived" } @for member in members {
                    td data-member=(member.letter) { (arrived(member, now)) }
                } }
                @if to != Use::Blind { tr { th scope="row" { "Belongs" } @for member in members {
                    td data-member=(member.letter) { (belongs(member)) }
                } } }
                @if to != Use::Reading {
                    tr.grouping { th scope="row" { "Group" span.level { "same number, same organization" } }
                        @for member in members { td data-member=(member.letter) { (group(member, look, groups)) } }
                    }
                    tr.survivor { th scope="row" { "Stays" span.level { "its id and values lead" } }
                        @for member in members { td data-member=(member.letter) { (survivor(member, look)) } }
                    }
                }
            }
        }
    }
}

fn rows(members: &[Member], lines: &[Line], (groups, look, to): Setting<'_>) -> Markup {
    let now = entity::clock::now();
    html! {
        table.compare.tall {
            caption.unseen { "The members, one per row" }
            thead { tr {
                th scope="col" { "Member" }
                @if to != Use::Reading { th scope="col" { "Group" } th scope="col" { "Stays" } }
                @for line in lines { th scope="col" { (line.name) } }
                th scope="col" { "Arrived" }
                @if to != Use::Blind { th scope="col" { "Belongs" } }
            } }
            tbody { @for (number, member) in members.iter().enumerate() { tr data-member=(member.letter) {
                th scope="row" { (heading(member)) }
                @if to != Use::Reading { td { (group(member, look, groups)) } td { (survivor(member, look)) } }
                @for line in lines { td { (cell_of(line, &line.cells[number], member)) } }
                td { (arrived(member, now)) }
                @if to != Use::Blind { td { (belongs(member)) } }
            } } }
        }
    }
}

fn heading(member: &Member) -> Markup {
    html! {
        span.letter { (member.letter) }
        @match &member.record {
            Some(record) => {
                span.source title={ "Its id there: " (record.source_id) } { (record.source) }
                @if member.probability.is_none() { span.tag { "added by you" } }
                @if let Some(link) = record.link() {
                    a.outside href=(link) rel="noreferrer noopener" target="_blank" { "Website" span.unseen { " of " (member.letter) ", in a new tab" } }
                }
            },
            None => span.source { "gone" },
        }
    }
}

fn cell_of(line: &Line, cell: &[String], member: &Member) -> Markup {
    html! {
        @if cell.is_empty() { span.missing { "not told" } } @else {
            @for told in cell.iter().take(SHOWN) { (value(line, told)) }
            @if cell.len() > SHOWN { details {
                summary { "and " (cell.len() - SHOWN) " more" span.unseen { " of " (member.letter) } }
                @for told in &cell[SHOWN..] { (value(line, told)) }
            } }
        }
    }
}

fn arrived(member: &Member, now: chrono::DateTime<chrono::Utc>) -> Markup {
    html! { @if let Some(record) = &member.record {
        time datetime=(record.created_at.to_rfc3339()) { (ago(record.created_at, now)) }
    } }
}

fn belongs(member: &Member) -> Markup {
    html! { @match member.probability { Some(probability) => (percent(probability)), None => "–" } }
}

/// In which group a golden record is; further members of it go where the first goes.
fn group(member: &Member, look: &Look, groups: &BTreeMap<String, usize>) -> Markup {
    if !member.stands_for_all {
        return with_first(member, look);
    }
    let chosen = groups.get(&member.letter).copied().unwrap_or(1);
    html! {
        select name={ "group." (member.record_id) } aria-label={ "Group of " (member.letter) } data-group-of=(member.letter) {
            @for number in 1..=6_usize { option value=(number) selected[number == chosen] { (number) } }
            option value="out" selected[chosen == 0] { "out" }
        }
    }
}

fn survivor(member: &Member, look: &Look) -> Markup {
    if !member.stands_for_all {
        return html! {};
    }
    let first = look.heads().next().map(|head| head.organization_id);
    let chosen = look.asked.survivor.or(first) == Some(member.organization_id);
    html! {
        label {
            input type="radio" name="survivor" value=(member.organization_id) checked[chosen] data-survivor-of=(member.letter);
            " " (member.letter) " stays"
        }
    }
}

fn with_first(member: &Member, look: &Look) -> Markup {
    let first = look.heads().find(|head| head.organization_id == member.organization_id);
    html! { @if let Some(first) = first { span.hint { "with " (first.letter) " already" } } }
}

#[cfg(test)]
mod tests {
    use super::latin;

    #[test]
    fn other_scripts_are_read_in_latin_letters() {
        assert_eq!(latin("Школа № 5").as_deref(), Some("Shkola No 5"));
        assert!(latin("東京").is_some_and(|reading| reading.is_ascii()));
        assert_eq!([latin("Café Ørsted"), latin("12 – 14")], [None, None]);
    }
}
