//! The room that recordings take.

use serde::{Deserialize, Serialize};

/// The room that recordings take, as who keeps them has counted it last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Storage {
    /// Every recording that has ended has been counted since the start.
    pub counted: bool,
    /// So many.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
    /// Of these, how many wait to be packed.
    pub unpacked: u64,
    /// How long they may be; `None`: as long as the disk has room.
    pub quota: Option<u64>,
    /// Bytes free on their disk.
    pub free: u64,
    /// With less than that no further recording begins.
    pub min_free: u64,
    /// No further recording begins: quota or disk are full.
    pub refused: bool,
}
