//! What a file gives and what is said of a broken one.

#[cfg(test)]
mod hsds;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod support;
