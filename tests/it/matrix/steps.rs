//! The way to a cell's step: the agent asks, the target rings, answers, the agent leaves; at each, who hears whom.

use super::axes::{Step, Way, What, Who};
use super::scene::{CROSSING, Scene};
use super::table::End;
use crate::support::graph::Heard;
use crate::support::wire::{Fate, Rule};
use switchboard::clock::SECOND;
use switchboard::exchange::Command;
use switchboard::fact::{self, Brief, Fact};

impl Scene {
    /// The agent asks.
    pub fn asks(&mut self) {
        let number = self.cell.kind.number();
        match self.cell.way {
            Way::Key => self.town.presses(self.agent, &format!("*1{number}")),
            Way::Refer => self.town.refers(self.agent, number, false),
            Way::Consult => {
                let call = self.town.facts.iter().rev().find_map(|f| f.call).expect("a call");
                let way = fact::Way::Consult;
                let (brief, by) = (Brief::default(), String::new());
                self.town.asks(Command::Transfer { call, to: number.into(), way, brief, by });
            }
        }
        let asked = |s: &Self| s.town.facts.iter().any(|f| matches!(f.fact, Fact::TransferAsked { .. }));
        // No time passes but the REFER's own.
        let end = self.town.now.mono + 10 * SECOND;
        while !asked(self) {
            assert!(self.town.now.mono < end, "nobody has been asked for");
            self.town.until(10, |t| t.facts.iter().any(|f| matches!(f.fact, Fact::TransferAsked { .. })));
        }
    }

    fn rings(&mut self) {
        self.becomes(10.0, "the target rings", |s| s.town.rings(s.target));
        self.runs(1.0);
        let (mut caller, mut agent) = (vec![self.agent], vec![self.citizen]);
        if self.cell.consults() {
            (caller, agent) = (Vec::new(), Vec::new());
            assert_eq!(
                self.town.hears(self.citizen),
                Heard::Prompt("music/hold".into()),
                "the caller of a consultation"
            );
        }
        let beside = if self.cell.step == Step::Early {
            agent.push(self.target);
            None
        } else {
            Some("Ringback".to_owned())
        };
        let all = self.all();
        assert_eq!(self.town.hears_of(self.citizen, &all), caller, "whom the caller hears while it rings");
        assert_eq!(self.town.hears_of(self.agent, &all), agent, "whom the agent hears while it rings");
        assert_eq!(self.town.beside(self.agent), beside, "what the agent hears while it rings");
    }

    /// The target answers.
    pub fn joins(&mut self) {
        self.town.answers(self.target);
        let end = if self.cell.leaves_on_answer() {
            End::CallerTarget
        } else if self.cell.consults() {
            End::Consulting
        } else {
            End::Three
        };
        self.becomes(5.0, "joined", |s| s.is_at(end));
    }

    /// The agent leaves the others alone.
    pub fn leaves(&mut self) {
        if !self.cell.leaves_on_answer() {
            self.town.presses(self.agent, "*2");
        }
        self.becomes(5.0, "the agent has left", |s| s.is_at(End::CallerTarget));
    }

    /// Up to the step.
    pub fn reaches(&mut self) {
        let target = self.town.address(self.target);
        if self.cell.step == Step::Early {
            self.town.rule(Rule::from(target, "SIP/2.0 180", Fate::Early(self.town.rtp(self.target))));
        }
        if self.cell.what == What::Glare {
            self.town.rule(Rule::from(target, "", Fate::NoUpdate));
        }
        self.asks();
        if self.cell.step == Step::Asked {
            return;
        }
        self.rings();
        match self.cell.step {
            Step::Before => {
                self.town.rule(Rule::from(target, "SIP/2.0 200", Fate::Late(CROSSING)).once());
                self.town.answers(self.target);
            }
            Step::Behind => {
                self.town.answers(self.target);
                let keys = matches!(self.cell.what, What::Cancel | What::Leave);
                if keys || self.cell.who == Who::Target {
                    self.town.runs(0.002);
                } else {
                    let party = self.town.address(self.party());
                    self.town.rule(Rule::from(party, "", Fate::Late(CROSSING)).once());
                }
            }
            Step::Joined => self.joins(),
            Step::Left => {
                self.joins();
                self.runs(1.0);
                self.leaves();
            }
            Step::Asked | Step::Ringing | Step::Early | Step::Whole => {}
        }
        if matches!(self.cell.step, Step::Joined | Step::Left) {
            self.runs(1.0);
        }
    }
}
