//! What ends something at a media thread and found its queue full. A port that is never told to close is never leased again, and a
//! recording that is never told of its end is written for ever: so these are told as soon as there is room. All else may be lost.
//!
//! It cannot grow beyond the ports: a call needs one, and one that is owed its end is not leased again.

use crate::clock::{MILLI, Now};
use crate::patch::{Command, Tape};
use std::collections::VecDeque;

/// How soon it is tried again, µs.
const AGAIN: u64 = 50 * MILLI;

/// Commands that are owed, in order.
#[derive(Debug, Default)]
pub(super) struct Owed(VecDeque<Command>);

impl Owed {
    /// A command that was not taken.
    pub fn refused(&mut self, command: Command) {
        if matches!(command, Command::Close { .. } | Command::Record { tape: Tape::End, .. }) {
            self.0.push_back(command);
        }
    }

    /// Each is tried once: a thread that takes nothing keeps no other from it.
    pub fn again(&mut self, mut send: impl FnMut(Command) -> Result<(), Box<Command>>) {
        for _ in 0..self.0.len() {
            let Some(command) = self.0.pop_front() else { return };
            if let Err(command) = send(command) {
                self.0.push_back(*command);
            }
        }
    }

    /// When it is to be tried again, µs monotonic.
    pub fn deadline(&self, now: Now) -> Option<u64> {
        (!self.0.is_empty()).then_some(now.mono + AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{Epoch, PortId, RecordingId};

    #[test]
    fn ends_are_told_when_there_is_room_in_order_and_nothing_else_is_kept() {
        let close = |thread| Command::Close { port: PortId { thread, index: 3 }, epoch: Epoch(7) };
        let end = Command::Record { thread: 1, recording: RecordingId(5), tape: Tape::End };
        let pause = Command::Record { thread: 1, recording: RecordingId(5), tape: Tape::Pause };
        let mut owed = Owed::default();
        assert_eq!(owed.deadline(Now::default()), None);
        for command in [close(0), pause, end.clone(), close(1)] {
            owed.refused(command);
        }
        assert_eq!(owed.deadline(Now::default()), Some(AGAIN));
        let mut told = Vec::new();
        let full = |thread: u8| thread == 0;
        owed.again(|command| match &command {
            Command::Close { port, .. } if full(port.thread) => Err(Box::new(command)),
            _ => {
                told.push(command);
                Ok(())
            }
        });
        assert_eq!(told, [end, close(1)]);
        owed.again(|command| {
            told.push(command);
            Ok(())
        });
        assert_eq!((told.len(), owed.deadline(Now::default())), (3, None));
    }
}
