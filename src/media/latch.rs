//! From where a leg's RTP is believed: a latch that a stranger can neither steal nor inject into.
//!
//! ```text
//!            Remote                3 packets in a row of
//!   Shut ──────────▶ Armed ───────────────────────────────▶ Locked
//!     ▲                ▲     one address and one SSRC          │
//!     │ Remote that    │                                       │
//!     └ receives not   └────────────── new Remote ─────────────┘
//! ```
//!
//! While armed, the first admissible source is believed at once, so nothing of its first words is lost, and it
//! holds the place against others of the same host unless it falls silent; only the very address of the SDP
//! displaces it. Once locked, only the locked address is heard. Another SSRC from there (an exchange that switches
//! from its announcement to the called party) is taken after three packets in a row, when the former is silent.

use crate::clock::MILLI;
use crate::patch;
use std::net::SocketAddr;

/// Packets in a row of one source that lock the latch.
const STABLE: u8 = 3;
/// How long a source must be silent before another of its address or host is taken for it.
const YIELDS: u64 = 60 * MILLI;
/// How long an unlocked source holds its place against others of the same host.
const HOLDS: u64 = 500 * MILLI;

/// The latch of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Latch {
    /// Nobody is believed: no SDP yet, or the other side only receives.
    #[default]
    Shut,
    /// SDP is known.
    Armed {
        /// Who is admitted.
        admits: Admits,
        /// Who is being tried.
        candidate: Option<Source>,
    },
    /// One source is believed.
    Locked {
        /// The source.
        source: Source,
        /// Another SSRC from the same address, being tried.
        rival: Option<Source>,
    },
}

/// Who may become the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admits {
    /// The address that the SDP names.
    pub sdp: Option<SocketAddr>,
    /// Any port of this host too.
    pub host: Option<std::net::IpAddr>,
}

/// One stream: an address, an SSRC, and how steadily it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Where from.
    pub address: SocketAddr,
    /// Which SSRC.
    pub ssrc: u32,
    next: u16,
    run: u8,
    heard: u64,
}

/// What the latch says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// From a stranger, or a source still being tried: drop it.
    Refused,
    /// Heard.
    Believed,
    /// Heard, and from now on only this address is.
    Locks,
}

impl Latch {
    /// Arms the latch for what new SDP says; shut if the other side does not send.
    ///
    /// A side that names no address at all (`c=0.0.0.0`) keeps the one that was known before (`former`).
    #[must_use]
    pub fn arm(remote: &patch::Remote, former: Option<SocketAddr>) -> Self {
        if !remote.receive {
            return Self::Shut;
        }
        let host = match remote.latch {
            patch::Latch::Sdp => None,
            patch::Latch::SdpOr(host) => Some(host),
        };
        Self::Armed { admits: Admits { sdp: remote.source.or(remote.rtp).or(former), host }, candidate: None }
    }

    /// Whether this address is the one that is believed for certain.
    #[must_use]
    pub fn locked_on(&self, address: SocketAddr) -> bool {
        matches!(self, Self::Locked { source, .. } if source.address == address)
    }

    /// Judges a well-formed packet at `now` (µs).
    pub fn hear(&mut self, address: SocketAddr, ssrc: u32, sequence: u16, now: u64) -> Verdict {
        match self {
            Self::Shut => Verdict::Refused,
            Self::Armed { admits, candidate } => {
                if !admits.admit(address) {
                    return Verdict::Refused;
                }
                let source = match candidate {
                    Some(c) if c.address == address && c.ssrc == ssrc => c.follow(sequence, now),
                    Some(c) if now < c.heard + admits.holds(address, c.address) => return Verdict::Refused,
                    _ => Source::new(address, ssrc, sequence, now),
                };
                if source.run < STABLE {
                    *candidate = Some(source);
                    return Verdict::Believed;
                }
                *self = Self::Locked { source, rival: None };
                Verdict::Locks
            }
            Self::Locked { source, rival } => locked(source, rival, address, ssrc, sequence, now),
        }
    }
}

fn locked(
    source: &mut Source,
    rival: &mut Option<Source>,
    address: SocketAddr,
    ssrc: u32,
    sequence: u16,
    now: u64,
) -> Verdict {
    if source.address != address {
        return Verdict::Refused;
    }
    if source.ssrc == ssrc {
        source.heard = now;
        *rival = None;
        return Verdict::Believed;
    }
    let tried = match rival {
        Some(r) if r.ssrc == ssrc => r.follow(sequence, now),
        _ => Source::new(address, ssrc, sequence, now),
    };
    if tried.run < STABLE || source.heard + YIELDS > now {
        *rival = Some(tried);
        return Verdict::Refused;
    }
    *source = tried;
    *rival = None;
    Verdict::Believed
}

impl Admits {
    fn admit(&self, address: SocketAddr) -> bool {
        self.sdp == Some(address) || self.host == Some(address.ip())
    }

    /// How long the source being tried holds its place against a newcomer: the very address of the SDP displaces
    /// another at once, a new SSRC of one's own address after a short silence.
    fn holds(&self, newcomer: SocketAddr, former: SocketAddr) -> u64 {
        if newcomer == former {
            YIELDS
        } else if self.sdp == Some(newcomer) {
            0
        } else {
            HOLDS
        }
    }
}

impl Source {
    fn new(address: SocketAddr, ssrc: u32, sequence: u16, now: u64) -> Self {
        Self { address, ssrc, next: sequence.wrapping_add(1), run: 1, heard: now }
    }

    /// The same source after one more packet. A small gap is a loss and keeps the run; anything else breaks it.
    fn follow(self, sequence: u16, now: u64) -> Self {
        let ahead = sequence.wrapping_sub(self.next);
        let run = if ahead < 4 { self.run.saturating_add(1).min(STABLE) } else { 1 };
        Self { next: sequence.wrapping_add(1), run, heard: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    const SDP: &str = "10.0.0.1:4000";
    const NAT: &str = "203.0.113.9:61000";
    const SAME_HOST: &str = "203.0.113.9:61002";
    const STRANGER: &str = "198.51.100.7:4000";

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    fn remote(latch: patch::Latch, receive: bool) -> patch::Remote {
        patch::Remote {
            rtp: Some(at(SDP)),
            source: None,
            rtcp: None,
            codec: patch::Codec::Pcma,
            payload_type: 8,
            telephone_event: Some(101),
            event_clock: 8_000,
            ptime: 20,
            latch,
            crypto: None,
            receive,
        }
    }

    fn seat() -> Latch {
        Latch::arm(&remote(patch::Latch::SdpOr(at(NAT).ip()), true), None)
    }

    fn fed(mut latch: Latch, packets: &[(&str, u32, u16, u64)]) -> Latch {
        for (address, ssrc, sequence, ms) in packets {
            latch.hear(at(address), *ssrc, *sequence, ms * MILLI);
        }
        latch
    }

    fn address(latch: &Latch) -> Option<SocketAddr> {
        match latch {
            Latch::Shut => None,
            Latch::Armed { candidate, .. } => candidate.map(|c| c.address),
            Latch::Locked { source, .. } => Some(source.address),
        }
    }

    fn show(latch: &Latch) -> String {
        let source = |s: &Source| format!("{} ssrc {} run {}", s.address, s.ssrc, s.run);
        match latch {
            Latch::Shut => "Shut".into(),
            Latch::Armed { candidate: None, .. } => "Armed".into(),
            Latch::Armed { candidate: Some(c), .. } => format!("Armed, tries {}", source(c)),
            Latch::Locked { source: s, rival: None } => format!("Locked {}", source(s)),
            Latch::Locked { source: s, rival: Some(r) } => format!("Locked {}, tries {}", source(s), source(r)),
        }
    }

    #[test]
    fn the_whole_table() {
        let lock: Vec<_> = (0..3).map(|i| (NAT, 1, 10 + i, 20 * u64::from(i))).collect();
        let mut rival = lock.clone();
        rival.extend([(NAT, 2, 500, 70), (NAT, 2, 501, 90)]);
        let trunk = Latch::arm(&remote(patch::Latch::Sdp, true), None);
        let states = [
            ("shut", Latch::arm(&remote(patch::Latch::Sdp, false), None)),
            ("trunk armed", trunk),
            ("seat armed", seat()),
            ("seat tries NAT", fed(seat(), &lock[..2])),
            ("seat locked", fed(seat(), &lock)),
            ("seat locked, rival", fed(seat(), &rival)),
        ];
        // (what, address, ssrc, sequence, ms)
        let inputs = [
            ("SDP address", SDP, 9, 100, 110),
            ("same source, next", NAT, 1, 13, 110),
            ("same source, far ahead", NAT, 1, 900, 110),
            ("same address, other SSRC", NAT, 2, 502, 110),
            ("other port of the host", SAME_HOST, 1, 13, 110),
            ("other port, much later", SAME_HOST, 1, 13, 1_000),
            ("stranger with the right SSRC", STRANGER, 1, 13, 110),
        ];
        let mut table = String::new();
        for (name, state) in states {
            writeln!(table, "{name}: {}", show(&state)).unwrap();
            for (what, address, ssrc, sequence, ms) in inputs {
                let mut next = state;
                let verdict = next.hear(at(address), ssrc, sequence, ms * MILLI);
                let change = if show(&next) == show(&state) { "same".into() } else { show(&next) };
                writeln!(table, "  {what:<28} {:<8} {change}", format!("{verdict:?}")).unwrap();
            }
        }
        insta::assert_snapshot!("latch_table", table);
    }

    #[test]
    fn a_burst_between_two_packets_does_not_take_the_place_of_a_living_stream() {
        let mut latch = fed(seat(), &[(NAT, 1, 1, 0), (NAT, 1, 2, 20), (NAT, 1, 3, 40)]);
        let mut injected = 0;
        for i in 0..50u16 {
            let now = 60 + u64::from(i) * 20;
            assert_eq!(latch.hear(at(NAT), 1, 4 + i, now * MILLI), Verdict::Believed);
            for k in 0..5 {
                let verdict = latch.hear(at(NAT), 66, i * 5 + k, (now + 1) * MILLI);
                injected += u32::from(verdict != Verdict::Refused);
            }
        }
        assert_eq!(injected, 0);
    }

    #[test]
    fn two_sources_of_one_host_do_not_keep_each_other_from_locking() {
        let mut latch = seat();
        for i in 0..3u16 {
            latch.hear(at(NAT), 1, i, u64::from(i) * 20 * MILLI);
            latch.hear(at(SAME_HOST), 2, i, u64::from(i) * 20 * MILLI + 1);
        }
        assert_eq!(address(&latch), Some(at(NAT)));
        assert!(matches!(latch, Latch::Locked { .. }));
        let sdp_first = fed(seat(), &[(NAT, 1, 1, 0), (SDP, 2, 1, 1), (SDP, 2, 2, 20), (SDP, 2, 3, 40)]);
        assert_eq!(address(&sdp_first), Some(at(SDP)), "the address of the SDP goes first");
    }

    #[test]
    fn a_side_that_only_sends_is_believed_from_where_it_was_before() {
        let hold = patch::Remote { rtp: None, ..remote(patch::Latch::Sdp, true) };
        let mut latch = Latch::arm(&hold, Some(at(SDP)));
        assert_eq!(latch.hear(at(SDP), 1, 1, 0), Verdict::Believed);
        assert_eq!(latch.hear(at(STRANGER), 1, 2, 0), Verdict::Refused);
    }
}
