//! Whole-loop tests through the public surface.
