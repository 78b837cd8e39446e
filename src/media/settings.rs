//! What the media threads are told at the start, checked.

use crate::browser::Identity;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

/// How media is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address that goes into SDP; sockets are bound to it.
    pub address: IpAddr,
    /// UDP ports for RTP (even) and RTCP (the next).
    pub ports: RangeInclusive<u16>,
    /// Media threads, 1–64: one a core.
    pub threads: u8,
    /// How many free port pairs each thread keeps bound ahead, 1–4096.
    pub chunk: u16,
    /// How many commands may wait for each thread, 64 at least; more are refused and counted.
    pub commands: usize,
    /// Where RTCP intervals and CNAMEs come from.
    pub seed: u64,
    /// The folder of recordings; `None`: nothing can be recorded.
    pub recordings: Option<PathBuf>,
    /// Where browsers' media comes to; `None`: there are none.
    pub browsers: Option<Browsers>,
}

/// The port of all browsers.
#[derive(Debug, Clone)]
pub struct Browsers {
    /// Its address, as SDP names it.
    pub at: SocketAddr,
    /// What they are met with.
    pub identity: Arc<Identity>,
}

impl Settings {
    /// Settings for an address with everything else as it is usual.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            ports: 20_000..=39_999,
            threads: 1,
            chunk: 240,
            commands: 8_192,
            seed: 0,
            recordings: None,
            browsers: None,
        }
    }

    /// Whether media can be set up so.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub fn check(&self) -> Result<(), Error> {
        if self.address.is_unspecified() || self.address.is_multicast() {
            return Err(Error::Address(self.address));
        }
        let (first, last) = (*self.ports.start(), *self.ports.end());
        if first < 1_024 || first % 2 != 0 || last % 2 == 0 {
            return Err(Error::Range { first, last });
        }
        let pairs = (u32::from(last) + 1).saturating_sub(u32::from(first)) / 2;
        if !(1..=64).contains(&self.threads) {
            return Err(Error::Threads(self.threads));
        }
        if pairs < u32::from(self.threads) {
            return Err(Error::Few { pairs, threads: self.threads });
        }
        if !(1..=4_096).contains(&self.chunk) || self.commands < 64 {
            return Err(Error::Sizes { chunk: self.chunk, commands: self.commands });
        }
        Ok(())
    }

    /// The even ports of one thread: its part of the range.
    #[must_use]
    pub fn share(&self, thread: u8) -> RangeInclusive<u16> {
        let (first, last) = (u32::from(*self.ports.start()), u32::from(*self.ports.end()));
        let pairs = (last + 1).saturating_sub(first) / 2;
        let at = |n: u32| first + 2 * (pairs * n / u32::from(self.threads.max(1)));
        let (from, to) = (at(u32::from(thread)), at(u32::from(thread) + 1));
        from as u16..=(to - 1) as u16
    }
}

/// Why media cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SDP needs one certain address.
    #[error("media address {0} cannot stand in SDP: name one address of this machine")]
    Address(IpAddr),
    /// Not a range of pairs.
    #[error("media ports {first}-{last} must begin with an even port from 1024 up and end with an odd one")]
    Range {
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
    /// No thread, or too many.
    #[error("{0} media threads: must be 1 to 64")]
    Threads(u8),
    /// Fewer pairs than threads.
    #[error("{pairs} media port pairs are too few for {threads} threads")]
    Few {
        /// Pairs in the range.
        pairs: u32,
        /// Threads asked for.
        threads: u8,
    },
    /// Sizes out of range.
    #[error("media chunk {chunk} must be 1 to 4096, and its command queue ({commands}) 64 at least")]
    Sizes {
        /// Pairs bound ahead.
        chunk: u16,
        /// Commands that may wait.
        commands: usize,
    },
    /// Every port of a thread's share is in use, or the address is not this machine's.
    #[error("cannot bind one media port pair on {address} in {first}-{last}: {why}")]
    Bind {
        /// Where.
        address: IpAddr,
        /// First port tried.
        first: u16,
        /// Last port tried.
        last: u16,
        /// What the system said last.
        why: io::Error,
    },
    /// The port of all browsers is in use, or its address is not this machine's.
    #[error("cannot bind {at}, the port of browsers: {why}")]
    Browsers {
        /// Where.
        at: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// The system refused something else.
    #[error("cannot start a media thread: {0}")]
    System(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::new([127, 0, 0, 1].into());
        change(&mut settings);
        settings.check().map_or_else(|e| e.to_string(), |()| "ok".into())
    }

    #[test]
    fn each_mistake_is_told_in_one_sentence() {
        assert_eq!(with(|_| ()), "ok");
        assert!(with(|s| s.address = [0, 0, 0, 0].into()).starts_with("media address 0.0.0.0"));
        assert!(with(|s| s.ports = 20_001..=30_000).contains("must begin with an even port"));
        assert!(with(|s| s.ports = 20_000..=20_000).contains("end with an odd one"));
        assert!(with(|s| s.threads = 0).contains("must be 1 to 64"));
        let few = with(|s| (s.ports, s.threads) = (20_000..=20_003, 3));
        assert_eq!(few, "2 media port pairs are too few for 3 threads");
        assert!(with(|s| s.chunk = 0).contains("chunk 0"));
    }

    #[test]
    fn threads_share_the_range_without_overlap() {
        let mut settings = Settings::new([127, 0, 0, 1].into());
        (settings.ports, settings.threads) = (20_000..=20_013, 3);
        let shares: Vec<_> = (0..3).map(|t| settings.share(t)).collect();
        assert_eq!(shares, [20_000..=20_003, 20_004..=20_007, 20_008..=20_013]);
        settings.ports = 65_534..=65_535;
        settings.threads = 1;
        assert_eq!(settings.share(0), 65_534..=65_535);
    }
}
