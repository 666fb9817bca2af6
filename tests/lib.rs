//! Whole-loop tests through the public surface: REST, topics, and the command line. See `whole_loop/`.
