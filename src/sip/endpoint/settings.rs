//! What its owner sets of an endpoint.

use crate::sip::transaction::Intervals;

/// Settings of an endpoint.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base timers.
    pub intervals: Intervals,
    /// `User-Agent` and `Server`.
    pub user_agent: String,
    /// Session interval we ask for, s (RFC 4028); 0 switches session timers off.
    pub session_expires: u32,
    /// Smallest session interval we accept, s, at least 90.
    pub min_se: u32,
    /// Transactions at a time, about 1 KB each, from which on new requests are not listened to: but INVITEs that begin a call, which
    /// have limits of their own, and what ends one.
    pub transactions: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            intervals: Intervals::default(),
            user_agent: concat!("switchboard/", env!("CARGO_PKG_VERSION")).to_owned(),
            session_expires: 1800,
            min_se: 90,
            transactions: 1 << 20,
        }
    }
}
