//! The registry: what it keeps, what it refuses, and that a client of the Confluent one sees no difference.

#[cfg(test)]
#[path = "registry/compatibility.rs"]
mod compatibility;
#[cfg(test)]
#[path = "registry/port.rs"]
mod port;
#[cfg(test)]
#[path = "registry/rest.rs"]
mod rest;
