//! Golden records from outside: survivorship, folding, and undo as if nothing had been merged.

#[cfg(test)]
mod folds;
#[cfg(test)]
mod forbidden;
#[cfg(test)]
mod never_happened;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod support;
#[cfg(test)]
mod survivorship;
