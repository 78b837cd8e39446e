//! One cell played: the scene up to its step, what happens there, and what comes of it.

use super::axes::{Cell, Step, Way, What};
use super::books;
use super::scene::{PATIENCE, SOON, Scene};
use super::table::{End, Expected, expected};
use crate::support::wire::{Fate, Rule};
use switchboard::clock::SECOND;
use switchboard::fact::{self, Cause, Fact, Target, TransferResult};
use switchboard::id::LegRef;

impl Scene {
    fn ends(&mut self, wanted: &Expected) {
        if wanted.second {
            self.target = self.second.expect("a second trunk");
        }
        if wanted.end == End::Served {
            self.spare = Some(self.town.seat("8003", SOON));
        }
        // Once it is served the caller may be back with the very seat that was the target.
        if wanted.end == End::Served && !self.cell.kind.is_trunk() && !self.is_dead(self.target) {
            self.town.set_manner(self.target, SOON);
        }
        let end = wanted.end;
        self.becomes(PATIENCE, &format!("{end:?}"), |s| s.is_at(end));
        for _ in 0..4 {
            self.runs(1.0);
            assert!(self.is_at(end), "it did not stay at {end:?}");
        }
        assert_eq!(self.town.transfers(), wanted.transfers, "what the transfer came to");
        // That the hall stands empty when its only seat is lost is told too, and is about no call.
        let of_hall = |subject: &str| subject == "group main";
        let alarm = |f: &fact::Event| matches!(&f.fact, Fact::Alarm { subject, .. } if !of_hall(subject));
        let alarm = self.town.facts.iter().any(alarm);
        assert!(alarm || !wanted.alarm, "no alarm");
        assert_eq!(alarm, self.trunk_failed(), "an alarm");
    }

    /// An emergency trunk could not be had: not one that was given up because nobody wanted it any more.
    fn trunk_failed(&self) -> bool {
        let emergency = |leg: LegRef| {
            self.town.facts.iter().any(|f| match &f.fact {
                Fact::LegTried { leg: tried, target: Target::Trunk { trunk, .. }, .. } => {
                    *tried == leg && trunk.as_str().starts_with("emergency")
                }
                _ => false,
            })
        };
        self.town.facts.iter().any(|f| match f.fact {
            Fact::LegFailed { leg, cause, .. } => {
                emergency(leg) && !matches!(cause, Cause::Normal | Cause::CallerGone | Cause::Elsewhere)
            }
            _ => false,
        })
    }

    /// Everything under a wire that is bad for one of them, from the order to the end.
    fn whole(&mut self) {
        let at = self.town.address(self.party());
        match self.cell.what {
            What::Storm => self.both_ways(Fate::Thrice),
            What::Slow => self.both_ways(Fate::Late(SECOND)),
            What::FirstLost => self.both_ways(Fate::FirstLost),
            What::AckLost => self.town.rule(Rule::to(at, "ACK ", Fate::Lost).once()),
            _ => self.town.rule(Rule::to(at, "ACK ", Fate::Lost)),
        }
        self.asks();
        self.becomes(10.0, "the target rings", |s| s.town.rings(s.target));
        self.runs(2.0);
        self.joins();
        self.runs(3.0);
        if self.cell.what == What::NoAck {
            return;
        }
        self.leaves();
        self.runs(5.0);
        self.hangs_up(self.citizen);
    }

    fn both_ways(&mut self, fate: Fate) {
        let at = self.town.address(self.party());
        self.town.rule(Rule::from(at, "", fate));
        self.town.rule(Rule::to(at, "", fate));
    }

    fn plays(&mut self) {
        let wanted = expected(&self.cell);
        if self.cell.step == Step::Whole {
            self.whole();
        } else {
            self.reaches();
            let after = self.happens();
            if wanted.end == End::Served && self.spare.is_none() {
                self.runs(0.5);
            }
            if let Some(after) = after {
                self.until(after, |_| false);
                if self.town.rings(self.target) && !self.is_dead(self.target) {
                    self.town.answers(self.target);
                }
            }
            if self.cell.what == What::Hush {
                self.runs(12.0);
            }
            if matches!(self.cell.what, What::Hold | What::Glare) {
                self.runs(3.0);
                if !self.town.idle(self.party()) {
                    self.town.holds(self.party(), false);
                }
            }
        }
        self.ends(&wanted);
        self.reported(&wanted);
        self.town.forget_rules();
        for (who, _) in self.dead.clone() {
            self.dies(who);
        }
        books::close(self);
    }

    /// A phone that asked by REFER, and is still in the call or was until we took it out, is told how that ended.
    fn reported(&self, wanted: &Expected) {
        let here = matches!(self.cell.what, What::Refuses(_) | What::Hold | What::NoAnswer | What::Mute | What::Cancel);
        if self.cell.way != Way::Refer || !here {
            return;
        }
        let status = match wanted.transfers[0] {
            (TransferResult::Joined, _) => 200,
            (TransferResult::Failed, Some(cause)) => switchboard::call::cause::to_sip(cause).0,
            _ => 487,
        };
        let at = self.town.address(self.agent);
        let told = self.town.sent.iter().rev().find(|(f, b)| f.peer == at && b.starts_with(b"NOTIFY"));
        let told = told.map(|(_, b)| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        assert!(told.contains(&format!("\r\n\r\nSIP/2.0 {status} ")), "the last NOTIFY says {told}, not {status}");
    }
}

/// Plays one cell and gives its facts; panics with the reason if anything in it is not as it must be.
pub fn play(cell: Cell, seed: u64) -> Vec<fact::Event> {
    let mut scene = Scene::new(cell, seed);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scene.plays()));
    if let Err(why) = ended {
        let why = why.downcast_ref::<String>().cloned().or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let heard: Vec<_> = scene.all().map(|p| (scene.town.hears(p), scene.town.has_call(p))).into();
        let trace = scene.town.trace.join("\n");
        panic!(
            "{trace}\n  at {} ms, hear: {heard:?}\n  transfers {:?}\n{}",
            scene.town.now.mono / 1000,
            scene.town.transfers(),
            why.unwrap_or_default()
        );
    }
    scene.town.facts
}
