//! Any order of increments gives what one batch gives: pairs, clusters and their ids, whatever people decided between.

#![cfg(test)]

mod history;
mod oracle;
mod ports;
mod running;

use entity::Record;
use futures::FutureExt;
use history::History;
use ports::Ports;
use running::Loop;
use scoring::Model;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The shipped model with corpus-dependent steps where a small corpus meets them: blocks close at five records, and the
/// prior falls at every power of two from 32 on.
fn narrow() -> Model {
    let mut model: serde_json::Value = serde_json::from_str(Model::shipped_text()).unwrap();
    model["version"] = "narrow".into();
    model["block_size_max"] = 4.into();
    model["prior"]["from_power"] = 4.into();
    Model::from_json(&model.to_string()).unwrap()
}

/// Runs a body with a loop on these ports, and cleans up after it also when it fails.
async fn with_loop(ports: Option<Ports>, model: Model, body: impl AsyncFnOnce(&Loop)) {
    let Some(ports) = ports else { return };
    let running = Loop::start(&ports, Arc::new(model)).await;
    let outcome = AssertUnwindSafe(body(&running)).catch_unwind().await;
    running.stop().await;
    ports.remove().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A random history, compared with one batch over what stands at each pause and at the end.
async fn any_history(ports: Option<Ports>, model: Model, seed: u64, steps: usize) {
    println!("seed {seed}");
    with_loop(ports, model, async |running| {
        let mut history = History::new(seed);
        for step in 1..=steps {
            history.step(running).await;
            if step % (steps / 3) == 0 {
                running.settled().await;
                oracle::check(running, &format!("seed {seed}, after step {step}: {}", history.told())).await;
            }
        }
    })
    .await;
}

/// A seed that nobody chose; printed, so that a failure can be had again.
fn some_seed() -> u64 {
    entity::clock::now().timestamp_micros().unsigned_abs()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_history_ends_where_one_batch_ends() {
    for seed in [1, some_seed()] {
        any_history(Some(Ports::embedded()), Model::shipped().clone(), seed, 60).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_while_blocks_close_and_the_prior_moves() {
    for seed in [2, some_seed()] {
        any_history(Some(Ports::embedded()), narrow(), seed, 60).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_on_postgres_and_elasticsearch() {
    let seed = some_seed();
    any_history(Ports::servers().await, narrow(), seed, 30).await;
    any_history(Ports::servers().await, Model::shipped().clone(), seed, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_told_backwards_and_wrongly_at_first_end_where_one_batch_ends() {
    let base = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let records: Vec<Record> = sample::generate(400, 7, base).map(|generated| generated.record).collect();
    with_loop(Some(Ports::embedded()), Model::shipped().clone(), async |running| {
        // Later ones first, in pieces; some with a wrong name at first, some deleted and told again.
        let mut shuffled = records.clone();
        shuffled.reverse();
        for (at, piece) in shuffled.chunks(60).enumerate() {
            let mut piece = piece.to_vec();
            if at % 2 == 0 {
                for record in piece.iter_mut().step_by(3) {
                    record.organization.name = Some("Completely Different Name".into());
                }
            }
            running.organizations.upsert(piece).await.unwrap();
        }
        let family = running.organizations.family(&[records[0].id]).await.unwrap();
        let by = store::By::now("ann");
        let revision = (records[0].id, family.revisions[&records[0].id]);
        running.organizations.delete_members(records[0].id.into(), &[revision].into(), &by).await.unwrap();
        running.settled().await;
        running.organizations.upsert(records.clone()).await.unwrap();
        running.settled().await;
        let clusters = oracle::check(running, "at the end").await;
        assert!(clusters > 10, "the sample has duplicates: {clusters}");
    })
    .await;
}
