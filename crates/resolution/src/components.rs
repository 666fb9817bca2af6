//! What could come together at all: records joined by must-links and by pairs at or over the threshold.

use crate::graph::{DisjointSets, Graph, Micro, micro};
use crate::{COMPONENT_RECORDS_MAX, WEIGHT_LIMIT};
use std::collections::BTreeMap;

/// How much the threshold rises to take a component apart that is too large.
const STEP: Micro = 1_000_000;

/// The components, each sorted; a record without links is one of its own.
pub(crate) fn components(graph: &Graph) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..graph.len()).collect();
    let mut waiting = split(graph, &all, graph.threshold)
        .into_iter()
        .map(|part| (part, graph.threshold))
        .collect::<Vec<_>>();
    let mut done = Vec::new();
    while let Some((component, threshold)) = waiting.pop() {
        // Over the limit no pair is left: what is still together, must-links hold.
        if component.len() <= COMPONENT_RECORDS_MAX || threshold > micro(WEIGHT_LIMIT) {
            done.push(component);
            continue;
        }
        let higher = threshold + STEP;
        waiting.extend(split(graph, &component, higher).into_iter().map(|part| (part, higher)));
    }
    done
}

fn split(graph: &Graph, records: &[usize], threshold: Micro) -> Vec<Vec<usize>> {
    let mut sets = DisjointSets::new(records.len());
    let place = |record: usize| records.binary_search(&record).ok();
    for (at, &record) in records.iter().enumerate() {
        let strong =
            graph.pairs[record].iter().filter(|(other, weight)| **other > record && **weight >= threshold);
        for other in strong.filter_map(|(other, _)| place(*other)).chain(place(graph.must_group[record])) {
            sets.join(at, other);
        }
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, &record) in records.iter().enumerate() {
        parts.entry(sets.root(at)).or_default().push(record);
    }
    parts.into_values().collect()
}
