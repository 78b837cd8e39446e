//! What the exchange is given, and what it wants done.

use super::command::{Answer, Command};
use crate::call::Snapshot;
use crate::fact::{self, Fact};
use crate::id::TrunkId;
use crate::patch;
use crate::sip::flow::Flow;
use crate::sip::locate::Target;
use bytes::Bytes;
use std::net::IpAddr;
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
    /// Where the names of a trunk lead from now on (RFC 3263).
    Located {
        /// The trunk.
        trunk: TrunkId,
        /// Every one that is known, those given by address too.
        targets: Vec<Target>,
    },
    /// The addresses of the names that a trunk calls from; a port where one is written.
    Sources {
        /// The trunk.
        trunk: TrunkId,
        /// Every one.
        addresses: Vec<(IpAddr, Option<u16>)>,
    },
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
