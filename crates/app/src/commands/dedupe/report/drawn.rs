//! Charts as SVG, which any browser draws without help.

use super::{Choice, grouped, step_start};
use maud::{Markup, html};
use pipeline::batch::{Clusters, Histogram};
use std::collections::BTreeMap;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;

/// Pairs by weight, on a logarithmic scale: those that match are few among those that do not.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn histogram(histogram: &Histogram, threshold: f64) -> Markup {
    let filled = |counts: &[u64]| counts.iter().position(|count| *count > 0).unwrap_or(0);
    let first = filled(&histogram.counts);
    let reversed: Vec<u64> = histogram.counts.iter().rev().copied().collect();
    let last = histogram.counts.len() - filled(&reversed);
    let counts = histogram.counts.get(first..last).unwrap_or_default();
    let most = counts.iter().max().copied().unwrap_or(1).max(1);
    let step = WIDTH / counts.len().max(1) as f64;
    let height = |count: u64| HEIGHT * ((count + 1) as f64).ln() / ((most + 1) as f64).ln();
    let left = step_start(first);
    let place = |weight: f64| (weight - left) / Histogram::STEP * step;
    html! {
        figure {
            svg viewBox=(format!("-10 -20 {} {}", WIDTH + 20.0, HEIGHT + 45.0)) role="img"
                aria-label="How many compared pairs have which weight" data-left=(left)
                data-scale=(step / Histogram::STEP) id="histogram" {
                @for (at, count) in counts.iter().enumerate() {
                    @let weight = step_start(first + at);
                    rect.joins[weight >= threshold] x=(format!("{:.1}", at as f64 * step))
                        y=(format!("{:.1}", HEIGHT - height(*count))) width=(format!("{:.1}", (step - 1.0).max(0.5)))
                        height=(format!("{:.1}", height(*count))) data-weight=(weight) {
                        title { (grouped(*count)) " pairs from " (weight) " to " (weight + Histogram::STEP) }
                    }
                    @if weight.rem_euclid(5.0).abs() < 1e-9 {
                        text.between[weight.rem_euclid(10.0).abs() > 1e-9] x=(format!("{:.1}", at as f64 * step))
                            y=(HEIGHT + 20.0) { (weight) }
                    }
                }
                line #mark x1=(place(threshold)) x2=(place(threshold)) y1="-12" y2=(HEIGHT);
            }
            figcaption { "Pairs by log-odds, on a logarithmic scale. The line is the threshold." }
        }
    }
}

/// A slider over thresholds, with what each comes to.
pub(super) fn slider(choices: &[Choice], chosen: usize) -> Markup {
    let text = serde_json::to_string(choices).unwrap_or_default();
    let now = choices.get(chosen);
    html! {
        label for="threshold" { "Try another threshold: " output #at { (now.map_or(0.0, |now| now.threshold)) } }
        input #threshold type="range" min="0" max=(choices.len().saturating_sub(1)) step="1" value=(chosen)
            list="thresholds" data-choices=(text) data-chosen=(chosen);
        datalist #thresholds { @for (at, _) in choices.iter().enumerate() { option value=(at) {} } }
        table.figures {
            thead { tr { th { "threshold" } th { "pairs over it" } th { "clusters" } th { "organizations in them" } th { "largest" } } }
            tbody #choices {
                @for (at, choice) in choices.iter().enumerate() {
                    tr.chosen[at == chosen] aria-current=[(at == chosen).then_some("true")] {
                        td { (format!("{:+.2}", choice.threshold)) }
                        @for count in [choice.pairs, choice.clusters, choice.duplicates, choice.largest] {
                            td { (grouped(count as u64)) }
                        }
                    }
                }
            }
        }
    }
}

/// Clusters by size.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn sizes(clusters: &Clusters) -> Markup {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    clusters.iter().for_each(|members| *sizes.entry(members.len()).or_default() += 1);
    let most = sizes.values().max().copied().unwrap_or(1) as f64;
    html! {
        table.bars {
            @for (size, count) in &sizes {
                tr {
                    th { (size) }
                    td.bar {
                        span.for style=(format!("width:{:.1}%", 100.0 * (*count as f64 + 1.0).ln() / (most + 1.0).ln())) {}
                    }
                    td { (grouped(*count as u64)) }
                }
            }
        }
    }
}
