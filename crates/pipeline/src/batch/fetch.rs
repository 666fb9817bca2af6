//! Reading ahead: what is spread over memory comes quicker asked for together than one after the other.

/// Reads a byte of each value that will be needed. No read waits for another, so while one is on its way from memory the
/// next are asked for.
pub(super) fn fetch(bytes: impl Iterator<Item = u8>) {
    std::hint::black_box(bytes.fold(0, |sum, byte| sum ^ byte));
}
