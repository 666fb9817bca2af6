//! A poll costs what is new, not what the log has grown to: as the server counts the rows of the log that it looks at.

use crate::{Server, on_a_server, read_on, record, run};
use std::time::{Duration, Instant};
use store::Organizations as _;

/// How often the log was looked into, and at how many of its rows.
#[derive(Clone, Copy, Debug)]
struct Looks {
    scans: i64,
    rows: i64,
}

async fn looks(server: &Server) -> Looks {
    let (scans, rows) = sqlx::query_as(
        "SELECT seq_scan + COALESCE(idx_scan, 0),
                seq_tup_read + (SELECT SUM(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'change_log')::bigint
         FROM pg_stat_user_tables WHERE relname = 'change_log'",
    )
    .fetch_one(&mut server.stranger().await)
    .await
    .expect("the server counts");
    Looks { scans, rows }
}

/// The rows of the log that so many polls look at. A server process tells what it did when it ends, so the polls have
/// processes of their own.
async fn rows_looked_at(
    server: &Server,
    polls: i64,
    work: impl AsyncFnOnce(&store::postgres::OrganizationsStore),
) -> i64 {
    let before = looks(server).await;
    let store = server.store().await;
    work(&store).await;
    drop(store);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let after = looks(server).await;
        if after.scans - before.scans >= polls {
            return after.rows - before.rows;
        }
        assert!(Instant::now() < deadline, "{polls} polls are not counted: {before:?}, {after:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_poll_does_not_look_at_the_whole_log() {
    const FILLED: usize = 300_000;
    on_a_server(async |server| {
        let store = server.store().await;
        store.upsert(vec![record("1")]).await.expect("imported");
        let mut position = None;
        read_on(&store, &mut position, 1000).await;
        let mut stranger = server.stranger().await;
        let fill = format!(
            "INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
             SELECT 'organization', 'U', id, id, id FROM organization, generate_series(1, {FILLED})"
        );
        run(&mut stranger, &fill).await.expect("filled");
        // Somebody's transaction that is open all the while keeps its window open, not all windows since.
        let mut open = server.stranger().await;
        run(&mut open, "BEGIN; UPDATE organization SET name = 'open'").await.expect("begun");

        let pages = i64::try_from(FILLED / 1000).expect("a small number");
        let in_pages = rows_looked_at(server, pages, async |store| {
            assert_eq!(read_on(store, &mut position, 1000).await.len(), FILLED);
        })
        .await;
        assert!(in_pages < 4 * 300_000, "{FILLED} rows in pages: {in_pages} looked at");

        // The server now knows that all the log is of one transaction: it would read the whole for a plan that has to
        // do for any transaction.
        run(&mut stranger, "ANALYZE change_log").await.expect("analyzed");
        let idle = rows_looked_at(server, 20, async |store| {
            for _ in 0..20 {
                assert!(read_on(store, &mut position, 1000).await.is_empty());
            }
        })
        .await;
        assert!(idle <= 20 * 10, "20 idle polls looked at {idle} rows");

        run(&mut open, "COMMIT").await.expect("committed");
        let one = rows_looked_at(server, 1, async |store| {
            assert!(!read_on(store, &mut position, 1000).await.is_empty());
        })
        .await;
        assert!(one <= 10, "a poll for one change looked at {one} rows");
    })
    .await;
}
