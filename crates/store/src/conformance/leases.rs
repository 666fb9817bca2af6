//! Cases about leases.

use super::Backend;
use crate::lease::Leases;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(600);

/// One holder at a time, in each database; renewal keeps the fence, every change of holder raises it.
pub async fn one_holder_at_a_time(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    leases(&*organizations).await;
    let resolution = backend.resolution("one").await;
    leases(&*resolution).await;
}

async fn leases<L: Leases + ?Sized>(leases: &L) {
    let take = |holder: &'static str, duration| async move {
        leases.acquire("poller", holder, duration).await.expect("the database answers")
    };
    let ann = take("ann", LONG).await.expect("a free role is taken");
    assert_eq!(take("ben", LONG).await, None, "it is held");
    let renewed = take("ann", Duration::ZERO).await.expect("a holder renews");
    assert_eq!(renewed, ann, "renewal keeps the fence");
    let ben = loop {
        // It has run out; the clock counts milliseconds.
        match take("ben", LONG).await {
            Some(lease) => break lease,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(ben.fence > ann.fence, "a takeover raises the fence");
    assert_eq!(take("ann", LONG).await, None);
    leases.release(&ann).await.expect("harmless");
    assert_eq!(take("ann", LONG).await, None, "a lost lease gives nothing back");
    leases.release(&ben).await.expect("released");
    let again = take("ann", LONG).await.expect("a released role is free");
    assert!(again.fence > ben.fence);
    let other = leases.acquire("resolver", "ben", LONG).await.expect("the database answers");
    assert!(other.is_some(), "roles do not hinder each other");
}
