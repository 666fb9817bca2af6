//! Transactions that commit long after others that began later: each change arrives once, without waiting for them.

use crate::{on_a_server, read_on, record, run};
use store::{ChangeLog as _, ChangeRow, Organizations as _};

fn rename(record: &entity::Record, name: &str) -> String {
    format!("UPDATE organization SET name = '{name}' WHERE id = '{}'", record.id)
}

fn owners(rows: &[ChangeRow]) -> Vec<entity::RecordId> {
    rows.iter().filter_map(|row| row.owner_after).collect()
}

#[tokio::test]
async fn a_late_commit_arrives_once_and_hinders_nobody() {
    on_a_server(async |server| {
        let store = server.store().await;
        let (early, late, both) = (record("early"), record("late"), record("both"));
        store.upsert(vec![early.clone(), late.clone(), both.clone()]).await.expect("imported");
        let mut position = None;
        read_on(&store, &mut position, 1000).await;

        let (mut slow, mut quick) = (server.stranger().await, server.stranger().await);
        // It holds a transaction id and a number of the log before the others.
        for statement in ["BEGIN", &rename(&late, "a")] {
            run(&mut slow, statement).await.expect("written");
        }
        run(&mut quick, &rename(&early, "b")).await.expect("written");
        run(&mut quick, &rename(&both, "c")).await.expect("written");
        assert_eq!(owners(&read_on(&store, &mut position, 1000).await), [early.id, both.id], "nobody waits");
        // The older transaction changes a row after the newer has committed its change of it.
        run(&mut slow, &rename(&both, "d")).await.expect("written");
        assert!(read_on(&store, &mut position, 1000).await.is_empty());
        let waiting = store.capture(position.as_deref(), 1).await.expect("read");
        assert!(waiting.rows.is_empty() && !waiting.more);
        run(&mut slow, "COMMIT").await.expect("committed");
        let mut paged = position.clone();
        assert_eq!(owners(&read_on(&store, &mut paged, 1).await), [late.id, both.id], "in pages of one");
        let capture = store.capture(position.as_deref(), 1000).await.expect("read");
        assert_eq!(owners(&capture.rows), [late.id, both.id]);
        let name = |id| {
            capture
                .family
                .records
                .iter()
                .find(|record| record.id == id)
                .map(|record| &record.organization.name)
        };
        assert_eq!(name(both.id), Some(&Some("d".to_owned())), "the last word is the older transaction's");
        position = Some(capture.next);
        assert!(read_on(&store, &mut position, 1000).await.is_empty(), "once each");
    })
    .await;
}

#[tokio::test]
async fn pruning_keeps_what_an_open_transaction_may_still_tell() {
    on_a_server(async |server| {
        let store = server.store().await;
        let (one, two) = (record("1"), record("2"));
        store.upsert(vec![one.clone(), two.clone()]).await.expect("imported");
        let lease =
            store::Leases::acquire(&store, "poller", "ann", std::time::Duration::from_secs(600)).await;
        let lease = lease.expect("answered").expect("free");
        let mut slow = server.stranger().await;
        for statement in ["BEGIN", &rename(&one, "a")] {
            run(&mut slow, statement).await.expect("written");
        }
        run(&mut server.stranger().await, &rename(&two, "b")).await.expect("written");
        let mut position = None;
        read_on(&store, &mut position, 3).await;
        store.advance(&lease, position.as_deref().expect("read")).await.expect("advanced");
        while store.prune(&lease).await.expect("pruned") > 0 {}
        run(&mut slow, "COMMIT").await.expect("committed");
        assert_eq!(owners(&read_on(&store, &mut position, 3).await), [one.id]);
    })
    .await;
}

#[tokio::test]
async fn a_position_from_the_future_is_refused() {
    on_a_server(async |server| {
        let store = server.store().await;
        // As after a restore, or a fail-over that lost the last transactions.
        let future =
            serde_json::json!({ "from": "4000000000:4000000000:", "to": null, "seq": 0 }).to_string();
        let refused = store.capture(Some(&future), 10).await;
        assert!(matches!(refused, Err(store::Error::Invalid(_))), "{refused:?}");
    })
    .await;
}
