//! What a survivorship policy may say: checked when it is written, with the field and the fix.

use entity::PolicyDocument;
use entity::policy::{Rule, SURVIVING_FIELDS};
use std::collections::BTreeSet;

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The path within the document, such as `fields.name[0].source_trust`.
    pub field: String,
    /// What is wrong and what to do, in a sentence.
    pub problem: String,
}

/// More rules for one field say nothing: there are six kinds.
const RULES_MAX: usize = 6;
/// Sources that one rule may rank.
const SOURCES_MAX: usize = 1000;

/// Checks a policy beyond its shape: fields that exist, rules that can decide something.
///
/// # Errors
/// Everything that is wrong, each with its place and the fix.
pub fn check_policy(document: &PolicyDocument) -> Result<(), Vec<PolicyFault>> {
    let mut faults = Vec::new();
    check_rules("default", &document.default, &mut faults);
    for (field, rules) in &document.fields {
        let path = format!("fields.{field}");
        if field != "extra" && !SURVIVING_FIELDS.contains(&field.as_str()) {
            let problem = format!(
                "of {field:?} no single value wins (lists are united): use {} or extra",
                SURVIVING_FIELDS.join(", ")
            );
            faults.push(PolicyFault { field: path.clone(), problem });
        }
        check_rules(&path, rules, &mut faults);
    }
    let mut seen = BTreeSet::new();
    for (place, list) in document.fold.iter().enumerate() {
        if !seen.insert(list) {
            let problem = "this list is named before: name each once".to_owned();
            faults.push(PolicyFault { field: format!("fold[{place}]"), problem });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn check_rules(path: &str, rules: &[Rule], faults: &mut Vec<PolicyFault>) {
    let mut fault = |field: String, problem: String| faults.push(PolicyFault { field, problem });
    if rules.is_empty() {
        let problem = "names no rule: give one at least, such as \"survivor\", or leave the field out";
        fault(path.to_owned(), problem.to_owned());
    }
    if rules.len() > RULES_MAX {
        fault(path.to_owned(), format!("has {} rules: {RULES_MAX} at most, each kind once", rules.len()));
        return;
    }
    for (place, rule) in rules.iter().enumerate() {
        let at = format!("{path}[{place}]");
        let kind = std::mem::discriminant(rule);
        if rules[..place].iter().any(|other| std::mem::discriminant(other) == kind) {
            fault(at.clone(), "this rule is there before: a second time it decides nothing".to_owned());
        }
        if let Rule::SourceTrust(sources) = rule {
            check_sources(&format!("{at}.source_trust"), sources, &mut fault);
        }
    }
}

fn check_sources(at: &str, sources: &[String], fault: &mut impl FnMut(String, String)) {
    if sources.is_empty() || sources.len() > SOURCES_MAX {
        let problem = format!("names {} sources: name between 1 and {SOURCES_MAX}", sources.len());
        fault(at.to_owned(), problem);
        return;
    }
    let mut seen = BTreeSet::new();
    for (place, source) in sources.iter().enumerate() {
        if source.trim().is_empty() {
            fault(format!("{at}[{place}]"), "is empty: write a source's name".to_owned());
        } else if !seen.insert(source) {
            fault(format!("{at}[{place}]"), format!("{source:?} is named before: name each source once"));
        }
    }
}
