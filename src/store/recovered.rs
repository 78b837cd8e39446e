//! What a start finds.

/// What a start found of the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Events read again.
    pub replayed: u64,
    /// Calls that were live when the daemon died; each has its record now.
    pub crashed: usize,
    /// Bytes of a torn last line that were cut off.
    pub cut: u64,
    /// Lines that could not be read and were passed over.
    pub damaged: u64,
}
