//! Cases about groups.

use super::Backend;
use super::fixture::{
    Follower, append_numbers, fresh_name, fresh_topic, only_progress, position, step_until, step_until_read,
    values,
};
use crate::error::Error;
use crate::log::Progress;
use std::collections::BTreeSet;

/// Two members get half of the partitions each, and every event reaches one of them.
pub async fn members_share_partitions(backend: &dyn Backend) {
    let (one, two) = (backend.log().await, backend.log().await);
    let topic = fresh_topic(&*one, 4).await;
    let group = fresh_name("group");
    let mut first = Follower::join(&*one, &group, &topic).await;
    step_until([&mut first], "one member has all", |[first]| first.owned.len() == 4).await;
    let mut second = Follower::join(&*two, &group, &topic).await;
    step_until([&mut first, &mut second], "the members share", |[first, second]| {
        first.owned.len() == 2 && second.owned.len() == 2 && first.owned.is_disjoint(&second.owned)
    })
    .await;

    append_numbers(&*one, &topic, 4, 10).await;
    step_until([&mut first, &mut second], "both have read", |[first, second]| {
        first.events.len() + second.events.len() >= 40
    })
    .await;
    for follower in [&first, &second] {
        assert_eq!(follower.events.len(), 20);
        let partitions: BTreeSet<i32> = follower.events.iter().map(|event| event.partition).collect();
        assert_eq!(partitions, follower.owned);
        for partition in partitions {
            let own = follower.events.iter().filter(|event| event.partition == partition);
            assert!(own.map(|event| event.offset).eq(0..10), "the order of partition {partition}");
        }
    }
}

/// A member that no longer calls loses its partitions; what it had not committed comes again.
pub async fn survivor_takes_over_from_a_silent_member(backend: &dyn Backend) {
    let (one, two) = (backend.log().await, backend.log().await);
    let topic = fresh_topic(&*one, 2).await;
    let group = fresh_name("group");
    append_numbers(&*one, &topic, 2, 5).await;
    let mut silent = Follower::join(&*one, &group, &topic).await;
    step_until_read(&mut silent, 10).await;
    silent.reader.commit(&[position(&topic, 0, 3)]).await.expect("a commit");

    let mut survivor = Follower::join(&*two, &group, &topic).await;
    step_until([&mut survivor], "the survivor has all", |[survivor]| survivor.owned.len() == 2).await;
    step_until_read(&mut survivor, 7).await;
    let read = |partition| survivor.events.iter().filter(move |event| event.partition == partition);
    assert_eq!(values(read(0)), ["3", "4"]);
    assert_eq!(values(read(1)), ["0", "1", "2", "3", "4"]);

    // The silent member finds out, and is a member again.
    step_until([&mut silent, &mut survivor], "the silent member is back", |[silent, survivor]| {
        silent.owned.len() == 1 && survivor.owned.len() == 1 && silent.owned.is_disjoint(&survivor.owned)
    })
    .await;
}

/// A member that leaves hands over at once.
pub async fn survivor_takes_over_when_a_member_leaves(backend: &dyn Backend) {
    let (one, two) = (backend.log().await, backend.log().await);
    let topic = fresh_topic(&*one, 2).await;
    let group = fresh_name("group");
    let mut leaver = Follower::join(&*one, &group, &topic).await;
    let mut survivor = Follower::join(&*two, &group, &topic).await;
    step_until([&mut leaver, &mut survivor], "the members share", |[leaver, survivor]| {
        leaver.owned.len() == 1 && survivor.owned.len() == 1
    })
    .await;
    append_numbers(&*one, &topic, 2, 3).await;
    step_until([&mut leaver, &mut survivor], "both have read", |[leaver, survivor]| {
        leaver.events.len() == 3 && survivor.events.len() == 3
    })
    .await;
    leaver.commit_all().await;
    survivor.commit_all().await;
    leaver.reader.leave().await.expect("the member leaves");

    step_until([&mut survivor], "the survivor has all", |[survivor]| survivor.owned.len() == 2).await;
    append_numbers(&*one, &topic, 2, 1).await;
    step_until_read(&mut survivor, 5).await;
    assert_eq!(survivor.events.len(), 5, "what the leaver committed does not come again");
}

/// What was read and not committed comes again, in order, and nothing before it.
pub async fn redelivers_what_was_not_committed(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    let group = fresh_name("group");
    append_numbers(&*log, &topic, 1, 6).await;
    let mut first = Follower::join(&*log, &group, &topic).await;
    step_until_read(&mut first, 6).await;
    first.reader.commit(&[position(&topic, 0, 2)]).await.expect("a commit");
    first.reader.keep_alive().await.expect("a sign of life");
    first.reader.commit(&[position(&topic, 0, 4)]).await.expect("a second commit");
    first.reader.leave().await.expect("the member leaves");

    let mut second = Follower::join(&*log, &group, &topic).await;
    step_until_read(&mut second, 2).await;
    assert_eq!(values(&second.events), ["4", "5"]);
}

/// A member that lost its partition cannot move its position.
pub async fn commit_is_fenced_after_takeover(backend: &dyn Backend) {
    let (one, two) = (backend.log().await, backend.log().await);
    let topic = fresh_topic(&*one, 1).await;
    let group = fresh_name("group");
    append_numbers(&*one, &topic, 1, 5).await;
    let mut slow = Follower::join(&*one, &group, &topic).await;
    step_until_read(&mut slow, 5).await;
    let mut quick = Follower::join(&*two, &group, &topic).await;
    step_until([&mut quick], "the partition is taken over", |[quick]| quick.owned.len() == 1).await;
    step_until_read(&mut quick, 5).await;
    quick.reader.commit(&[position(&topic, 0, 3)]).await.expect("the owner commits");

    let fenced = slow.reader.commit(&[position(&topic, 0, 5)]).await;
    assert!(matches!(fenced, Err(Error::Fenced { .. })), "{fenced:?}");
    assert_eq!(only_progress(&*one, &group, &topic).await.committed, Some(3));
    quick.reader.commit(&[position(&topic, 0, 4)]).await.expect("the owner still commits");
    // The owner goes on meanwhile: a member that is back may be part of a new round of sharing.
    step_until([&mut slow, &mut quick], "the slow member is told", |[slow, quick]| {
        slow.owned.len() + quick.owned.len() == 1
    })
    .await;
}

/// Progress is known for any group, also one that never was.
pub async fn knows_progress_and_lag(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    let group = fresh_name("group");
    append_numbers(&*log, &topic, 1, 8).await;
    let never = only_progress(&*log, &group, &topic).await;
    assert_eq!((never.committed, never.start, never.end, never.lag()), (None, 0, 8, 8));

    let mut member = Follower::join(&*log, &group, &topic).await;
    step_until_read(&mut member, 8).await;
    member.reader.commit(&[position(&topic, 0, 5)]).await.expect("a commit");
    let part = only_progress(&*backend.log().await, &group, &topic).await;
    assert_eq!((part.committed, part.lag()), (Some(5), 3));
    member.commit_all().await;
    let whole = only_progress(&*log, &group, &topic).await;
    assert_eq!((whole.committed, whole.lag()), (Some(8), 0));

    let wide = fresh_topic(&*log, 3).await;
    let both = log.progress(&group, &[wide.clone(), topic.clone()]).await.expect("the progress is known");
    assert_eq!(both.len(), 4);
    assert_eq!(both.iter().map(Progress::lag).sum::<i64>(), 0);
    assert!(both.iter().filter(|one| one.at.topic == wide).all(|one| one.committed.is_none()));
}

/// A reset moves a group back and forth, once it has no members.
pub async fn reset_replays(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    let group = fresh_name("group");
    append_numbers(&*log, &topic, 1, 6).await;
    let mut member = Follower::join(&*log, &group, &topic).await;
    step_until_read(&mut member, 6).await;
    member.commit_all().await;
    let refused = log.reset(&group, &[position(&topic, 0, 1)]).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "the group has a member: {refused:?}");
    member.reader.leave().await.expect("the member leaves");

    for (offset, expected) in [(1, vec!["1", "2", "3", "4", "5"]), (4, vec!["4", "5"])] {
        log.reset(&group, &[position(&topic, 0, offset)]).await.expect("the group is reset");
        assert_eq!(only_progress(&*log, &group, &topic).await.committed, Some(offset));
        let mut again = Follower::join(&*log, &group, &topic).await;
        step_until_read(&mut again, expected.len()).await;
        assert_eq!(values(&again.events), expected);
        again.commit_all().await;
        again.reader.leave().await.expect("the member leaves");
    }
}

/// A member that keeps its position elsewhere goes on from there, and may go back.
pub async fn reads_on_after_a_seek(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 2).await;
    let group = fresh_name("group");
    append_numbers(&*log, &topic, 2, 6).await;
    let mut member = Follower::join(&*log, &group, &topic).await;
    step_until([&mut member], "the partitions are given", |[member]| member.owned.len() == 2).await;
    assert!(member.events.is_empty(), "the announcement comes alone");
    member.reader.seek(&position(&topic, 0, 4)).await.expect("a seek");
    member.reader.seek(&position(&topic, 1, 5)).await.expect("a seek");
    step_until_read(&mut member, 3).await;
    let first: BTreeSet<(i32, i64)> =
        member.events.drain(..).map(|one| (one.partition, one.offset)).collect();
    assert_eq!(first, BTreeSet::from([(0, 4), (0, 5), (1, 5)]));

    member.reader.seek(&position(&topic, 0, 3)).await.expect("a seek back");
    step_until_read(&mut member, 3).await;
    assert_eq!(values(&member.events), ["3", "4", "5"]);
    let other = member.reader.seek(&position(&topic, 9, 0)).await;
    assert!(matches!(other, Err(Error::Fenced { .. })), "not its own: {other:?}");
}
