//! Names of what lives in an endpoint: a slot, and a serial because a slot is used again.

/// Names one transaction; a reused slot has another serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sip) struct TxnId {
    pub index: u32,
    pub serial: u32,
}

/// Names one session; a reused slot has another serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    pub(super) index: u32,
    pub(super) serial: u32,
}

/// Names one REFER; a reused slot has another serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferId {
    pub(super) index: u32,
    pub(super) serial: u32,
}
