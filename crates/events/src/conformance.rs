//! What every event log must do: one suite that both adapters run.
//!
//! Each case makes topics and groups of its own, so that the cases may run beside each other on one server.

mod fixture;
mod groups;
mod reading;
mod topics;

use crate::log::EventLog;
use async_trait::async_trait;
use std::sync::Arc;

pub use groups::{
    commit_is_fenced_after_takeover, knows_progress_and_lag, members_share_partitions, reads_on_after_a_seek,
    redelivers_what_was_not_committed, reset_replays, survivor_takes_over_from_a_silent_member,
    survivor_takes_over_when_a_member_leaves,
};
pub use reading::{
    keeps_order_per_key_under_concurrent_writers, reads_back_what_was_appended, refuses_what_is_too_large,
    replays_from_anywhere, waits_at_the_end,
};
pub use topics::{creates_a_topic_once, refuses_another_number_of_partitions, says_which_topic_is_missing};

/// A log under test.
#[async_trait]
pub trait Backend: Send + Sync {
    /// A handle on the log, as another process would open it; its session timeout is a few seconds at most.
    async fn log(&self) -> Arc<dyn EventLog>;
}

/// Makes a test of each case; `$backend` is an async expression of `Option<impl Backend>`, `None` to skip.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:expr) => {
        $crate::conformance_tests!(
            $backend,
            creates_a_topic_once,
            refuses_another_number_of_partitions,
            says_which_topic_is_missing,
            reads_back_what_was_appended,
            keeps_order_per_key_under_concurrent_writers,
            replays_from_anywhere,
            waits_at_the_end,
            refuses_what_is_too_large,
            members_share_partitions,
            survivor_takes_over_from_a_silent_member,
            survivor_takes_over_when_a_member_leaves,
            redelivers_what_was_not_committed,
            commit_is_fenced_after_takeover,
            knows_progress_and_lag,
            reset_replays,
            reads_on_after_a_seek,
        );
    };
    ($backend:expr, $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(backend) = $backend {
                    $crate::conformance::$case(&backend).await;
                }
            }
        )+
    };
}
