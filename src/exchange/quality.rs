//! What each call's media was like: the legs' last words come from the media threads after the legs have gone, and after the call has.

use super::Exchange;
use crate::call::Leg;
use crate::clock::Now;
use crate::codec::Codec;
use crate::fact::{Fact, Quality};
use crate::id::{CallRef, LegRef};
use crate::patch::{Epoch, PortId, Stats};
use crate::rtp::quality::Carried;
use std::collections::HashMap;

/// Legs that have gone, until their media has been told.
#[derive(Debug, Default)]
pub(super) struct Qualities {
    /// By their ports, which are still leased.
    leaving: HashMap<(PortId, Epoch), (CallRef, LegRef, Option<Codec>)>,
    calls: HashMap<CallRef, Closing>,
}

/// A call of which legs have gone.
#[derive(Debug, Default)]
struct Closing {
    /// So many have not been told.
    open: usize,
    /// It has ended: nothing more will be asked.
    over: bool,
    told: Vec<Quality>,
}

impl Qualities {
    /// A leg's port is being closed.
    pub fn leaves(&mut self, call: CallRef, leg: &Leg) {
        self.leaving.insert((leg.lease.port, leg.lease.epoch), (call, leg.leg, leg.codec()));
        self.calls.entry(call).or_default().open += 1;
    }

    /// A port has been closed; the call whose last one it was, with what is to be told of it.
    fn closed(&mut self, port: PortId, epoch: Epoch, stats: &Stats) -> Option<(CallRef, Vec<Quality>)> {
        let (call, leg, codec) = self.leaving.remove(&(port, epoch))?;
        let closing = self.calls.get_mut(&call)?;
        closing.open -= 1;
        if stats.received > 0 || stats.sent > 0 {
            closing.told.push(quality(leg, codec, stats));
        }
        self.done(call)
    }

    /// The call has ended, all its legs are leaving.
    fn over(&mut self, call: CallRef) -> Option<(CallRef, Vec<Quality>)> {
        self.calls.get_mut(&call)?.over = true;
        self.done(call)
    }

    fn done(&mut self, call: CallRef) -> Option<(CallRef, Vec<Quality>)> {
        let complete = self.calls.get(&call).is_some_and(|closing| closing.over && closing.open == 0);
        let mut told = if complete { self.calls.remove(&call)?.told } else { return None };
        told.sort_by_key(|quality| quality.leg);
        (!told.is_empty()).then_some((call, told))
    }
}

impl Exchange {
    /// The media thread's last word of a port.
    pub(super) fn media_closed(&mut self, port: PortId, epoch: Epoch, stats: &Stats, now: Now) {
        let told = self.qualities.closed(port, epoch, stats);
        self.tell_quality(told, now);
    }

    /// A call is over.
    pub(super) fn media_over(&mut self, call: CallRef, now: Now) {
        let told = self.qualities.over(call);
        self.tell_quality(told, now);
    }

    fn tell_quality(&mut self, told: Option<(CallRef, Vec<Quality>)>, now: Now) {
        if let Some((call, legs)) = told {
            self.fact(Some(call), Fact::MediaCarried { legs }, now);
        }
    }
}

/// What was counted of a leg, and what listeners would think of it.
fn quality(leg: LegRef, codec: Option<Codec>, stats: &Stats) -> Quality {
    let round_trip_us = stats.reported.and_then(|far| far.round_trip_us);
    let here = Carried { received: stats.received, lost: stats.lost, jitter_us: stats.jitter_us, round_trip_us };
    let far = stats.reported.map(|far| Carried {
        received: u64::from(far.expected.saturating_sub(far.lost)),
        lost: u64::from(far.lost),
        jitter_us: far.jitter_us,
        round_trip_us,
    });
    Quality {
        leg,
        codec: codec.map_or_else(String::new, |codec| codec.name().to_owned()),
        received: stats.received,
        lost: stats.lost,
        jitter_us: stats.jitter_us,
        mos: here.mos(),
        sent: stats.sent,
        far_lost: stats.reported.map(|far| far.lost),
        far_expected: stats.reported.map(|far| far.expected),
        far_jitter_us: stats.reported.map(|far| far.jitter_us),
        far_mos: far.and_then(|far| far.mos()),
        round_trip_us,
    }
}
