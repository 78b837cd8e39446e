//! `[trace]`: what is kept of the signalling, and where a copy of it goes.

use super::reader::Table;
use std::net::SocketAddr;

/// `[trace]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// Bytes of messages that are kept in memory; 0: none.
    pub memory: usize,
    /// Where each message is sent by HEP, version 3.
    pub hep: Option<SocketAddr>,
    /// What we are called there.
    pub hep_id: u32,
}

impl Trace {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let memory = table.number_or::<usize>("memory_kib", 0..=1_048_576, 4_096) * 1_024;
        let hep = table.parsed::<SocketAddr>("hep", "地址和端口", "an address and a port");
        let hep_id = table.number_or("hep_id", 1..=u32::MAX, 1);
        table.finish();
        Self { memory, hep: hep.map(|(at, _)| at), hep_id }
    }
}
