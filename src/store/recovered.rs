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
    /// The database was damaged: it was set aside, and another one made from the journal.
    pub rebuilt: bool,
}

impl Recovered {
    /// What an operator must be told, if anything was found damaged.
    #[must_use]
    pub fn alarm(&self) -> Option<String> {
        let lines = (self.damaged > 0).then(|| format!("{} lines of the event journal cannot be read", self.damaged));
        let database = self.rebuilt.then(|| {
            "the database of records was damaged: it was set aside, and the records rebuilt from the journal".to_owned()
        });
        let all: Vec<String> = lines.into_iter().chain(database).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
