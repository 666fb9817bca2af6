//! The whole loop through its public surface: the same bodies on the embedded ports and on real servers.

#[cfg(test)]
mod access;
#[cfg(test)]
mod backend;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod closed_loop;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod end_state;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod import_export;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod redelivery;
#[cfg(test)]
mod relations;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod reviewers;
#[cfg(test)]
mod scorer_group;
#[cfg(test)]
mod transitions;
