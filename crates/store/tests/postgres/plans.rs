//! A poll costs what is new, not what the log has grown to.

use crate::{on_a_server, read_on, record, run};
use std::time::{Duration, Instant};
use store::{ChangeLog as _, Organizations as _};

/// The least time of several: others use the machine too.
async fn least<F: AsyncFnMut()>(mut poll: F) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        poll().await;
        least = least.min(begun.elapsed());
    }
    least
}

#[tokio::test]
async fn a_poll_does_not_look_at_the_whole_log() {
    on_a_server(async |server| {
        let store = server.store().await;
        let record = record("1");
        store.upsert(vec![record.clone()]).await.expect("imported");
        let mut stranger = server.stranger().await;
        let fill = "INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
            SELECT 'organization', 'U', id, id, id FROM organization, generate_series(1, 300000)";
        let mut position = None;
        read_on(&store, &mut position, 1000).await;
        let poll = async || {
            let capture = store.capture(position.as_deref(), 1000).await.expect("read");
            assert!(capture.rows.is_empty() && !capture.more);
        };
        let short = least(poll).await;
        run(&mut stranger, fill).await.expect("filled");
        let begun = Instant::now();
        let rows = read_on(&store, &mut position, 1000).await.len();
        let window = begun.elapsed();
        assert_eq!(rows, 300_000);
        let poll = async || {
            let capture = store.capture(position.as_deref(), 1000).await.expect("read");
            assert!(capture.rows.is_empty() && !capture.more);
        };
        let long = least(poll).await;
        println!(
            "an idle poll: {short:?}, with 300,000 rows in the log {long:?}; those rows in pages {window:?}"
        );
        assert!(long < short * 5 + Duration::from_millis(40), "{short:?} became {long:?}");
    })
    .await;
}
