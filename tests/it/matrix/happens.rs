//! What happens in a cell.

use super::axes::{Kind, Step, What, Who};
use super::scene::{CROSSING, PATIENCE, SOON, Scene};
use super::table::End;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::{Fate, Rule};
use switchboard::fact::{self, Fact};

impl Scene {
    pub fn hangs_up(&mut self, who: Party) {
        self.gone |= who == self.citizen;
        if who == self.agent {
            // Whoever has hung up is not at his desk for the next call, though the floor thinks so.
            self.town.set_manner(who, Manner::Refuses(486));
        }
        self.town.hangs_up(who);
    }

    pub fn dies(&mut self, who: Party) {
        self.town.cuts(who);
        self.dead.push((who, self.town.now.mono));
    }

    /// What happens in this cell. Whether the target still answers afterwards, and after how many seconds.
    pub fn happens(&mut self) -> Option<f64> {
        let who = self.party();
        match self.cell.what {
            What::Bye | What::Overtaken | What::ByeRefused | What::ByeBye | What::ByeTogether | What::ByeCancel => {
                return self.goes(who);
            }
            What::Refuses(_) | What::Mute | What::Unreachable | What::NoAnswer | What::Late | What::OneOfTwo => {
                self.fails(who);
                return None;
            }
            What::Hush => self.hushed = Some((who, self.town.now.mono)),
            What::Onward => self.onward(who),
            What::Glitch => self.town.is_unreachable(who),
            What::ByeHelped => self.helped(),
            What::Again => {
                self.town.presses(self.agent, "*112360");
                self.runs(1.0);
                self.asks_by_refer();
            }
            What::Dies => self.dies(who),
            What::DiesLong => {
                self.dies(who);
                return Some(15.0);
            }
            What::FlowLost => {
                self.dies(who);
                self.town.is_unreachable(who);
            }
            What::Cancel => self.town.presses(self.agent, "*3"),
            What::Leave => self.town.presses(self.agent, "*2"),
            What::Back => self.town.presses(self.agent, "*0"),
            What::Swap => self.swaps(),
            What::Hold => self.town.holds(who, true),
            What::Glare => self.glares(who),
            What::Storm | What::Slow | What::FirstLost | What::AckLost | What::NoAck => {}
        }
        Some(2.0)
    }

    /// Somebody hangs up, and perhaps somebody else does.
    fn goes(&mut self, who: Party) -> Option<f64> {
        if self.cell.what == What::Overtaken {
            let agent = self.town.address(self.agent);
            self.town.rule(Rule::to(agent, "BYE ", Fate::Late(CROSSING)).once());
        }
        self.hangs_up(who);
        match self.cell.what {
            What::ByeRefused => {
                self.becomes(5.0, "it rings at the target", |s| s.town.rings(s.target) || s.cell.step == Step::Before);
                self.runs(1.0);
                self.town.rejects(self.target, 486);
            }
            What::ByeBye => {
                self.runs(1.0);
                self.hangs_up(if who == self.agent { self.citizen } else { self.agent });
            }
            What::ByeCancel => {
                self.runs(1.0);
                self.town.presses(self.agent, "*3");
            }
            What::ByeTogether => self.hangs_up(match self.cell.who {
                Who::Caller => self.agent,
                Who::Agent => self.target,
                Who::Target => self.citizen,
            }),
            _ => return (self.cell.who != Who::Target).then_some(2.0),
        }
        None
    }

    /// The target cannot be had.
    fn fails(&mut self, who: Party) {
        match self.cell.what {
            What::Refuses(status) if self.cell.step == Step::Asked => {
                self.town.set_manner(who, Manner::Refuses(status));
            }
            What::Refuses(status) => self.town.rejects(who, status),
            What::Mute => self.town.set_manner(who, Manner::Dead),
            What::Unreachable => {
                self.town.set_manner(who, Manner::Dead);
                self.town.is_unreachable(who);
            }
            What::OneOfTwo => {
                let number = if self.cell.kind == Kind::Kept { "8052" } else { "8003" };
                let colleague = self.town.seat(number, SOON);
                self.runs(0.5);
                self.town.rejects(who, 486);
                self.town.set_manner(who, Manner::Refuses(486));
                self.target = colleague;
            }
            What::Late => {
                let at = self.town.address(who);
                let read = self.town.sent.len();
                let given_up = |t: &Town| t.sent[read..].iter().any(|(f, b)| f.peer == at && b.starts_with(b"CANCEL"));
                self.becomes(PATIENCE, "given up", |s| given_up(&s.town));
                // The answer had left before the CANCEL came: the wire has it.
                if self.town.rings(who) {
                    self.town.answers(who);
                }
            }
            _ => {}
        }
    }

    /// His phone's transfer key, while somebody is being brought in: refused, whoever asked first.
    fn asks_by_refer(&mut self) {
        self.town.refers(self.agent, "12360", false);
        self.runs(0.5);
        let asked = |f: &&fact::Event| matches!(f.fact, Fact::TransferAsked { .. });
        assert_eq!(self.town.facts.iter().filter(asked).count(), 1, "only one is brought in at a time");
    }

    /// The target is the one who brings somebody in now.
    fn onward(&mut self, who: Party) {
        let next = self.town.trunk(21, SOON);
        if self.cell.kind.is_trunk() {
            self.town.refers(who, "12360", false);
        } else {
            self.town.presses(who, "*112360");
        }
        self.runs(2.0);
        if !self.cell.kind.may_transfer() {
            assert!(self.town.idle(next), "this trunk may not transfer");
            return;
        }
        if !self.cell.kind.is_trunk() {
            self.town.presses(who, "*2");
        }
        self.target = next;
        self.becomes(5.0, "the first target has left", |s| s.town.idle(who) && s.is_at(End::CallerTarget));
    }

    /// Another agent takes care of the caller while the emergency line rings.
    fn helped(&mut self) {
        let spare = self.town.seat("8003", SOON);
        self.runs(0.5);
        self.hangs_up(self.agent);
        self.becomes(5.0, "the caller talks to the free seat", |s| {
            s.town.hears_of(s.citizen, &[spare]) == [spare] && s.town.hears_of(spare, &[s.citizen]) == [s.citizen]
        });
        self.agent = spare;
    }

    fn swaps(&mut self) {
        self.town.presses(self.agent, "*4");
        self.runs(1.0);
        let with_caller = self.cell.consults();
        let (one, other) = if with_caller { (self.citizen, self.target) } else { (self.target, self.citizen) };
        assert!(self.town.talk(self.agent, one), "the agent talks to the one");
        assert!(self.town.hears_of(other, &self.all()).is_empty(), "and the other hears neither");
        self.town.presses(self.agent, "*4");
        self.runs(1.0);
        assert!(self.town.talk(self.agent, other), "then to the other");
        // Back to where it began, as far as keys lead there.
        self.town.presses(self.agent, "*2");
    }

    /// Holds us in the instant in which our refresh is under way.
    fn glares(&mut self, who: Party) {
        let at = self.town.address(who);
        let read = self.town.sent.len();
        let found = |t: &Town| t.sent[read..].iter().any(|(f, b)| f.peer == at && b.starts_with(b"INVITE"));
        assert!(self.town.until(1_000, found), "no re-INVITE of ours to cross");
        self.town.holds(who, true);
        self.runs(20.0);
        let refused = self.town.trace.iter().filter(|l| l.contains("SIP/2.0 491")).count();
        assert!(refused >= 1, "the two re-INVITEs did not cross");
        assert!(self.holds(who), "the hold came in the end");
    }
}
