//! The stages of the loop: poller, indexer, scorer, resolver, sinks.
