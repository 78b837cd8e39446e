//! RTCP of a leg: what we report, what is reported to us, and whether anyone is there at all.

use super::leg::Leg;
use super::outlet::Outlet;
use super::sealed;
use super::state::{State, Timer};
use crate::clock::{MILLI, Now, SECOND};
use crate::patch::{Event, Latch, Reported};
use crate::rtp::rtcp::{self, Compound, Packet, ReportBlock, SenderReport};
use rand_core::RngCore;
use std::net::SocketAddr;

/// Mean time between two reports (RFC 3550 §6.2).
const INTERVAL: u64 = 5 * SECOND;
/// A leg that is silent for so long is reported.
const SILENCE: u64 = 5 * SECOND;
/// The longest way there and back that is believed, 1/65536 s: ten seconds.
const LONGEST_WAY: u32 = 10 * 65_536;
/// Seconds from 1900 to 1970 (RFC 3550 §4).
const NTP_1970: u64 = 2_208_988_800;

impl State {
    /// A datagram has come to a port's RTCP socket.
    pub(super) fn on_rtcp(&mut self, port: u32, from: SocketAddr, datagram: &[u8], now: Now) {
        let Some(leg) = self.legs.get_mut(port as usize).filter(|l| l.open) else {
            return;
        };
        let mut room;
        let opened = match &mut leg.sealed {
            Some(sealed) => {
                room = sealed::room();
                sealed.open_rtcp(datagram, &mut room)
            }
            None => Some(datagram),
        };
        let (Some(datagram), Some(host)) = (opened, admitted(leg, from)) else {
            leg.refused += 1;
            return;
        };
        let (ours, first, clock) = (leg.out.ssrc(), leg.out.first(), leg.codec().clock());
        let (mut last_sr, mut theirs) = (None, None);
        let read = rtcp::parse(datagram, |part| match part {
            Packet::Sender { report, .. } => last_sr = Some(((report.ntp >> 16) as u32, now.mono)),
            Packet::Block(block) if block.ssrc == ours => theirs = Some(reported(&block, first, clock, now)),
            Packet::Block(_) | Packet::Bye { .. } => {}
        });
        if read.is_err() {
            leg.refused += 1;
            return;
        }
        (leg.heard_at, leg.spoke) = (now.mono, true);
        leg.reports.last_sr = last_sr.or(leg.reports.last_sr);
        if let Some(theirs) = theirs {
            // A block that names no report of ours says nothing new of the way there and back.
            let before = leg.reports.theirs.and_then(|before| before.round_trip_us);
            leg.reports.theirs = Some(Reported { round_trip_us: theirs.round_trip_us.or(before), ..theirs });
        }
        if host {
            leg.rtcp_to = Some(from);
        }
    }

    /// Starts the timers of a leg whose SDP has become known.
    pub(super) fn start_timers(&mut self, port: u32, now: Now) {
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        leg.heard_at = now.mono;
        if std::mem::replace(&mut leg.reports.running, true) {
            return;
        }
        let epoch = leg.epoch;
        // The first interval is half as long (§6.2).
        let first = now.mono + interval(&mut self.random) / 2;
        self.at(first, port, epoch, Timer::Report);
        self.at(now.mono + SILENCE, port, epoch, Timer::Silence);
    }

    /// The time for a report has come.
    pub(super) fn report(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        let next = now.mono + interval(&mut self.random);
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        send(leg, port, false, now, out);
        let epoch = leg.epoch;
        self.at(next, port, epoch, Timer::Report);
    }

    /// The time to look whether anyone is there.
    pub(super) fn listen(&mut self, port: u32, now: Now) {
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        let epoch = leg.epoch;
        let receives = leg.remote.as_ref().is_some_and(|r| r.receive);
        let mut next = leg.heard_at + SILENCE;
        if next <= now.mono {
            next = now.mono + SILENCE;
            if receives {
                let spoke = leg.spoke;
                let port = self.id(port);
                self.events.push_back(Event::Silent { port, epoch, spoke });
            }
        }
        self.at(next, port, epoch, Timer::Silence);
    }

    /// Tells of a leg of which nothing has been heard for so long.
    pub(super) fn anyone(&mut self, port: u32, within: u64, now: Now) {
        let Some(leg) = self.legs.get(port as usize).filter(|leg| leg.heard_at + within <= now.mono) else { return };
        let (epoch, spoke) = (leg.epoch, leg.spoke);
        self.events.push_back(Event::Silent { port: self.id(port), epoch, spoke });
    }

    /// Says good-bye if we were ever heard (§6.3.7).
    pub(super) fn bye(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        if let Some(leg) = self.legs.get_mut(port as usize)
            && (leg.reports.shown || leg.out.packets > 0)
        {
            send(leg, port, true, now, out);
        }
    }
}

/// What a report block says of our stream, with the way there and back (RFC 3550 §6.4.1, "delay since last SR").
fn reported(block: &ReportBlock, first: u16, clock: u32, now: Now) -> Reported {
    let middle = (ntp(now.wall) >> 16) as u32;
    let there_and_back = middle.wrapping_sub(block.last_sr).wrapping_sub(block.since_sr);
    // What would be negative, or half a minute, is of a clock that was set, or a lie.
    let known = block.last_sr != 0 && there_and_back < LONGEST_WAY;
    Reported {
        lost: u32::try_from(block.lost).unwrap_or(0),
        expected: block.highest.wrapping_sub(u32::from(first)).wrapping_add(1),
        jitter_us: u32::try_from(u64::from(block.jitter) * SECOND / u64::from(clock)).unwrap_or(u32::MAX),
        round_trip_us: known.then(|| (u64::from(there_and_back) * SECOND / 65_536) as u32),
    }
}

/// Whether RTCP from there is this leg's; true inside if any port of its host counts, so that it may be learnt.
fn admitted(leg: &Leg, from: SocketAddr) -> Option<bool> {
    // A browser's is authentic, and comes from where it is.
    if leg.rtcp_to == Some(from) || leg.web.is_some() {
        return Some(false);
    }
    match leg.remote.as_ref()?.latch {
        Latch::Sdp => None,
        Latch::SdpOr(host) => (host == from.ip()).then_some(true),
    }
}

fn send(leg: &mut Leg, port: u32, bye: bool, now: Now, out: &mut impl Outlet) {
    let Some(to) = leg.rtcp_to else {
        return;
    };
    let (sent, times) = (leg.out.packets, leg.codec().clock() / 8_000);
    let sender = (sent > leg.reports.at_report[1]).then(|| SenderReport {
        ntp: ntp(now.wall),
        timestamp: leg.out.timestamp_at(now.mono).wrapping_mul(times),
        packets: sent as u32,
        octets: leg.out.octets as u32,
    });
    leg.reports.at_report = [sent, leg.reports.at_report[0]];
    let (last_sr, since_sr) =
        leg.reports.last_sr.map_or((0, 0), |(ntp, at)| (ntp, ((now.mono.saturating_sub(at)) * 65_536 / SECOND) as u32));
    let compound = Compound {
        ssrc: leg.out.ssrc(),
        sender,
        block: leg.heard.report(last_sr, since_sr).map(|block| ReportBlock { jitter: block.jitter * times, ..block }),
        cname: leg.reports.cname,
        bye,
    };
    leg.reports.shown = true;
    sealed::rtcp(leg.sealed.as_deref_mut(), port, to, compound.write(&mut [0; rtcp::LONGEST]), out);
}

/// §6.3.1: half to one and a half times the mean, less the compensation e − 3/2; in whole 10 ms, so that one waking
/// serves many.
fn interval(random: &mut impl RngCore) -> u64 {
    let half = INTERVAL / 2 + u64::from(random.next_u32()) * INTERVAL / (1 << 32);
    let micros = (half as f64 / (std::f64::consts::E - 1.5)) as u64;
    micros / (10 * MILLI) * (10 * MILLI)
}

/// µs since 1970 as NTP time.
fn ntp(wall: i64) -> u64 {
    let micros = u64::try_from(wall).unwrap_or(0);
    let fraction = ((micros % SECOND) << 32) / SECOND;
    ((micros / SECOND + NTP_1970) << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_time_of_1970_is_2_208_988_800_seconds() {
        assert_eq!(ntp(500_000), (2_208_988_800 << 32) | (1 << 31));
    }
}
