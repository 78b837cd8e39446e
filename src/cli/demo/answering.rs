//! Robots that answer and speak: the seats of a quiet demo, which register, and the exchanges that trunks lead to.

use super::post::Post;
use super::served::{Served, number};
use crate::clock::SECOND;
use crate::phone::Event;
use crate::sip::dialog::SessionId;
use std::rc::Rc;
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

/// One robot: a seat has one call at a time, an exchange many.
#[derive(Debug)]
pub struct Robot {
    post: Post,
    registers: bool,
    most: usize,
    served: Rc<Served>,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    session: SessionId,
    /// When it is answered, µs; `None` when it has been.
    answer_at: Option<u64>,
    caller: Option<String>,
}

impl Robot {
    /// At this telephone; a seat registers. More than `most` calls at a time are busy.
    #[must_use]
    pub fn new(post: Post, registers: bool, most: usize, served: Rc<Served>) -> Self {
        Self { post, registers, most, served, calls: Vec::new() }
    }

    /// Answers until it is told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>, tell: impl Fn(Action)) {
        if self.registers {
            self.post.register();
        }
        loop {
            let answer_at = self.calls.iter().filter_map(|call| call.answer_at).min();
            let until = answer_at.unwrap_or(self.post.now().mono + 3600 * SECOND);
            let event = tokio::select! {
                event = self.post.next(until) => event,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match event {
                Some(event) => self.take(event).into_iter().for_each(&tell),
                None => (0..self.answer()).for_each(|_| tell(Action::Answers)),
            }
        }
        self.post.leave().await;
    }

    /// Answers whoever has rung long enough; how many.
    fn answer(&mut self) -> usize {
        let now = self.post.now().mono;
        let due = self.calls.iter_mut().filter(|call| call.answer_at.is_some_and(|at| at <= now));
        let mut answered = 0;
        for call in due {
            call.answer_at = None;
            self.post.answer(call.session);
            call.caller.iter().for_each(|caller| self.served.note(caller));
            answered += 1;
        }
        answered
    }

    fn take(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Registered => Some(Action::Registered),
            Event::RegisterFailed { status } => Some(Action::Refused(status)),
            Event::Incoming { call: session, from } if self.calls.len() < self.most => {
                self.post.ring(session);
                let answer_at = Some(self.post.now().mono + RINGS);
                self.calls.push(Call { session, answer_at, caller: number(&from) });
                Some(Action::Rings)
            }
            Event::Incoming { call: session, .. } => {
                self.post.busy(session);
                None
            }
            Event::Ended { call: session, .. } | Event::Failed { call: session, .. } => {
                let at = self.calls.iter().position(|call| call.session == session)?;
                self.calls.swap_remove(at);
                Some(Action::Over)
            }
            Event::Replacing { call: session, replaced } => {
                let call = self.calls.iter_mut().find(|call| call.session == replaced)?;
                (call.session, call.answer_at) = (session, None);
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
}
