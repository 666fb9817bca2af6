//! Processes that die, and processes that share a file.

use super::folder;
use events::log::{Cleanup, NewEvent, Position, TopicPartition, TopicSpec};
use events::sqlite::{SqliteLog, SqliteLogOptions};
use events::{Event, EventLog};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const TOPIC: &str = "crash.v1";
const GROUP: &str = "group";
/// Names the file to a test that runs again as a child process, and so tells it apart from the test itself.
const CHILD_FILE: &str = "ORGLOOP_TEST_CHILD_FILE";
const BATCH: usize = 50;

fn child_file() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the parent tells its child the file")]
    std::env::var(CHILD_FILE).ok()
}

/// Runs one test of this file as a process of its own.
fn spawn(test: &str, file: &Path) -> (Process, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads", "1"])
        .env(CHILD_FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (Process(child), lines)
}

async fn open(file: &Path) -> SqliteLog {
    let session_timeout = Duration::from_millis(1_000);
    let options = SqliteLogOptions { session_timeout, ..SqliteLogOptions::default() };
    SqliteLog::open_with(file, options).await.unwrap()
}

async fn create(log: &SqliteLog, partitions: i32) {
    let spec = TopicSpec { name: TOPIC.to_owned(), partitions, cleanup: Cleanup::Compact };
    log.create_topics(&[spec]).await.unwrap();
}

fn batch(first: usize) -> Vec<NewEvent> {
    let new = |number: usize| NewEvent {
        topic: TOPIC.to_owned(),
        partition: 0,
        key: format!("key-{number}").into_bytes(),
        value: Some(vec![b'x'; 1_000]),
        headers: Vec::new(),
    };
    (first..first + BATCH).map(new).collect()
}

async fn read_partition(log: &SqliteLog, partition: i32) -> Vec<Event> {
    let mut from = Position { at: TopicPartition { topic: TOPIC.to_owned(), partition }, offset: 0 };
    let mut events = Vec::new();
    loop {
        let read = log.read(&from, 10_000, Duration::ZERO).await.unwrap();
        let Some(last) = read.last() else { return events };
        from = last.next_position();
        events.extend(read);
    }
}

/// The child: appends for ever, and says how many appends returned.
#[tokio::test(flavor = "multi_thread")]
async fn child_appends() {
    let Some(file) = child_file() else { return };
    let log = open(Path::new(&file)).await;
    let mut appended = read_partition(&log, 0).await.len();
    loop {
        log.append(batch(appended)).await.unwrap();
        appended += BATCH;
        println!("acked {appended}");
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acked_is_lost_and_nothing_is_half_when_a_writer_is_killed() {
    let folder = folder();
    let file = folder.0.path().join("events.db");
    create(&open(&file).await, 1).await;
    for round in 1..=3 {
        let (mut child, mut lines) = spawn("crash::child_appends", &file);
        let mut acked = 0;
        let mut heard = 0;
        let mut line = String::new();
        // Killed after a number of appends, at whatever point of the next one it is then.
        while heard < 40 * round {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended by itself");
            if let Some(count) = line.trim().strip_prefix("acked ") {
                acked = count.parse::<usize>().unwrap();
                heard += 1;
            }
        }
        child.kill();
        // What it said before it died but was not read yet counts too.
        for line in lines.lines().map_while(Result::ok) {
            acked = line.strip_prefix("acked ").map_or(acked, |count| count.parse().unwrap_or(acked));
        }

        let log = open(&file).await;
        let events = read_partition(&log, 0).await;
        assert!(events.len() >= acked, "round {round}: {acked} acked, {} there", events.len());
        assert_eq!(events.len() % BATCH, 0, "round {round}: an append is there in part");
        for (index, event) in events.iter().enumerate() {
            assert_eq!(usize::try_from(event.offset).unwrap(), index, "offsets without gaps");
            assert_eq!(event.key, format!("key-{index}").into_bytes());
        }
        let next = log.append(batch(events.len())).await.unwrap()[0];
        assert_eq!(usize::try_from(next).unwrap(), events.len(), "the next append goes on behind");
    }
}

/// The child: a member that reads, commits, and says what it has read.
#[tokio::test(flavor = "multi_thread")]
async fn child_follows() {
    let Some(file) = child_file() else { return };
    let log = open(Path::new(&file)).await;
    let mut member = log.join(GROUP, &[TOPIC.to_owned()]).await.unwrap();
    // The test harness has begun a line.
    println!();
    loop {
        let delivery = member.next(100, Duration::from_millis(100)).await.unwrap();
        for at in &delivery.assigned {
            println!("assigned {}", at.partition);
        }
        for event in &delivery.events {
            member.commit(&[event.next_position()]).await.unwrap();
            println!("read {} {}", event.partition, event.offset);
        }
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_group_and_survive_each_other() {
    let folder = folder();
    let file = folder.0.path().join("events.db");
    let log = open(&file).await;
    create(&log, 2).await;
    let (mut child, mut lines) = spawn("crash::child_follows", &file);
    let mut hear = |wanted: &str| loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended by itself");
        if line.starts_with(wanted) {
            return line.trim().to_owned();
        }
    };
    hear("assigned");
    hear("assigned");

    // The child gives up one partition, so this process gets the other's half.
    let mut member = log.join(GROUP, &[TOPIC.to_owned()]).await.unwrap();
    let mut owned = BTreeSet::new();
    until(async || {
        let delivery = member.next(10, Duration::from_millis(20)).await.unwrap();
        owned.extend(delivery.assigned.into_iter().map(|at| at.partition));
        owned.len() == 1
    })
    .await;
    let mut both = batch(0);
    both.truncate(2);
    both[1].partition = 1;
    log.append(both.clone()).await.unwrap();
    let theirs = i32::from(owned.contains(&0));
    assert_eq!(hear("read"), format!("read {theirs} 0"));
    let mut read = Vec::new();
    until(async || {
        read.extend(member.next(10, Duration::from_millis(20)).await.unwrap().events);
        !read.is_empty()
    })
    .await;
    assert_eq!((read.len(), read[0].partition), (1, 1 - theirs));
    member.commit(&[read[0].next_position()]).await.unwrap();

    child.kill();
    log.append(both).await.unwrap();
    let mut rest = BTreeSet::new();
    until(async || {
        let events = member.next(10, Duration::from_millis(50)).await.unwrap().events;
        rest.extend(events.into_iter().map(|event| (event.partition, event.offset)));
        rest.len() == 2
    })
    .await;
    assert_eq!(rest, BTreeSet::from([(0, 1), (1, 1)]), "only what nobody committed");
}

/// A child that is killed when its test fails half-way.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "not in time");
    }
}
