//! SQL copies on SQLite and on PostgreSQL: the same bodies on both, with the real log, registry and runner.

#![cfg(test)]

mod bench;
mod changes;
mod delivery;
mod target;
mod trouble;
mod values;

use bench::Bench;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use target::Target;

/// Runs a body and cleans up after it, also when it fails.
async fn run(target: Option<Target>, body: impl AsyncFnOnce(&Bench)) {
    let Some(target) = target else { return };
    let bench = Bench::new(target).await;
    let outcome = AssertUnwindSafe(body(&bench)).catch_unwind().await;
    bench.target.remove().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

macro_rules! on_both_databases {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::run(Some(crate::Target::sqlite()), crate::$module::$name).await;
                }
            )*)*
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::run(crate::Target::postgres().await, crate::$module::$name).await;
                }
            )*)*
        }
    };
}

on_both_databases! {
    changes:
        rows_come_change_and_go,
        a_tombstone_alone_deletes,
        an_absorbed_id_redirects_and_lives_again_after_an_undo,
        children_follow_the_golden_record,
        a_moved_child_stays_whichever_partition_is_read_first,
        a_truncated_golden_record_is_whole_in_the_copy,
        a_child_may_come_before_and_stay_after_its_organization;
    delivery:
        older_versions_and_duplicates_change_nothing,
        any_order_of_delivery_ends_in_the_newest_versions,
        a_write_cut_off_anywhere_leaves_rows_and_position_together,
        a_member_that_dies_before_its_commit_leaves_nothing_to_repeat,
        a_replay_into_a_copy_changes_nothing,
        a_copy_made_anew_begins_at_the_beginning,
        a_topic_made_anew_is_read_from_the_beginning,
        two_members_share_the_partitions,
        two_members_that_hold_the_same_keys_leave_the_newest;
    trouble:
        poison_is_parked_and_the_rest_goes_on,
        a_parked_event_that_comes_again_moves_no_position,
        a_nul_character_stops_nothing,
        a_database_that_goes_away_is_waited_for,
        a_database_that_is_not_there_yet_is_waited_for,
        a_constraint_that_somebody_added_parks_only_its_event,
        a_column_that_somebody_dropped_is_waited_for,
        a_sink_in_trouble_does_not_stop_another;
}
