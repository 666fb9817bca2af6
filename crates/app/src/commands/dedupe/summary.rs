//! What a run came to, in words and as one JSON document.

use super::Ran;
use super::previous::Transition;
use crate::commands::evaluate::Quality;
use crate::commands::memory;
use crate::output;
use pipeline::batch::{BlockCounts, MemoryEstimate};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Transitions that are named one by one.
const TRANSITIONS_SHOWN_MAX: usize = 20;

/// Seconds by phase.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    last: Instant,
    laps: BTreeMap<&'static str, f64>,
}

impl Clock {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self { start: now, last: now, laps: BTreeMap::new() }
    }

    pub(super) fn lap(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.laps.insert(phase, rounded((now - self.last).as_secs_f64()));
        self.last = now;
    }
}

/// The result as one document.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    organizations: usize,
    left_out: usize,
    /// Those of two or more.
    clusters: usize,
    /// Organizations in them.
    duplicates: usize,
    largest_cluster: usize,
    pairs_compared: u64,
    pairs_kept: usize,
    blocks: BlockCounts,
    model: &'a str,
    prior: f64,
    threshold: f64,
    judgements: JudgementCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    seconds: Seconds<'a>,
    memory: Memory,
}

#[derive(Debug, Serialize)]
struct JudgementCounts {
    together: usize,
    apart: usize,
    unknown: usize,
    /// Pairs that are judged apart and yet together, by other judgements.
    conflicts: usize,
}

#[derive(Debug, Serialize)]
struct Changes<'a> {
    counts: BTreeMap<&'static str, usize>,
    transitions: &'a [Transition],
}

#[derive(Debug, Serialize)]
struct Seconds<'a> {
    total: f64,
    #[serde(flatten)]
    phases: &'a BTreeMap<&'static str, f64>,
}

#[derive(Debug, Serialize)]
struct Memory {
    peak_bytes: Option<u64>,
    estimated_bytes: Option<u64>,
}

impl<'a> Summary<'a> {
    pub(super) fn new(
        ran: &'a Ran<'a>,
        read: (usize, Option<MemoryEstimate>),
        transitions: Option<&'a [Transition]>,
        quality: Option<Quality>,
        clock: &'a Clock,
    ) -> Self {
        let (left_out, estimate) = read;
        let several = ran.clusters.iter().map(|members| members.len()).filter(|len| *len > 1);
        let constraints = &ran.judgements.constraints;
        Self {
            organizations: ran.batch.len(),
            left_out,
            clusters: several.clone().count(),
            duplicates: several.clone().sum(),
            largest_cluster: several.max().unwrap_or(1),
            pairs_compared: ran.pairs.compared,
            pairs_kept: ran.pairs.len(),
            blocks: ran.pairs.blocks,
            model: ran.plan.model.version(),
            prior: ran.pairs.prior,
            threshold: ran.threshold,
            judgements: JudgementCounts {
                together: constraints.must.len(),
                apart: constraints.never.len(),
                unknown: ran.judgements.unknown,
                conflicts: ran.clusters.conflicts.len(),
            },
            changes: transitions.map(|transitions| Changes { counts: counts(transitions), transitions }),
            quality,
            seconds: Seconds { total: rounded(clock.start.elapsed().as_secs_f64()), phases: &clock.laps },
            memory: Memory {
                peak_bytes: memory::peak(),
                estimated_bytes: estimate.map(|estimate| estimate.peak),
            },
        }
    }

    /// Says it on standard output.
    pub(super) fn print(&self, file: &Path) {
        let Self { organizations, clusters, duplicates, .. } = self;
        output::line(format_args!(
            "{organizations} organizations, {clusters} clusters of two or more with {duplicates} of them: {}",
            file.display()
        ));
        let Self { pairs_compared, pairs_kept, seconds, .. } = self;
        let peak = self.memory.peak_bytes.map(|bytes| format!(", {} of memory", memory::shown(bytes)));
        output::line(format_args!(
            "{pairs_compared} pairs compared, {pairs_kept} kept, {:.1} s{}",
            seconds.total,
            peak.unwrap_or_default()
        ));
        let JudgementCounts { together, apart, unknown, conflicts } = self.judgements;
        if together + apart + unknown > 0 {
            output::line(format_args!(
                "judgements: {together} together, {apart} apart, {unknown} of records that are not there, \
                 {conflicts} contradict each other"
            ));
        }
        if let Some(changes) = &self.changes {
            changes.print();
        }
        if let Some(quality) = &self.quality {
            quality.print();
        }
    }
}

impl Changes<'_> {
    fn print(&self) {
        let counts: Vec<String> = self.counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
        output::line(format_args!("changed since the run before: {counts}"));
        for transition in self.transitions.iter().take(TRANSITIONS_SHOWN_MAX) {
            let Transition { kind, before, after, members_before, members_after } = transition;
            output::line(format_args!(
                "  {}: {} → {} ({members_before} → {members_after})",
                kind.as_str(),
                before.join(" "),
                after.join(" ")
            ));
        }
        if let Some(more) = self.transitions.len().checked_sub(TRANSITIONS_SHOWN_MAX).filter(|more| *more > 0)
        {
            output::line(format_args!("  {more} more: --changes or --json lists all"));
        }
    }
}

/// Transitions by kind.
pub(super) fn counts(transitions: &[Transition]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    transitions.iter().for_each(|transition| *counts.entry(transition.kind.as_str()).or_default() += 1);
    counts
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
