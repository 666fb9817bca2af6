//! What comparisons are about: an explanation of forty terms is read topic by topic.

use super::COMPARISONS;

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// What it is called.
    Name,
    /// Where it is, and in how many places.
    Place,
    /// How it is reached: telephone, web, mail.
    Contact,
    /// Numbers in registers.
    Register,
    /// What it offers.
    Services,
    /// Whether it is one of a chain.
    Chain,
}

/// The topics of a line of an explanation, sorted, each once: two for an interaction of two topics, none for what is
/// about nothing single, as the prior.
#[must_use]
pub fn topics(comparison: &str) -> Vec<Topic> {
    if let Some(topic) = topic(comparison) {
        return vec![topic];
    }
    let both = comparison
        .match_indices(" and ")
        .find_map(|(at, and)| Some([topic(&comparison[..at])?, topic(&comparison[at + and.len()..])?]));
    let mut topics = both.map(Vec::from).unwrap_or_default();
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn topic(comparison: &str) -> Option<Topic> {
    // In the order of the comparisons.
    match COMPARISONS.iter().position(|known| known.name == comparison)? {
        0..=10 => Some(Topic::Name),
        11..=14 => Some(Topic::Contact),
        15 => Some(Topic::Register),
        16 => Some(Topic::Services),
        17..=24 => Some(Topic::Place),
        25 => Some(Topic::Chain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Topic::{Chain, Contact, Name, Place, Register, Services};
    use super::*;
    use crate::comparison::INTERACTIONS;

    #[test]
    fn lines_of_an_explanation_have_their_topics() {
        for (line, expected) in [
            ("legal form", vec![Name]),
            ("mailbox", vec![Contact]),
            ("identifier", vec![Register]),
            ("services", vec![Services]),
            ("grain", vec![Place]),
            ("chain", vec![Chain]),
            ("name and name words shared", vec![Name]),
            ("street address and phone", vec![Place, Contact]),
            ("name, place and contact", vec![]),
            ("prior", vec![]),
            ("the rest", vec![]),
        ] {
            assert_eq!(topics(line), expected, "{line}");
        }
        for interaction in INTERACTIONS {
            let names = [interaction.left, interaction.right].map(|at| COMPARISONS[at].name);
            assert!(!topics(&names.join(" and ")).is_empty(), "{names:?}");
        }
    }
}
