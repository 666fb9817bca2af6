//! Values taken to pieces, and how each piece stands to what the other members say.

use maud::{Markup, html};
use std::collections::{HashMap, HashSet};

/// What is compared of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grain {
    /// Each word.
    Words,
    /// Each value as a whole: half a telephone number says nothing.
    Values,
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

/// How a piece stands to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// Most say the same.
    Same,
    /// Others say nearly the same.
    Similar,
    /// Nobody else says it, and others say more or less.
    Alone,
    /// Others say something else in its place, and nothing is shared.
    Conflicting,
}

/// What a piece is compared by: its letters and digits, without what all web addresses begin with.
pub(super) fn folded(piece: &str) -> String {
    let piece = piece.split_once("://").map_or(piece, |(_, rest)| rest);
    let piece = piece.strip_prefix("www.").unwrap_or(piece);
    piece.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What the members say of one field.
#[derive(Debug)]
pub(super) struct Row {
    grain: Grain,
    /// Pieces that most of those have that tell the field at all: who differs from the others stands out.
    shared: HashSet<String>,
    /// All pieces, with how many have each.
    holders: HashMap<String, usize>,
    told: usize,
}

impl Row {
    pub(super) fn new(cells: &[Vec<String>], grain: Grain) -> Self {
        let mut holders: HashMap<String, usize> = HashMap::new();
        let told: Vec<_> = cells.iter().filter(|cell| !cell.is_empty()).collect();
        for cell in &told {
            let pieces: HashSet<String> =
                cell.iter().flat_map(|value| grain.pieces(value)).map(folded).collect();
            for piece in pieces {
                *holders.entry(piece).or_default() += 1;
            }
        }
        let most = |(_, count): &(&String, &usize)| **count * 2 > told.len();
        let shared = holders.iter().filter(most).map(|(piece, _)| piece.clone()).collect();
        Self { grain, shared, told: told.len(), holders }
    }

    fn stand(&self, piece: &str) -> Stand {
        let piece = folded(piece);
        if piece.is_empty() || self.told < 2 || self.shared.contains(&piece) {
            return Stand::Same;
        }
        if self.holders.keys().any(|other| near(&piece, other)) {
            return Stand::Similar;
        }
        match self.grain {
            Grain::Values if self.shared.is_empty() => Stand::Conflicting,
            Grain::Words | Grain::Values => Stand::Alone,
        }
    }

    /// A value with what differs marked; the mark's title says how, for those who see no colours.
    pub(super) fn marked(&self, value: &str) -> Markup {
        html! {
            @for (number, piece) in self.grain.pieces(value).into_iter().enumerate() {
                @if number > 0 { " " }
                @match self.stand(piece) {
                    Stand::Same => (piece),
                    Stand::Similar => mark.similar title="nearly the same elsewhere" { (piece) },
                    Stand::Alone => mark title="only here" { (piece) },
                    Stand::Conflicting => mark.conflict title="others say something else" { (piece) },
                }
            }
        }
    }
}

/// Whether two different pieces are nearly the same: one the beginning of the other, or one letter apart.
fn near(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if a == b || short.chars().count() < 3 || short.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    if long.starts_with(short) {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (short.chars().collect(), long.chars().collect());
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    b.len() - a.len() <= 1 && b.len() - start - end <= 1 && a.len() - start - end <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grain: Grain, values: [&str; 2], expected: [&str; 2]) {
        let cells = vec![vec![values[0].to_owned()], vec![], vec![values[1].to_owned()]];
        let row = Row::new(&cells, grain);
        assert_eq!(values.map(|value| row.marked(value).into_string()), expected);
    }

    #[test]
    fn what_differs_from_most_is_marked_by_how_it_differs() {
        let only = |text: &str| format!("<mark title=\"only here\">{text}</mark>");
        let near =
            |text: &str| format!("<mark class=\"similar\" title=\"nearly the same elsewhere\">{text}</mark>");
        let conflict = |text: &str| {
            format!("<mark class=\"conflict\" title=\"others say something else\">{text}</mark>")
        };
        check(
            Grain::Words,
            ["River Clinic, Inc.", "RIVER clinic"],
            [&format!("River Clinic, {}", only("Inc.")), "RIVER clinic"],
        );
        check(Grain::Words, ["A & <b>", "a"], [&format!("A &amp; {}", only("&lt;b&gt;")), "a"]);
        check(
            Grain::Words,
            ["Rivr St Clinic", "River Street Clinic"],
            [
                &format!("{} {} Clinic", near("Rivr"), only("St")),
                &format!("{} {} Clinic", near("River"), only("Street")),
            ],
        );
        check(Grain::Values, ["(518) 555-0142", "518 555 0142"], ["(518) 555-0142", "518 555 0142"]);
        check(Grain::Values, ["518 1", "518 2"], [&conflict("518 1"), &conflict("518 2")]);
        check(
            Grain::Values,
            ["https://www.a.example/", "a.example"],
            ["https://www.a.example/", "a.example"],
        );
        let cells = ["a 1", "a-1", "a 2"].map(|value| vec![value.to_owned()]);
        let row = Row::new(&cells, Grain::Values);
        assert_eq!(row.marked("a 2").into_string(), only("a 2"), "two of three agree");
    }

    #[test]
    fn one_voice_alone_differs_from_nobody() {
        let row = Row::new(&[vec!["a".to_owned()], vec![]], Grain::Values);
        assert_eq!(row.marked("a").into_string(), "a");
    }
}
