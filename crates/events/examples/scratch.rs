use events::kafka::*;
use events::log::*;
use std::time::*;
#[tokio::main]
async fn main() {
    let log =
        KafkaLog::connect(KafkaConfig { bootstrap: std::env::args().nth(1).unwrap(), properties: vec![] })
            .unwrap();
    let topic = format!("scratch.{}", uuid::Uuid::now_v7().simple());
    let t = Instant::now();
    log.create_topics(&[TopicSpec { name: topic.clone(), partitions: 3, cleanup: Cleanup::Compact }])
        .await
        .unwrap();
    println!("create {:?}", t.elapsed());
    let ev = |p: i32| NewEvent {
        topic: topic.clone(),
        partition: p,
        key: b"k".to_vec(),
        value: Some(vec![1; 100]),
        headers: vec![],
    };
    let t = Instant::now();
    log.append((0..3).map(ev).collect()).await.unwrap();
    println!("first append {:?}", t.elapsed());
    for _ in 0..3 {
        log.append((0..3).cycle().take(30).map(ev).collect()).await.unwrap();
    }
    for (p, o) in [(0, 0), (1, 0), (2, 0), (0, 1), (0, 4), (1, 2), (2, 31), (2, 31)] {
        let t = Instant::now();
        let r = log
            .read(
                &Position { at: TopicPartition { topic: topic.clone(), partition: p }, offset: o },
                3,
                Duration::ZERO,
            )
            .await
            .unwrap();
        println!("read {p} from {o}: {} in {:?}", r.len(), t.elapsed());
    }
    for _ in 0..2 {
        let t = Instant::now();
        let r = log.progress("g", &[topic.clone()]).await.unwrap();
        println!("progress {} {:?}", r.len(), t.elapsed());
    }
    let t = Instant::now();
    let mut m = log.join("scratch-g", &[topic.clone()]).await.unwrap();
    let d = m.next(10, Duration::from_secs(20)).await.unwrap();
    println!("joined {} {:?}", d.assigned.len(), t.elapsed());
    let t = Instant::now();
    for at in &d.assigned {
        let o = log.offset_at(at, StartAt::Latest).await.unwrap();
        m.seek(&Position { at: at.clone(), offset: o - 2 }).await.unwrap();
    }
    println!("seeks {:?}", t.elapsed());
    for _ in 0..8 {
        let t = Instant::now();
        let d = m.next(10, Duration::from_secs(3)).await.unwrap();
        println!("next {} {:?}", d.events.len(), t.elapsed());
        if d.events.is_empty() {
            break;
        }
        let t = Instant::now();
        m.commit(&[d.events.last().unwrap().next_position()]).await.unwrap();
        println!("commit {:?}", t.elapsed());
    }
    let t = Instant::now();
    m.leave().await.unwrap();
    println!("leave {:?}", t.elapsed());
}
