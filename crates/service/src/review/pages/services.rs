//! What the members offer, and what of it they share.

use super::look::Look;
use super::tokens::folded;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Services shown; more are counted.
const SHOWN: usize = 40;

pub(super) fn section(look: &Look) -> Markup {
    // By what is compared of the name: how it is shown, and which members offer it.
    let mut offers: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
    for (number, member) in look.members.iter().enumerate() {
        let services = member.record.iter().flat_map(|record| &record.services);
        for name in services.filter_map(|service| service.name.as_ref()) {
            let (_, members) = offers.entry(folded(name)).or_insert_with(|| (name.clone(), Vec::new()));
            if members.last() != Some(&number) {
                members.push(number);
            }
        }
    }
    let mut offers: Vec<_> = offers.into_values().collect();
    offers.sort_by(|(a, left), (b, right)| right.len().cmp(&left.len()).then_with(|| a.cmp(b)));
    let shared = offers.iter().filter(|(_, members)| members.len() > 1).count();
    if offers.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="services" {
            h2 #services { "What they offer" }
            p.hint { (shared) " of " (offers.len()) " services are offered by more than one of them." }
            div.scroll tabindex="0" role="region" aria-label="Services by member" { table.services {
                thead { tr { th scope="col" { "Service" } @for member in &look.members { th scope="col" { span.letter { (member.letter) } } } } }
                tbody { @for (name, members) in offers.iter().take(SHOWN) { tr data-shared[members.len() > 1] {
                    th scope="row" { (name) }
                    @for number in 0..look.members.len() { td { @if members.contains(&number) { span.dot aria-hidden="true" { "●" } span.unseen { "yes" } } } }
                } } }
            } }
            @if offers.len() > SHOWN { p.hint { "and " (offers.len() - SHOWN) " more" } }
        }
    }
}
