//! What the exchange is given, and what it wants done.

use super::command::{Answer, Command};
use crate::call::Snapshot;
use crate::fact::{self, Fact};
use crate::patch;
use crate::sip::flow::Flow;
use bytes::Bytes;
use std::sync::Arc;

/// What the exchange is given.
#[derive(Debug)]
pub enum Input {
    /// A SIP message, framed.
    Message(Flow, Bytes),
    /// Who is at the other end of this connection has proved to be these (RFC 5922 §7).
    Proved(Flow, Arc<[String]>),
    /// A connection is lost, or a message could not be delivered by this flow.
    FlowFailed(Flow),
    /// The same, by a page that has gone and with it its telephone.
    FlowLeft(Flow),
    /// From a media thread.
    Media(patch::Event),
    /// From an operator.
    Command {
        /// Comes back with the answer.
        id: u64,
        /// What is asked.
        command: Command,
    },
    /// A plan and its prompts are put in force; live calls keep theirs. With it comes the fact that says who did it and why.
    Plan(Arc<Snapshot>, Fact),
    /// [`super::Exchange::deadline`] has come.
    Due,
}

/// What the exchange wants done, in this order: facts are written before the datagrams they explain leave.
#[derive(Debug)]
pub enum Output {
    /// Write this down.
    Fact(fact::Event),
    /// Send this.
    Send(Flow, Bytes),
    /// For the media thread that owns the port.
    Media(patch::Command),
    /// The answer to a command.
    Answer {
        /// Of the command.
        id: u64,
        /// What is answered.
        answer: Answer,
    },
}
