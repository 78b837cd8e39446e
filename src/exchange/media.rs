//! What the media threads report.

use super::Exchange;
use crate::call::Input as CallInput;
use crate::clock::Now;
use crate::id::{CallRef, LegRef};
use crate::patch::Event;

/// Reports of silence, 5 s each, after which one is asked who has never sent anything.
const NEVER_SPOKE: u32 = 12;

impl Exchange {
    pub(super) fn media_event(&mut self, event: Event, now: Now) {
        match event {
            Event::Ready { ports } => self.ports.add(ports),
            Event::PlayFinished { port, epoch, play } => {
                if let Some((call, leg)) = self.ports.user(port, epoch) {
                    self.tell(call, CallInput::PlayFinished(leg, play), now);
                }
            }
            // The digits of caller and trunk are never commands (product §5): the media engine relays them itself.
            Event::Digit { port, epoch, digit, via } => {
                if let Some((call, leg)) = self.ports.user(port, epoch) {
                    tracing::debug!(%call, ?leg, ?via, "digit");
                    self.key(call, leg, digit, now);
                }
            }
            // Silence alone is no death: the far side is asked (product §5, "dead means").
            Event::Silent { port, epoch, spoke } => {
                if let Some((call, leg)) = self.ports.user(port, epoch) {
                    self.silent(call, leg, spoke, now);
                }
            }
            Event::Packet { port, epoch, packet } => {
                if let (Some((call, _)), Some(local)) = (self.ports.user(port, epoch), self.ports.address(port)) {
                    self.trace.packet(call, local, packet);
                }
            }
            Event::Recording { recording, what } => self.recording_event(recording, &what, now),
            Event::Closed { port, epoch, stats } => {
                tracing::debug!(?port, ?stats, "port closed");
                self.ports.closed(port, epoch);
                self.media_closed(port, epoch, &stats, now);
            }
        }
    }

    /// No RTP and RTCP for 5 s on a leg that should send: OPTIONS inside the dialog. Whoever holds or is held may be silent; one
    /// who has never sent a packet is no talker who has died but a far end without media, and is asked only after a minute.
    fn silent(&mut self, call: CallRef, leg: LegRef, spoke: bool, now: Now) {
        if self.silent_and_lost(call, leg, now) {
            return;
        }
        let Some(live) = self.calls.get_mut(&call) else { return };
        let quiet = live.call.members().iter().any(|m| m.leg == leg && m.held);
        let Some(found) = live.leg(leg) else { return };
        found.silent += 1;
        let ask = !quiet && (spoke || found.silent >= NEVER_SPOKE);
        if let (Some(session), true) = (found.session, ask) {
            tracing::debug!(%call, ?leg, "no RTP for 5 s: asked whether it lives");
            self.endpoint.probe(session, now);
        }
    }
}
