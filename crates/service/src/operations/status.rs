//! The numbers of the loop page.

/// Numbers, looked up at most once in a while, however many look at them.
#[derive(Debug, Default)]
pub(super) struct Status;
