//! First proposals of groups for clusters that are too large to put together by hand.

use super::look::{Look, Member, Tool};
use super::tokens::folded;
use entity::RecordId;
use maud::{Markup, html};
use std::collections::{BTreeMap, HashMap};

/// Groups that a page offers.
pub(super) const GROUPS: usize = 6;

/// The group of each golden record, by its letter: all in one, or as a tool proposes.
pub(super) fn groups(look: &Look) -> BTreeMap<String, usize> {
    let heads = look.heads();
    match look.asked.tool {
        None => heads.map(|member| (member.letter.clone(), 1)).collect(),
        Some(Tool::Bridge) => at_bridge(look),
        Some(Tool::Domain) => by(look, |member| member.record.as_ref()?.host()),
        Some(Tool::Address) => {
            by(look, |member| member.record.as_ref()?.addresses().first().map(|line| folded(line)))
        }
    }
}

fn at_bridge(look: &Look) -> BTreeMap<String, usize> {
    let ids: Vec<RecordId> = look.cluster().members.iter().map(|member| member.record_id).collect();
    let bridge = look.joins.weakest_bridge(&ids);
    let side = |member: &Member| match &bridge {
        Some(bridge) if !bridge.near.contains(&member.record_id) => 2,
        _ => 1,
    };
    look.heads().map(|member| (member.letter.clone(), side(member))).collect()
}

/// The commonest values get the groups; who has another one, or none, is left out.
fn by(look: &Look, value: impl Fn(&Member) -> Option<String>) -> BTreeMap<String, usize> {
    let values: Vec<(String, Option<String>)> =
        look.heads().map(|member| (member.letter.clone(), value(member))).collect();
    let mut counts: HashMap<&String, usize> = HashMap::new();
    for value in values.iter().filter_map(|(_, value)| value.as_ref()) {
        *counts.entry(value).or_default() += 1;
    }
    let mut order: Vec<(&String, usize)> = counts.into_iter().collect();
    order.sort_by(|(a, left), (b, right)| right.cmp(left).then_with(|| a.cmp(b)));
    let number = |value: &String| order.iter().take(GROUPS).position(|(known, _)| *known == value);
    values
        .iter()
        .map(|(letter, value)| {
            let group = value.as_ref().and_then(number).map_or(0, |at| at + 1);
            (letter.clone(), group)
        })
        .collect()
}

/// Links to the proposals, where there is something to propose.
pub(super) fn section(look: &Look) -> Markup {
    if look.heads().count() < 3 {
        return html! {};
    }
    let filter = look.asked.filter.text();
    let address = |tool: &str| format!("/clusters/{}?{filter}&tool={tool}", look.cluster().id);
    html! {
        p.tools {
            "Propose groups: "
            a.button href=(address("bridge")) { "split at the weakest bridge" } " "
            a.button href=(address("domain")) { "by website" } " "
            a.button href=(address("address")) { "by address" }
        }
    }
}
