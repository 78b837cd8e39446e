//! The figures once more, from the raw facts and as simply as their sentences: what the folds are held against.

use crate::fact::{Cause, Event, Fact, Outcome, Party, Service, Target};
use crate::id::{CallRef, LegRef};

/// One call as its facts tell it.
#[derive(Debug, Clone)]
pub struct Told {
    pub line: String,
    pub province: bool,
    pub service: Option<Service>,
    pub t0: i64,
    pub t1: Option<i64>,
    pub t2: Option<i64>,
    pub end: i64,
    pub outcome: Outcome,
    pub visits: Vec<ToldVisit>,
    pub legs: Vec<ToldLeg>,
    pub asked: u64,
    pub joined: u64,
    pub grade: Option<(u8, Option<bool>)>,
}

/// One visit to a queue.
#[derive(Debug, Clone)]
pub struct ToldVisit {
    pub group: String,
    pub at: i64,
    pub end: i64,
    pub how: &'static str,
    pub talk: i64,
}

/// One leg sent out.
#[derive(Debug, Clone)]
pub struct ToldLeg {
    pub leg: LegRef,
    pub seat: Option<String>,
    pub at: i64,
    pub answered: Option<i64>,
    pub connected: Option<i64>,
    pub end: Option<i64>,
    pub cause: Option<Cause>,
    pub by: Option<Party>,
}

/// Every call that has ended.
pub fn calls(events: &[Event]) -> Vec<Told> {
    let mut found = Vec::new();
    let mut refs: Vec<CallRef> = events.iter().filter_map(|e| e.call).collect();
    refs.sort_unstable();
    refs.dedup();
    for call in refs {
        let own: Vec<&Event> = events.iter().filter(|e| e.call == Some(call)).collect();
        found.extend(told(&own));
    }
    found
}

fn told(own: &[&Event]) -> Option<Told> {
    let first = own.first()?;
    let Fact::CallOffered { dialled, caller, .. } = &first.fact else { return None };
    let last = own.iter().find(|e| matches!(e.fact, Fact::CallEnded { .. }))?;
    let Fact::CallEnded { outcome, by, .. } = last.fact else { return None };
    let routed = own.iter().find_map(|e| match &e.fact {
        Fact::CallRouted { entry, service, .. } => Some((entry.clone(), *service)),
        _ => None,
    });
    let legs = legs(own);
    let human = own.iter().find(|e| matches!(e.fact, Fact::Queued { .. } | Fact::LegTried { .. })).map(|e| e.at);
    let hub = dialled == "12345";
    let t1 = if hub && (human.is_some() || routed.is_some()) { Some(first.at) } else { human };
    let talks = legs.iter().filter(|l| l.connected.is_some());
    let t2 = talks.min_by_key(|l| l.connected).and_then(|l| l.answered.or(l.connected));
    let line = match &routed {
        Some((_, Service::Refused)) => "other".to_owned(),
        Some((entry, _)) if entry.starts_with("seat.") => "other".to_owned(),
        Some((entry, _)) => entry.split_once('.').map_or("other", |(_, number)| number).to_owned(),
        None if hub => "12345".to_owned(),
        None => "other".to_owned(),
    };
    let asked = own.iter().filter(|e| matches!(e.fact, Fact::TransferAsked { .. })).count() as u64;
    let joined =
        |e: &&&Event| matches!(e.fact, Fact::TransferEnded { result: crate::fact::TransferResult::Joined, .. });
    Some(Told {
        line,
        province: !caller.starts_with("0591"),
        service: routed.map(|(_, service)| service),
        t0: first.at,
        t1,
        t2,
        end: last.at,
        outcome,
        visits: visits(own, &legs, last.at, by),
        legs,
        asked,
        joined: own.iter().filter(joined).count() as u64,
        grade: own.iter().find_map(|e| match e.fact {
            Fact::Surveyed { grade, solved } => Some((grade, solved)),
            _ => None,
        }),
    })
}

fn legs(own: &[&Event]) -> Vec<ToldLeg> {
    let mut legs = Vec::new();
    for event in own {
        let Fact::LegTried { leg, target, agent } = &event.fact else { continue };
        let seat = match target {
            Target::Seat(seat) => Some(agent.as_ref().map_or_else(|| seat.to_string(), ToString::to_string)),
            Target::Trunk { .. } => None,
        };
        let at = |wanted: fn(&Fact) -> Option<LegRef>| own.iter().find(|e| wanted(&e.fact) == Some(*leg)).map(|e| e.at);
        let answered = at(|f| if let Fact::LegAnswered { leg } = f { Some(*leg) } else { None });
        let connected = at(|f| if let Fact::Connected { leg } = f { Some(*leg) } else { None });
        let over = own.iter().find_map(|e| match &e.fact {
            Fact::LegFailed { leg: l, cause, .. } if l == leg => Some((e.at, *cause, None)),
            Fact::LegEnded { leg: l, cause, by } if l == leg => Some((e.at, *cause, Some(*by))),
            _ => None,
        });
        let (end, cause, by) = (over.map(|o| o.0), over.map(|o| o.1), over.and_then(|o| o.2));
        legs.push(ToldLeg { leg: *leg, seat, at: event.at, answered, connected, end, cause, by });
    }
    legs
}

fn visits(own: &[&Event], legs: &[ToldLeg], over: i64, by: Party) -> Vec<ToldVisit> {
    let mut visits = Vec::new();
    for (place, event) in own.iter().enumerate() {
        let Fact::Queued { group } = &event.fact else { continue };
        let next = own.iter().skip(place + 1).find(|e| match &e.fact {
            Fact::Overflowed { group: left, .. } => left == group,
            Fact::Connected { .. } => true,
            _ => false,
        });
        let (end, how) = match next.map(|e| (e.at, &e.fact)) {
            Some((at, Fact::Connected { .. })) => (at, "answered"),
            Some((at, _)) => (at, "overflowed"),
            None if by == Party::Caller => (over, "abandoned"),
            None => (over, "ended"),
        };
        let who = match next.map(|e| &e.fact) {
            Some(Fact::Connected { leg }) => legs.iter().find(|l| l.leg == *leg),
            _ => None,
        };
        let talk = who.map_or(0, |l| l.end.unwrap_or(over) - end);
        visits.push(ToldVisit { group: group.to_string(), at: event.at, end, how, talk });
    }
    visits
}

impl Told {
    /// Who had the caller last, if anybody did.
    pub fn last(&self) -> Option<&ToldLeg> {
        self.legs.iter().filter(|l| l.connected.is_some()).max_by_key(|l| l.connected)
    }

    /// Product §7: hotline calls with t1, and those that we failed before it.
    pub fn offered(&self) -> bool {
        let failed =
            [Outcome::Shed, Outcome::Failed, Outcome::Interrupted, Outcome::Unreachable].contains(&self.outcome);
        match self.service {
            None => failed,
            Some(Service::Hotline) => failed || self.t1.is_some(),
            Some(_) => false,
        }
    }
}
