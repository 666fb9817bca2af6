//! What every store must do: one suite that both databases run.
#![expect(
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a suite fails by panicking, and takes outcomes whole"
)]

mod capture;
mod clusters;
mod components;
mod decisions;
mod everywhere;
mod fixture;
mod generations;
mod import;
mod leases;
mod merges;
mod moves;
mod people;
mod queues;
mod review;
mod sampling;
mod rest_rows;
mod scores;
mod scores_in_any_order;

use crate::{ChangeLog, Generations, Organizations, Resolution};
use async_trait::async_trait;
use std::sync::Arc;
use uuid::Uuid;

pub use capture::{
    a_new_epoch_republishes_everything, a_stale_lease_can_neither_reserve_nor_advance, pages_miss_nothing,
    prunes_only_what_was_acknowledged, republishes_on_request, waiting_counts_what_is_ahead,
};
pub use clusters::{
    clusters_take_members_from_each_other, each_generation_keeps_its_own, events_wait_until_published,
    floats_come_back_exactly, pages_through_equal_probabilities,
};
pub use components::{
    a_component_is_followed_to_the_end, a_newer_redirect_is_never_replaced, a_weak_pair_does_not_connect,
    the_newest_judgement_holds,
};
pub use decisions::{decisions_move_on, judgements_reach_every_generation};
pub use everywhere::{
    a_delete_takes_all_children_along, a_new_key_ends_the_old_one, every_table_is_captured_with_its_owner,
    what_was_rolled_back_is_not_captured,
};
pub use generations::{a_retired_generation_is_gone, a_switch_publishes_what_differs};
pub use import::{
    a_child_that_is_gone_is_deleted, a_nul_is_refused, a_parent_is_named_by_the_id_it_got,
    a_place_of_another_is_pointed_at, a_place_that_goes_is_offered_at_no_more,
    a_record_told_twice_counts_once, a_snapshot_deletes_what_is_absent,
    a_taken_id_is_replaced_by_a_derived_one, an_equal_record_changes_nothing,
    an_update_keeps_the_first_arrival, reads_back_what_was_imported,
};
pub use leases::one_holder_at_a_time;
pub use merges::{
    a_merge_is_decided_on_what_stands, a_repeated_request_gets_the_same_answer, an_undo_is_never_blocked,
    concurrent_merges_leave_a_forest, only_golden_ids_merge,
};
pub use moves::{
    a_child_moves_between_records, a_child_moves_to_a_new_record, a_child_told_by_two_records_has_one_owner,
    a_row_moved_by_hand_takes_its_children_along,
};
pub use people::{
    a_merged_record_is_not_deleted, a_survivor_outlives_its_record, facts_are_stated_on_what_stands,
    rows_are_listed_with_their_owners,
};
pub use queues::{moved_blocks_are_scored_again, the_prior_steps_at_powers_of_two};
pub use rest_rows::{
    a_record_is_rewritten_on_what_stands, added_rows_outlive_imports, an_added_row_is_written_as_a_whole,
    rows_of_a_source_are_left_alone,
};
pub use review::{
    a_claim_is_held_until_it_runs_out, a_decision_rests_on_what_was_seen, a_no_is_reopened_by_new_evidence,
    comments_and_tallies, the_queue_goes_by_value_and_skips_what_was_put_aside, what_must_not_be_taught_is_not,
};
pub use sampling::{certificates_and_batches_move_on, samples_are_answered_once};
pub use scores::{a_deletion_takes_its_pairs_along, moved_blocks_refuse_scores, stale_scores_are_ignored};
pub use scores_in_any_order::scores_in_any_order;

/// The data product: both of its ports.
pub trait DataProduct: Organizations + ChangeLog {}
impl<T: Organizations + ChangeLog> DataProduct for T {}

/// A pair of databases of its own.
#[async_trait]
pub trait Backend: Send + Sync {
    /// A handle on the organizations, as another process would open it.
    async fn organizations(&self) -> Arc<dyn DataProduct>;

    /// A handle on the resolution store, as another process would open it.
    async fn resolution(&self, model_version: &str) -> Arc<dyn Resolution>;

    /// A handle on the generations of the same store; in a new one, model `one` is the first.
    async fn generations(&self) -> Arc<dyn Generations>;

    /// Runs SQL on the organizations as somebody else's program would, in one transaction.
    async fn run(&self, statements: &[String]) -> Result<(), sqlx::Error>;

    /// An id as this database's SQL writes it.
    fn literal(&self, id: Uuid) -> String;

    /// Takes the databases away.
    async fn remove(self: Box<Self>);
}

/// Makes a test of each case; `$backend` is an async expression of `Option<Box<dyn Backend>>`, `None` to skip.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:expr) => {
        $crate::conformance_tests!(
            $backend,
            reads_back_what_was_imported,
            an_equal_record_changes_nothing,
            an_update_keeps_the_first_arrival,
            a_child_that_is_gone_is_deleted,
            a_taken_id_is_replaced_by_a_derived_one,
            a_parent_is_named_by_the_id_it_got,
            a_place_of_another_is_pointed_at,
            a_place_that_goes_is_offered_at_no_more,
            a_record_told_twice_counts_once,
            a_snapshot_deletes_what_is_absent,
            a_nul_is_refused,
            a_child_moves_between_records,
            a_child_moves_to_a_new_record,
            a_child_told_by_two_records_has_one_owner,
            a_row_moved_by_hand_takes_its_children_along,
            added_rows_outlive_imports,
            an_added_row_is_written_as_a_whole,
            a_record_is_rewritten_on_what_stands,
            rows_of_a_source_are_left_alone,
            every_table_is_captured_with_its_owner,
            a_delete_takes_all_children_along,
            a_new_key_ends_the_old_one,
            what_was_rolled_back_is_not_captured,
            pages_miss_nothing,
            a_new_epoch_republishes_everything,
            a_stale_lease_can_neither_reserve_nor_advance,
            prunes_only_what_was_acknowledged,
            republishes_on_request,
            waiting_counts_what_is_ahead,
            one_holder_at_a_time,
            facts_are_stated_on_what_stands,
            a_merged_record_is_not_deleted,
            a_survivor_outlives_its_record,
            rows_are_listed_with_their_owners,
            only_golden_ids_merge,
            a_merge_is_decided_on_what_stands,
            a_repeated_request_gets_the_same_answer,
            an_undo_is_never_blocked,
            concurrent_merges_leave_a_forest,
            stale_scores_are_ignored,
            a_deletion_takes_its_pairs_along,
            moved_blocks_refuse_scores,
            scores_in_any_order,
            moved_blocks_are_scored_again,
            the_prior_steps_at_powers_of_two,
            a_component_is_followed_to_the_end,
            a_weak_pair_does_not_connect,
            a_newer_redirect_is_never_replaced,
            the_newest_judgement_holds,
            judgements_reach_every_generation,
            decisions_move_on,
            the_queue_goes_by_value_and_skips_what_was_put_aside,
            a_claim_is_held_until_it_runs_out,
            a_decision_rests_on_what_was_seen,
            a_no_is_reopened_by_new_evidence,
            what_must_not_be_taught_is_not,
            comments_and_tallies,
            samples_are_answered_once,
            certificates_and_batches_move_on,
            clusters_take_members_from_each_other,
            events_wait_until_published,
            pages_through_equal_probabilities,
            floats_come_back_exactly,
            each_generation_keeps_its_own,
            a_switch_publishes_what_differs,
            a_retired_generation_is_gone,
        );
    };
    ($backend:expr, $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                use futures::FutureExt as _;
                if let Some(backend) = $backend {
                    let case = std::panic::AssertUnwindSafe($crate::conformance::$case(&*backend));
                    let outcome = case.catch_unwind().await;
                    backend.remove().await;
                    if let Err(panic) = outcome {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        )+
    };
}
