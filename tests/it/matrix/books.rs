//! After each cell: nothing is left, every leg, transfer and call has ended once, the books have one record a caller, and the floor
//! serves the next one.

use super::scene::Scene;
use crate::support::town::Manner;
use std::collections::BTreeMap;
use switchboard::fact::{Event, Fact};
use switchboard::id::{LegRef, SeatId};
use switchboard::ledger::{Fold, Settings};

/// Everybody goes home, and the next caller comes.
pub fn close(scene: &mut Scene) {
    scene.town.goes_home();
    // Phones that registered anew just now have their own.
    let free = |t: &mut crate::support::town::Town| {
        t.runs(40.0);
        t.exchange.held().1 == 0
    };
    assert!((0..3).any(|_| free(&mut scene.town)), "transactions are left");
    ends_once(&scene.town.facts);
    books(&scene.town.facts);
    seats(&scene.town.facts);
    next_caller(scene);
}

/// One end for each leg that was sent out, and for each transfer.
fn ends_once(facts: &[Event]) {
    let mut legs: BTreeMap<LegRef, i32> = BTreeMap::new();
    let mut transfers: BTreeMap<u32, i32> = BTreeMap::new();
    for event in facts {
        match &event.fact {
            Fact::LegTried { leg, .. } => *legs.entry(*leg).or_default() += 1,
            Fact::LegFailed { leg, .. } | Fact::LegEnded { leg, .. } => *legs.entry(*leg).or_default() -= 1,
            Fact::PartyLeft { leg, .. } if *leg != LegRef(0) => *legs.entry(*leg).or_default() -= 1,
            Fact::TransferAsked { transfer, .. } => *transfers.entry(*transfer).or_default() += 1,
            Fact::TransferEnded { transfer, .. } => *transfers.entry(*transfer).or_default() -= 1,
            _ => {}
        }
    }
    assert!(legs.values().all(|n| *n == 0), "legs whose facts do not end once: {legs:?}");
    assert!(transfers.values().all(|n| *n == 0), "transfers that do not end once: {transfers:?}");
}

/// One record a caller, folded from the facts alone, and nothing said of a call after its end.
fn books(facts: &[Event]) {
    let mut fold = Fold::new(Settings::default());
    let records: Vec<_> = facts.iter().filter_map(|event| fold.apply(event)).collect();
    let offered = facts.iter().filter(|f| matches!(f.fact, Fact::CallOffered { .. })).count();
    assert_eq!(records.len(), offered, "one record a caller");
    assert_eq!((fold.live().count(), fold.orphans()), (0, 0), "live calls, facts of calls that had ended");
    for record in &records {
        assert!(record.t2.is_some(), "the caller had talked to the agent");
    }
}

/// Each seat goes from where it was, and comes to rest.
fn seats(facts: &[Event]) {
    let mut at: BTreeMap<&SeatId, &str> = BTreeMap::new();
    for event in facts {
        if let Fact::SeatState { seat, from, to, .. } = &event.fact {
            let was = at.insert(seat, to);
            assert!(was.is_none_or(|was| was == from), "seat {seat} was {was:?}, goes from {from}");
        }
    }
    assert!(at.values().all(|state| matches!(*state, "ready" | "ready+lost")), "seats that are stuck: {at:?}");
}

/// Somebody calls, and a seat talks to him.
fn next_caller(scene: &mut Scene) {
    let town = &mut scene.town;
    if let Some(spare) = scene.spare {
        town.set_manner(spare, Manner::Answers(200_000));
    } else {
        scene.spare = Some(town.seat("8003", Manner::Answers(200_000)));
        town.runs(1.0);
    }
    let next = town.citizen("13900000002");
    town.dials(next, "12345");
    let seats: Vec<_> = [Some(scene.agent), Some(scene.target), scene.spare].into_iter().flatten().collect();
    for seat in &seats {
        if town.rings(*seat) {
            town.answers(*seat);
        }
    }
    assert!(town.until(20, |t| seats.iter().any(|seat| t.talk(next, *seat))), "the next caller is not served");
    town.hangs_up(next);
    town.runs(1.0);
    assert_eq!(town.exchange.live(), 0, "the next caller's call outlives him");
}

/// The legs whose end a record does not tell, though the facts do.
pub fn untold(facts: &[Event]) -> usize {
    let mut fold = Fold::new(Settings::default());
    let records: Vec<_> = facts.iter().filter_map(|event| fold.apply(event)).collect();
    records.iter().flat_map(|record| &record.attempts).filter(|attempt| attempt.cause.is_none()).count()
}
