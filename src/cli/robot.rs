//! The robots of `demo`: seats that register over real SIP, answer after a second and speak; and the exchanges that trunks lead to.

use super::line::{Happened, Line};
use crate::clock::SECOND;
use crate::phone::Event;
use crate::sip::dialog::SessionId;
use tokio::sync::watch;

/// How long a robot lets it ring.
const RINGS: u64 = SECOND;

/// What a robot does, told as it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Its phone is registered.
    Registered,
    /// It was refused, with this status.
    Refused(u16),
    /// It rings.
    Rings,
    /// It answered.
    Answers,
    /// The call is over.
    Over,
}

/// One robot on its line. One call at a time; a second one is busy.
pub async fn run(mut line: Line, registers: bool, mut stop: watch::Receiver<bool>, tell: impl Fn(Deed)) {
    if registers {
        line.register();
    }
    let mut call: Option<(SessionId, Option<u64>)> = None;
    loop {
        let answer_at = call.and_then(|(_, at)| at);
        let until = answer_at.unwrap_or(line.now().mono + 3600 * SECOND);
        let happened = tokio::select! {
            happened = line.next(until) => happened,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match happened {
            Some(Happened::Phone(event)) => {
                if let Some(deed) = take(event, &mut line, &mut call) {
                    tell(deed);
                }
            }
            Some(_) => {}
            None => {
                if let Some((session, at @ Some(_))) = &mut call {
                    *at = None;
                    line.answer(*session);
                    tell(Deed::Answers);
                }
            }
        }
    }
    farewell(line, registers, call).await;
}

fn take(event: Event, line: &mut Line, call: &mut Option<(SessionId, Option<u64>)>) -> Option<Deed> {
    match event {
        Event::Registered => Some(Deed::Registered),
        Event::RegisterFailed { status } => Some(Deed::Refused(status)),
        Event::Incoming { call: session, .. } if call.is_none() => {
            line.ring(session);
            *call = Some((session, Some(line.now().mono + RINGS)));
            Some(Deed::Rings)
        }
        Event::Incoming { call: session, .. } => {
            line.busy(session);
            None
        }
        Event::Ended { call: session, .. } | Event::Failed { call: session, .. } => {
            call.take_if(|(s, _)| *s == session).map(|_| Deed::Over)
        }
        Event::Replacing { call: session, replaced } => {
            if let Some(at) = call.take_if(|(s, _)| *s == replaced) {
                *call = Some((session, at.1));
            }
            None
        }
        Event::Progress { .. }
        | Event::Media { .. }
        | Event::Connected { .. }
        | Event::Refer { .. }
        | Event::Referred { .. }
        | Event::Notified { .. }
        | Event::Key { .. } => None,
    }
}

async fn farewell(mut line: Line, registered: bool, call: Option<(SessionId, Option<u64>)>) {
    if let Some((session, _)) = call {
        line.hang_up(session);
    }
    if registered {
        line.unregister();
    }
    let until = line.now().mono + SECOND / 5;
    while line.next(until).await.is_some() {}
}
