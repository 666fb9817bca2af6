//! What every store must do: one suite that both databases run.
#![expect(
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a suite fails by panicking, and takes outcomes whole"
)]

mod access;
mod audit;
mod batches;
mod capture;
mod clusters;
mod components;
mod crowd;
mod decisions;
mod everywhere;
mod fixture;
mod generations;
mod import;
mod leases;
mod merges;
mod moves;
mod never_happened;
mod people;
mod queues;
mod rest_rows;
mod review;
mod sampling;
mod scores;
mod scores_in_any_order;
mod splits;
mod survivorship;
mod transitions;

use crate::{ChangeLog, Credentials, Generations, Organizations, Resolution};
use async_trait::async_trait;
use std::sync::Arc;
use uuid::Uuid;

pub use access::{
    a_login_is_taken_once, sessions_end_with_what_vouched_for_them, tokens_open_until_they_end,
};
pub use audit::{
    a_tampered_entry_is_found, concurrent_writers_do_not_fork_the_chain, what_people_write_is_written_down,
};
pub use batches::{
    a_batch_runs_once_somebody_else_approves, a_stopped_batch_merges_nothing_more,
    answers_are_kept_and_then_forgotten,
};
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
    people_agree_or_not, the_newest_judgement_holds,
};
pub use crowd::fifty_people_leave_what_they_were_told;
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
pub use never_happened::undo_is_as_if_it_had_never_happened;
pub use people::{
    a_golden_record_is_deleted_with_all_of_its_members, a_survivor_outlives_its_record,
    facts_are_stated_on_what_stands, rows_are_listed_with_their_owners,
};
pub use queues::{moved_blocks_are_scored_again, the_prior_steps_at_powers_of_two};
pub use rest_rows::{
    a_record_is_rewritten_on_what_stands, added_rows_outlive_imports, an_added_row_is_written_as_a_whole,
    rows_of_a_source_are_left_alone,
};
pub use review::{
    a_claim_is_held_until_it_runs_out, a_decision_rests_on_what_was_seen, a_no_is_reopened_by_new_evidence,
    comments_and_tallies, the_queue_goes_by_value_and_skips_what_was_put_aside,
    what_must_not_be_taught_is_not,
};
pub use sampling::{certificates_and_batches_move_on, samples_are_answered_once};
pub use scores::{
    a_deletion_takes_its_pairs_along, a_deletion_told_late_ends_no_newer_pair,
    a_verdict_on_an_older_partner_keeps_no_outlived_pair, moved_blocks_refuse_scores,
    stale_scores_are_ignored,
};
pub use scores_in_any_order::scores_in_any_order;
pub use splits::{
    a_history_tells_all_that_was_done, a_split_is_decided_on_what_stands,
    a_split_takes_apart_what_several_steps_made, a_split_that_is_undone_has_never_been,
    an_undo_outlives_the_split_that_came_before,
};
pub use survivorship::{
    a_merge_the_other_way_round_leaves_no_cycle, a_word_on_a_golden_id_stays_with_it,
    another_policy_captures_what_is_merged, choices_hold_while_their_merges_hold,
    only_a_source_makes_a_record_recent, policies_have_versions_and_one_is_in_force,
    two_accepts_leave_one_survivor,
};
pub use transitions::{
    a_switch_tells_what_became_of_clusters, transitions_are_kept_until_they_are_sent_and_old,
    what_became_of_clusters_is_told_with_its_cause,
};

/// The data product: all of its ports.
pub trait DataProduct: Organizations + ChangeLog + Credentials {}
impl<T: Organizations + ChangeLog + Credentials> DataProduct for T {}

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
            a_golden_record_is_deleted_with_all_of_its_members,
            a_survivor_outlives_its_record,
            rows_are_listed_with_their_owners,
            only_golden_ids_merge,
            a_merge_is_decided_on_what_stands,
            a_repeated_request_gets_the_same_answer,
            an_undo_is_never_blocked,
            concurrent_merges_leave_a_forest,
            a_split_takes_apart_what_several_steps_made,
            a_split_that_is_undone_has_never_been,
            an_undo_outlives_the_split_that_came_before,
            a_split_is_decided_on_what_stands,
            a_history_tells_all_that_was_done,
            a_batch_runs_once_somebody_else_approves,
            a_stopped_batch_merges_nothing_more,
            answers_are_kept_and_then_forgotten,
            what_people_write_is_written_down,
            a_tampered_entry_is_found,
            concurrent_writers_do_not_fork_the_chain,
            fifty_people_leave_what_they_were_told,
            policies_have_versions_and_one_is_in_force,
            another_policy_captures_what_is_merged,
            choices_hold_while_their_merges_hold,
            only_a_source_makes_a_record_recent,
            a_word_on_a_golden_id_stays_with_it,
            two_accepts_leave_one_survivor,
            a_merge_the_other_way_round_leaves_no_cycle,
            undo_is_as_if_it_had_never_happened,
            a_verdict_on_an_older_partner_keeps_no_outlived_pair,
            a_deletion_told_late_ends_no_newer_pair,
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
            people_agree_or_not,
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
            tokens_open_until_they_end,
            sessions_end_with_what_vouched_for_them,
            a_login_is_taken_once,
            what_became_of_clusters_is_told_with_its_cause,
            transitions_are_kept_until_they_are_sent_and_old,
            a_switch_tells_what_became_of_clusters,
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
