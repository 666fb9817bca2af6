//! `orgloop`: wires adapters by URL and starts roles.
fn main() {}
