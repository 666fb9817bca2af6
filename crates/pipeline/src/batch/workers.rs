//! Threads that take work from one place until none is left.

use super::reduced::{Reduced, Reducer};
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs `work` on every item, on so many threads; the answers come in the order of the items.
pub fn map<I: Send, T: Send>(
    threads: NonZero<usize>,
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(I) -> T + Sync,
) -> Vec<T> {
    map_with(threads, items, || (), |(), item| work(item))
}

/// The same, each thread with a state of its own.
pub(super) fn map_with<I: Send, T: Send, S>(
    threads: NonZero<usize>,
    items: impl Iterator<Item = I> + Send,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> T + Sync,
) -> Vec<T> {
    let items = Mutex::new(items.enumerate());
    let run = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            // A thread that panicked ends all of them below; until then the others may finish.
            let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, item)) = next else { return done };
            done.push((at, work(&mut state, item)));
        }
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// Reduces chunks of input as they come, in their order. Reading the next chunk is one thread's work at a time;
/// everything after is all threads'.
pub fn gather<C: Send>(
    threads: NonZero<usize>,
    chunks: impl Iterator<Item = C> + Send,
    reduce: impl Fn(C, &mut Reducer) + Sync,
) -> Vec<Reduced> {
    map_with(threads, chunks, Reducer::default, |reducer, chunk| {
        reduce(chunk, reducer);
        reducer.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::map;
    use std::num::NonZero;

    #[test]
    fn answers_keep_the_order_of_the_items() {
        let threads = NonZero::new(3).unwrap();
        assert_eq!(map(threads, 0..1000, |n| n * 2), (0..1000).map(|n| n * 2).collect::<Vec<_>>());
    }
}
