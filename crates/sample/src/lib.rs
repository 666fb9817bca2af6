//! Generated organizations with known duplicates.
