//! Which pairs that share a key are ruled out, and which never.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test's own functions")]

#[expect(dead_code, unreachable_pub, reason = "shared with the tests of quality")]
#[path = "quality/sets.rs"]
mod sets;

use scoring::Sketch;

#[cfg(test)]
mod tests {
    use super::{Sketch, sets};
    use std::collections::BTreeMap;

    type Fields<'a> = &'a [(&'a str, &'a str)];

    const HERE: Fields<'_> = &[
        ("name", "Harbor Point Fitness"),
        ("street", "12 Main St"),
        ("city", "Salem"),
        ("state", "MA"),
        ("postcode", "01970"),
        ("country", "US"),
        ("phone", "978 555 0142"),
        ("website", "harborpoint.org"),
    ];

    fn sketch(fields: Fields<'_>) -> Sketch {
        let row: BTreeMap<String, String> = ["id", "services"]
            .map(|name| (name.to_owned(), String::new()))
            .into_iter()
            .chain(HERE.iter().chain(fields).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .collect();
        Sketch::of(&scoring::features(&sets::record(&row)))
    }

    fn is_ruled_out(changed: Fields<'_>) -> bool {
        sketch(&[]).rules_out(&sketch(changed))
    }

    const ELSEWHERE: Fields<'_> =
        &[("street", "9 Oak Ave"), ("city", "Salem"), ("state", "OR"), ("postcode", "97301")];

    fn elsewhere(changed: Fields<'_>) -> bool {
        is_ruled_out(&[ELSEWHERE, changed].concat())
    }

    #[test]
    fn a_branch_in_another_state_is_ruled_out() {
        assert!(elsewhere(&[("phone", "503 555 0187")]));
        assert!(elsewhere(&[("phone", ""), ("website", "")]));
        assert!(elsewhere(&[("phone", "")]), "a domain in common, at another address");
        assert!(elsewhere(&[("name", "Willamette Dental Arts")]));
    }

    #[test]
    fn what_could_have_moved_to_another_state_is_compared() {
        assert!(!elsewhere(&[]), "the same telephone");
        assert!(!elsewhere(&[("phone", ""), ("street", "")]), "the same domain, and no address that differs");
        assert!(!elsewhere(&[("state", ""), ("phone", "503 555 0187")]), "no state is told");
        assert!(!elsewhere(&[("postcode", "01970"), ("phone", "503 555 0187")]), "one state is wrong");
    }

    const OTHER: Fields<'_> =
        &[("street", "9 Oak Ave"), ("phone", "978 555 0187"), ("website", "willamette.com")];

    fn nearby(changed: Fields<'_>) -> bool {
        is_ruled_out(&[OTHER, changed].concat())
    }

    #[test]
    fn another_name_at_another_address_with_other_contacts_is_ruled_out() {
        assert!(nearby(&[("name", "Willamette Dental Arts")]));
    }

    #[test]
    fn words_that_tell_nothing_make_no_names_alike() {
        let ruled_out = |name: &str, other: &str| {
            sketch(&[("name", name)]).rules_out(&sketch(&[OTHER, &[("name", other)]].concat()))
        };
        assert!(ruled_out("Grace Assembly of God", "Bethany Assembly of God Church"));
        assert!(ruled_out("Salem Memorial Library", "Salem Public Library"), "where no word tells");
        assert!(!ruled_out("Grace Assembly of God", "Grace Assembly of God Church"));
        assert!(!ruled_out("Salem Public Library", "Public Library of Salem"));
        assert!(!ruled_out("Public Library", "Kettering Public Library"), "one alone has words that tell");
    }

    #[test]
    fn in_one_town_a_like_name_or_address_or_contact_is_enough() {
        assert!(!nearby(&[]), "the same name");
        assert!(!nearby(&[("name", "Harbour Point Fitness Club")]), "nearly the same name");
        let name = ("name", "Willamette Dental Arts");
        assert!(!nearby(&[name, ("street", "12 Main St")]), "the same address");
        assert!(!nearby(&[name, ("street", "12 Mian St")]), "the same number");
        assert!(!nearby(&[name, ("phone", "555 0142")]), "the same local number");
        assert!(!nearby(&[name, ("phone", ""), ("website", "")]), "contacts unknown");
        assert!(!nearby(&[name, ("street", "")]), "address unknown");
    }

    #[test]
    fn what_lies_next_door_is_compared() {
        let at = [("latitude", "42.5195"), ("longitude", "-70.8967")];
        let next_door = [("latitude", "42.5201"), ("longitude", "-70.8972")];
        let other = [ELSEWHERE, &[("phone", "503 555 0187")]].concat();
        let rules_out = |place: Fields<'_>| sketch(&at).rules_out(&sketch(&[&other, place].concat()));
        assert!(!rules_out(&next_door), "whatever state is told");
        assert!(rules_out(&[("latitude", "42.6"), ("longitude", "-70.9")]));
    }
}
