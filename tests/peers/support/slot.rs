//! A slot: 500 ports that no other test on this machine uses while it is held, in whichever process.

use super::until;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;

/// Below the ephemeral ports of Linux, and below the lab's own 20000–39999.
const FIRST: u16 = 10_000;
const WIDTH: u16 = 500;
const SLOTS: u16 = 20;

/// Ports of one test.
#[derive(Debug)]
pub struct Slot {
    base: u16,
    /// Held open: the lock is gone with it, also when the test is killed.
    _lock: File,
}

impl Slot {
    /// Waits for a free one.
    pub fn take() -> Self {
        until(120_000, || (0..SLOTS).find_map(Self::lock)).expect("no free ports within two minutes")
    }

    fn lock(index: u16) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("switchboard-peers-{index}.lock"));
        let file = File::create(path).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { base: FIRST + index * WIDTH, _lock: file })
    }

    /// The exchange's SIP port.
    pub fn sip(&self) -> u16 {
        self.base
    }

    /// The port on which trunks listen, each on its own address: 5060 of the lab.
    pub fn trunks(&self) -> u16 {
        self.base + 1
    }

    /// The HTTP port.
    pub fn http(&self) -> u16 {
        self.base + 2
    }

    /// The exchange's SIP port for TLS.
    pub fn tls(&self) -> u16 {
        self.base + 3
    }

    /// The exchange's UDP port of all browsers.
    pub fn browsers(&self) -> u16 {
        self.base + 4
    }

    /// The exchange's RTP ports.
    pub fn rtp(&self) -> String {
        format!("{}-{}", self.base + 300, self.base + 499)
    }

    /// Ten ports for phone `n`, 0–28: SIP on the first (and TLS, SIPp's media), control on the sixth.
    pub fn phone(&self, n: u16) -> u16 {
        assert!(n < 29, "a slot has ports for 29 phones");
        self.base + 10 + n * 10
    }
}
