//! A lease from its beginning to its end: what the far side's SDP says, what the leg hears, and the clearing up.

use super::hears::Hears;
use super::latch::Latch;
use super::leg::{Leg, Reports, beside};
use super::opus::Opus;
use super::outgoing::Outgoing;
use super::outlet::Outlet;
use super::sealed::Sealed;
use super::state::State;
use crate::audio::dtmf::Detector;
use crate::clock::Now;
use crate::codec::Codec;
use crate::key::Crypto;
use crate::patch::{self, Epoch, Event, Remote, Source};
use rand_core::RngCore;

impl State {
    pub(super) fn lease(&mut self, index: u32, epoch: Epoch, stream: Outgoing, now: Now, out: &mut impl Outlet) {
        if self.legs.get(index as usize).is_some_and(|l| l.open) {
            self.close(index, now, out);
        }
        let reports = Reports::new(self.random.next_u64());
        if let Some(leg) = self.legs.get_mut(index as usize) {
            *leg = Leg { open: true, epoch, out: stream, reports, ..Leg::default() };
            self.open += 1;
        }
    }

    pub(super) fn agree(&mut self, index: u32, remote: Remote, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return;
        };
        leg.detector = match remote.telephone_event {
            Some(_) => None,
            None => leg.detector.take().or_else(|| Some(Box::new(Detector::default()))),
        };
        leg.opus = match remote.codec {
            Codec::Opus => leg.opus.take().or_else(Opus::new),
            _ => None,
        };
        let keys = match remote.crypto {
            Some(Crypto::Web(web)) => return self.agree_web(index, web, remote, now, out),
            Some(Crypto::Keys(pair)) => Some(pair),
            None => None,
        };
        if leg.web.is_some() {
            return self.agree_keyless(index, remote, now, out);
        }
        leg.latch = Latch::arm(&remote, leg.named);
        if remote.rtp.is_some() && remote.rtp != leg.named {
            leg.named = remote.rtp;
            leg.learnt = None;
        }
        // A refresh with the same address must not send a phone behind NAT back to its private one.
        let to = remote.rtp.map(|named| leg.learnt.unwrap_or(named));
        if leg.to != to {
            leg.out.turn();
            // What went by unheard is heard from its next frame on.
            if matches!(leg.hears, Hears::Play { .. } | Hears::Tone { .. }) {
                leg.due = 0;
            }
        }
        leg.to = to;
        if remote.rtcp.is_some() || leg.learnt.is_none() {
            leg.rtcp_to = remote.rtcp.or(leg.named.map(beside));
        }
        // A trunk is heard from one address only: the kernel can see to that from the first packet.
        let peer = match remote.latch {
            patch::Latch::Sdp => leg.named,
            patch::Latch::SdpOr(_) => None,
        };
        if leg.connected || peer.is_some() {
            leg.connected = peer.is_some();
            out.connect(index, peer);
        }
        leg.sealed = Sealed::agreed(leg.sealed.take(), keys);
        leg.remote = Some(remote);
        self.start_timers(index, now);
        self.start(index, now, out);
    }

    pub(super) fn hear(&mut self, index: u32, source: Source, now: Now) {
        if let Some(hears) = self.cross(index, &source, now.mono) {
            if let Some(leg) = self.legs.get_mut(index as usize) {
                leg.hears = hears;
            }
            return;
        }
        self.leave(index);
        let hears = match source {
            Source::Mix { voices, beside } => Hears::Mix(self.mix(index, &voices, beside)),
            Source::Nothing => Hears::Nothing,
            Source::Tone(tone) => Hears::Tone { tone, at: 0 },
            Source::Play { play, clips, repeat } => Hears::Play { play, clips, repeat, clip: 0, at: 0 },
            Source::Port(port, epoch) => match self.current(port, epoch) {
                Some(other) if other != index => {
                    if let Some(leg) = self.legs.get_mut(other as usize) {
                        leg.listeners.push(index);
                    }
                    Hears::Leg(other)
                }
                _ => Hears::Nothing,
            },
        };
        if let Some(leg) = self.legs.get_mut(index as usize) {
            leg.silent_until = 0;
            if matches!(hears, Hears::Leg(_)) {
                leg.carry_on(now.mono);
            }
            leg.hears = hears;
            leg.out.turn();
        }
    }

    /// Takes a leg out of the listeners of those it hears.
    fn leave(&mut self, index: u32) {
        match self.legs.get_mut(index as usize).map(|l| std::mem::take(&mut l.hears)) {
            Some(Hears::Leg(other)) => {
                if let Some(leg) = self.legs.get_mut(other as usize) {
                    leg.listeners.retain(|l| *l != index);
                }
            }
            Some(Hears::Mix(mix)) => {
                mix.voices.iter().for_each(|v| self.unhear(index, v.leg));
                self.unrelay(index, mix.crossing);
            }
            Some(Hears::Nothing | Hears::Tone { .. } | Hears::Play { .. }) | None => {}
        }
    }

    pub(super) fn close(&mut self, index: u32, now: Now, out: &mut impl Outlet) {
        self.bye(index, now, out);
        self.leave(index);
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return;
        };
        let leg = std::mem::replace(leg, Leg { epoch: leg.epoch, ..Leg::default() });
        for listener in leg.listeners.iter().copied() {
            if let Some(other) = self.legs.get_mut(listener as usize) {
                other.speaker_gone(now.mono);
            }
            self.start(listener, now, out);
        }
        self.fall_silent(index, &leg.mixers);
        if let Some(tape) = leg.tape {
            self.reels.vacate(tape, index);
        }
        if leg.connected {
            out.connect(index, None);
        }
        for from in leg.web.iter().flat_map(|peer| peer.addresses()) {
            out.route(*from, index, false);
        }
        self.open -= 1;
        let port = self.id(index);
        self.events.push_back(Event::Closed { port, epoch: leg.epoch, stats: leg.stats() });
    }
}
