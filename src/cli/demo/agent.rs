//! A robot at a seat of the hall: it answers, talks, brings others in by its keys and REFER, and dials the codes of its day's duty.

use super::duty::{Deed, Duty, deeds};
use super::mix::between;
use super::post::Post;
use super::served::{Served, number};
use crate::clock::SECOND;
use crate::phone::Event;
use crate::sip::dialog::SessionId;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::watch;

/// A code that the daemon has not answered in this time is given up, µs.
const CODE: u64 = 8 * SECOND;
/// Between two things that an agent dials, and after a talk, µs.
const BREATH: u64 = SECOND;

/// An agent.
#[derive(Debug)]
pub struct Agent {
    post: Post,
    duty: Duty,
    dice: ChaCha8Rng,
    served: Rc<Served>,
    talk: Option<Talk>,
    /// The code that is being dialled, and when it is given up.
    code: Option<(SessionId, u64)>,
    /// What is dialled next, and when.
    next: Option<(u64, String)>,
}

#[derive(Debug)]
struct Talk {
    session: SessionId,
    caller: Option<String>,
    /// What is to be done, and when: the answer first.
    steps: VecDeque<(u64, Step)>,
}

#[derive(Debug)]
enum Step {
    Answer,
    Do(Deed),
}

impl Agent {
    /// At this telephone.
    #[must_use]
    pub fn new(post: Post, duty: Duty, dice: ChaCha8Rng, served: Rc<Served>) -> Self {
        Self { post, duty, dice, served, talk: None, code: None, next: None }
    }

    /// Works until it is told to stop; `refused` hears the status of a registration that failed.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>, refused: impl Fn(u16)) {
        self.post.register();
        loop {
            let until = self.due().unwrap_or(self.post.now().mono + 3600 * SECOND);
            let event = tokio::select! {
                event = self.post.next(until) => event,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match event {
                Some(Event::RegisterFailed { status }) => refused(status),
                Some(event) => self.take(event),
                None => self.act(),
            }
        }
        self.post.close().await;
    }

    /// When there is something to do, µs.
    fn due(&self) -> Option<u64> {
        if let Some((_, at)) = self.code {
            return Some(at);
        }
        match &self.talk {
            Some(talk) => talk.steps.front().map(|(at, _)| *at),
            None => self.next.as_ref().map(|(at, _)| *at),
        }
    }

    /// Does what is due.
    fn act(&mut self) {
        let now = self.post.now().mono;
        if let Some((session, _)) = self.code.take_if(|(_, at)| *at <= now) {
            self.post.hang_up(session);
            self.coded();
        } else if let Some(talk) = self.talk.as_mut().filter(|_| self.code.is_none()) {
            if let Some((_, step)) = talk.steps.pop_front_if(|(at, _)| *at <= now) {
                self.step(step);
            }
        } else if let Some((_, code)) = self.next.take_if(|(at, _)| *at <= now) {
            self.code = Some((self.post.dial(&code), now + CODE));
        }
    }

    fn step(&mut self, step: Step) {
        let Some(talk) = &mut self.talk else { return };
        match step {
            Step::Answer => {
                self.post.answer(talk.session);
                talk.caller.iter().for_each(|caller| self.served.note(caller));
                let now = self.post.now().mono;
                talk.steps = deeds(&mut self.dice).into_iter().map(|(at, deed)| (now + at, Step::Do(deed))).collect();
            }
            Step::Do(Deed::Keys(keys)) => self.post.press(talk.session, &keys),
            Step::Do(Deed::Refer(number)) => self.post.refer(talk.session, number),
            Step::Do(Deed::Hold(held)) => self.post.hold(talk.session, held),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Registered if self.next.is_none() && self.code.is_none() => self.plan(0),
            Event::Incoming { call: session, from } if self.talk.is_none() => {
                self.post.ring(session);
                let answer_at = self.post.now().mono + between(0.8, 2.5, &mut self.dice);
                let steps = VecDeque::from([(answer_at, Step::Answer)]);
                self.talk = Some(Talk { session, caller: number(&from), steps });
            }
            Event::Incoming { call: session, .. } => self.post.busy(session),
            Event::Ended { call: session, .. } | Event::Failed { call: session, .. } => self.over(session),
            Event::Replacing { call: session, replaced } => {
                if let Some(talk) = self.talk.as_mut().filter(|talk| talk.session == replaced) {
                    talk.session = session;
                }
            }
            _ => {}
        }
    }

    fn over(&mut self, session: SessionId) {
        if self.code.take_if(|(code, _)| *code == session).is_some() {
            self.coded();
        }
        if self.talk.take_if(|talk| talk.session == session).is_some() {
            let rested = self.post.now().mono + BREATH;
            self.next.iter_mut().for_each(|(at, _)| *at = rested.max(*at));
        }
    }

    /// A code has been dialled and carried out, or not: its day goes on.
    fn coded(&mut self) {
        self.plan(BREATH);
    }

    fn plan(&mut self, breath: u64) {
        let (wait, code) = self.duty.next();
        self.next = Some((self.post.now().mono + breath.max(wait), code));
    }
}
