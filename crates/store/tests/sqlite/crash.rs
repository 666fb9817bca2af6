//! `kill -9` in the middle of imports: what was acknowledged is there with its log rows, and nothing by halves.

use crate::record;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use store::sqlite::OrganizationsStore;
use store::{ChangeLog as _, Organizations as _};

const FOLDER: &str = "ORGLOOP_TEST_CRASH_FOLDER";
const TOGETHER: usize = 5;
const ACKNOWLEDGED: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_kill_9_in_the_middle_of_imports() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut told = 0;
    for _ in 0..3 {
        told += import_until_killed(folder.path());
        check(folder.path(), told).await;
    }
}

/// Runs this test binary as another process that imports for ever, and kills it; gives what it acknowledged.
fn import_until_killed(folder: &Path) -> usize {
    let mut child = Command::new(std::env::current_exe().expect("this test has a binary"))
        .args(["crash::imports_for_ever", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    let acknowledged = lines.map_while(Result::ok).filter(|line| line.contains("acknowledged"));
    let acknowledged = acknowledged.take(ACKNOWLEDGED).count();
    child.kill().expect("the child is killed");
    child.wait().expect("the child ends");
    acknowledged * TOGETHER
}

/// The child: imports until it is killed, saying so after each acknowledgement. Does nothing when run as a test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_for_ever() {
    #[expect(clippy::disallowed_methods, reason = "the parent tells its child where to write")]
    let Some(folder) = std::env::var(FOLDER).ok().map(PathBuf::from) else { return };
    let store = OrganizationsStore::open(&folder.join("organizations.db")).await.expect("the database opens");
    let mut next = usize::try_from(store.record_count().await.expect("counted")).expect("few");
    loop {
        let records = (next..next + TOGETHER).map(|n| record(&n.to_string())).collect();
        store.upsert(records).await.expect("imported");
        next += TOGETHER;
        println!("acknowledged {next}");
    }
}

async fn check(folder: &Path, told: usize) {
    let store = OrganizationsStore::open(&folder.join("organizations.db")).await.expect("the database opens");
    let count = usize::try_from(store.record_count().await.expect("counted")).expect("few");
    assert!(count >= told && count.is_multiple_of(TOGETHER), "{told} were acknowledged, {count} are there");
    let expected: Vec<_> = (0..count).map(|n| record(&n.to_string())).collect();
    let ids: Vec<_> = expected.iter().map(|record| record.id).collect();
    let family = store.family(&ids).await.expect("read");
    assert_eq!(family.records.len(), count);
    for record in &expected {
        let stands = family.records.iter().find(|standing| standing.id == record.id).expect("it is there");
        assert_eq!(stands.organization, record.organization, "no half record");
    }
    let mut logged = BTreeSet::new();
    let mut position = None;
    loop {
        let capture = store.capture(position.as_deref(), 1000).await.expect("read");
        logged.extend(capture.rows.into_iter().map(|row| (row.table, row.row_id)));
        position = Some(capture.next);
        if !capture.more {
            break;
        }
    }
    for record in &expected {
        let (place, offer) = (&record.organization.locations[0], &record.organization.services[0]);
        for row in [("organization", record.id.0), ("location", place.id.0), ("service", offer.id.0)] {
            assert!(logged.contains(&(row.0.to_owned(), row.1)), "{row:?} is logged");
        }
    }
}
