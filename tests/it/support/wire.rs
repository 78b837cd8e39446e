//! A virtual wire: delay, loss, duplication and reordering drawn from a seed.

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How bad the wire is, per mille.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub loss: u32,
    pub duplicate: u32,
    /// Packets that take up to 300 ms longer.
    pub late: u32,
}

impl Weather {
    pub const FINE: Self = Self { loss: 0, duplicate: 0, late: 0 };
    pub const STORM: Self = Self { loss: 100, duplicate: 100, late: 100 };
}

/// One datagram on its way.
#[derive(Debug, Clone)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Bytes,
}

/// Datagrams in flight, by arrival.
#[derive(Debug)]
pub struct Wire {
    rng: ChaCha12Rng,
    weather: Weather,
    flying: BTreeMap<(u64, u64), Datagram>,
    sent: u64,
}

impl Wire {
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed), weather, flying: BTreeMap::new(), sent: 0 }
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.next_u32() % 1000 < per_mille
    }

    pub fn send(&mut self, datagram: Datagram, now: u64) {
        let copies = 1 + u32::from(self.chance(self.weather.duplicate));
        for _ in 0..copies {
            if self.chance(self.weather.loss) {
                continue;
            }
            let mut delay = 500 + u64::from(self.rng.next_u32() % 1000);
            if self.chance(self.weather.late) {
                delay += u64::from(self.rng.next_u32() % 300_000);
            }
            self.sent += 1;
            self.flying.insert((now + delay, self.sent), datagram.clone());
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        self.flying.keys().next().map(|(at, _)| *at)
    }

    pub fn arrive(&mut self, now: u64) -> Option<Datagram> {
        let entry = self.flying.first_entry().filter(|e| e.key().0 <= now)?;
        Some(entry.remove())
    }
}
