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
pub enum Action {
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
pub async fn run(mut line: Line, registers: bool, mut stop: watch::Receiver<bool>, tell: impl Fn(Action)) {
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
                if let Some(action) = take(event, &mut line, &mut call) {
                    tell(action);
                }
            }
            Some(_) => {}
            None => {
                if let Some((session, at @ Some(_))) = &mut call {
                    *at = None;
                    line.answer(*session);
                    tell(Action::Answers);
                }
            }
        }
    }
    hang_up(line, registers, call).await;
}

fn take(event: Event, line: &mut Line, call: &mut Option<(SessionId, Option<u64>)>) -> Option<Action> {
    match event {
        Event::Registered => Some(Action::Registered),
        Event::RegisterFailed { status } => Some(Action::Refused(status)),
        Event::Incoming { call: session, .. } if call.is_none() => {
            line.ring(session);
            *call = Some((session, Some(line.now().mono + RINGS)));
            Some(Action::Rings)
        }
        Event::Incoming { call: session, .. } => {
            line.busy(session);
            None
        }
        Event::Ended { call: session, .. } | Event::Failed { call: session, .. } => {
            call.take_if(|(s, _)| *s == session).map(|_| Action::Over)
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

async fn hang_up(mut line: Line, registered: bool, call: Option<(SessionId, Option<u64>)>) {
    if let Some((session, _)) = call {
        line.hang_up(session);
    }
    if registered {
        line.unregister();
    }
    let until = line.now().mono + SECOND / 5;
    while line.next(until).await.is_some() {}
}
