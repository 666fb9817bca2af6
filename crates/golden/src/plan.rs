//! Families as they would be: with a merge that is only proposed, without merges that may be undone.

use chrono::{DateTime, Utc};
use entity::policy::SURVIVING_FIELDS;
use entity::{Choosing, ChosenField, Family, Link, MergeId, OrganizationId};
use std::collections::BTreeSet;

/// A merge that nobody has made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedMerge {
    /// The id that it would get.
    pub id: MergeId,
    /// The golden id that would stay.
    pub survivor: OrganizationId,
    /// The golden ids that would go.
    pub absorbed: Vec<OrganizationId>,
    /// Whose value is to win which field.
    pub choices: Vec<ChosenField>,
    /// Who proposes it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a proposal cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanFault {
    /// Fewer than two golden ids, or one of them twice.
    NotSeveral,
    /// Nothing lives under this id.
    Missing(OrganizationId),
    /// This id was absorbed: it leads to the other.
    Absorbed {
        /// The id that went.
        absorbed: OrganizationId,
        /// Where it leads.
        survivor: OrganizationId,
    },
    /// A choice that cannot hold: which field, and a sentence that says what to do.
    Choice {
        /// The field.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

/// The family with a proposed merge in it. It must hold the whole trees of all ids that the proposal names.
///
/// # Errors
/// When the store would refuse the merge, too.
pub fn with_merge(family: &Family, merge: &ProposedMerge) -> Result<Family, PlanFault> {
    let named: BTreeSet<_> = merge.absorbed.iter().copied().chain([merge.survivor]).collect();
    if merge.absorbed.is_empty() || named.len() != merge.absorbed.len() + 1 {
        return Err(PlanFault::NotSeveral);
    }
    let forest = family.forest();
    let living: BTreeSet<_> = family.records.iter().map(|record| forest.root(record.id)).collect();
    for id in named {
        let survivor = forest.root(id.into());
        if survivor != id {
            return Err(PlanFault::Absorbed { absorbed: id, survivor });
        }
        if !living.contains(&id) {
            return Err(PlanFault::Missing(id));
        }
    }
    let mut planned = family.clone();
    planned.links.extend(merge.absorbed.iter().map(|absorbed| Link {
        absorbed: (*absorbed).into(),
        survivor: merge.survivor.into(),
        merge_id: merge.id,
    }));
    let made =
        Choosing { organization_id: merge.survivor, merge_id: Some(merge.id), by: &merge.by, at: merge.at };
    choose(&mut planned, &made, &merge.choices)?;
    Ok(planned)
}

/// The family with choices made by themselves, on a golden record.
///
/// # Errors
/// When a choice names no field of which one value wins, or a record that is no member.
pub fn with_choices(
    family: &Family,
    made: &Choosing<'_>,
    chosen: &[ChosenField],
) -> Result<Family, PlanFault> {
    let mut planned = family.clone();
    choose(&mut planned, made, chosen)?;
    Ok(planned)
}

fn choose(family: &mut Family, made: &Choosing<'_>, chosen: &[ChosenField]) -> Result<(), PlanFault> {
    check_choices(chosen)?;
    let forest = family.forest();
    for chosen in chosen {
        let lives = |record| family.records.iter().any(|there| there.id == record);
        let choice = forest.choice(made, chosen).filter(|_| chosen.record_id.is_none_or(lives));
        let problem = || {
            let record = chosen.record_id.map_or_else(String::new, |record| record.to_string());
            format!("record {record} is no member of {}: choose one of its members", made.organization_id)
        };
        let fault = || PlanFault::Choice { field: chosen.field.clone(), problem: problem() };
        family.choices.push(choice.ok_or_else(fault)?);
    }
    Ok(())
}

/// Refuses choices of what is no field of which one value wins, and two choices for one field.
///
/// # Errors
/// With the field and what to do.
pub fn check_choices(chosen: &[ChosenField]) -> Result<(), PlanFault> {
    let mut seen = BTreeSet::new();
    for choice in chosen {
        let field = choice.field.as_str();
        let fault = |problem| PlanFault::Choice { field: field.to_owned(), problem };
        if !SURVIVING_FIELDS.contains(&field) {
            let fields = SURVIVING_FIELDS.join(", ");
            return Err(fault(format!("of {field:?} no single value wins: choose among {fields}")));
        }
        if !seen.insert(field) {
            return Err(fault(format!("{field} is chosen twice: choose one record for it")));
        }
    }
    Ok(())
}

/// The family as it would be if these merges had never happened: their links and the choices that rest on them gone.
#[must_use]
pub fn without_merges(family: &Family, undone: &BTreeSet<MergeId>) -> Family {
    let mut left = family.clone();
    left.links.retain(|link| !undone.contains(&link.merge_id));
    left.choices.retain(|choice| !choice.rests_on.iter().any(|merge| undone.contains(merge)));
    left
}
