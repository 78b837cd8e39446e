//! What the media threads report.

use super::Exchange;
use crate::call::Input as CallInput;
use crate::clock::Now;
use crate::patch::Event;

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
            Event::Silent { port, epoch } => {
                if let Some((call, leg)) = self.ports.user(port, epoch) {
                    tracing::debug!(%call, ?leg, "no RTP for 5 s");
                }
            }
            // Nothing is recorded yet: no call sends `Command::Record`.
            Event::Recording { recording, what } => tracing::warn!(?recording, ?what, "a recording that no call began"),
            Event::Closed { port, epoch, stats } => {
                tracing::debug!(?port, ?stats, "port closed");
                self.ports.closed(port, epoch);
            }
        }
    }
}
