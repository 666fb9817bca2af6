//! Who asks, as the review keeps it.

use crate::problem::Result;
use crate::request::Caller;

/// The name under which is kept what they do.
pub(super) fn name(caller: &Caller) -> &str {
    &caller.0
}

/// Under the name that a form gives, where there is no other.
pub(super) fn or_named(caller: Caller, given: Option<&str>) -> Result<String> {
    if given.is_some_and(|given| !given.trim().is_empty()) {
        return Caller::named(given).map(|caller| caller.0);
    }
    Ok(caller.0)
}
