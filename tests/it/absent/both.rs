//! Two phones are gone at once: an office without power.

use super::{all_is_over, has_power, loses_power};
use crate::returning::{away, town};
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Party, Town};
use switchboard::fact::{Cause, Fact, Outcome, TransferResult, Way};

/// A seat that has called the hotline talks to seat 8001.
fn two_seats(town: &mut Town) -> (Party, Party) {
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let caller = town.seat("8003", SOON);
    town.runs(1.0);
    town.dials(caller, "12345");
    assert!(town.until(10, |t| t.talk(caller, seat)), "{}", town.trace.join("\n"));
    (caller, seat)
}

/// A citizen, seat 8001, and 8012 whom it has brought in.
pub fn three(town: &mut Town) -> (Party, Party, Party) {
    let (citizen, seat) = talks(town);
    let target = town.seat("8012", SOON);
    town.runs(1.0);
    town.transfers_to("8012", Way::ThreeWay);
    assert!(town.until(8, |t| t.hears_of(citizen, &[seat, target]).len() == 2), "{}", town.trace.join("\n"));
    (citizen, seat, target)
}

/// Both lose their power in the same moment.
fn both_lose_power(town: &mut Town, both: [(Party, &str); 2]) {
    for (seat, number) in both {
        town.falls_silent(seat);
        town.cuts_line(seat, true);
        town.has_one_line(seat);
        town.reboots(seat, number, false);
    }
    town.runs(4.5);
    assert_eq!(away(town), [true, true], "{}", town.trace.join("\n"));
}

/// The same by pages, which say that they go: nobody is left to be rung, and no port of theirs.
fn two_pages(town: &mut Town) -> (Party, Party) {
    let seat = town.seat_by_tcp("8001", SOON);
    town.runs(1.0);
    let caller = town.seat_by_tcp("8003", SOON);
    town.runs(1.0);
    town.dials(caller, "12345");
    assert!(town.until(10, |t| t.talk(caller, seat)), "{}", town.trace.join("\n"));
    (caller, seat)
}

/// They are loaded anew, the agent's first.
fn both_pages_come_back(town: &mut Town, caller: Party, seat: Party) {
    town.reboots(seat, "8001", true);
    town.runs(2.0);
    town.reboots(caller, "8003", true);
    assert!(town.until(5, |t| t.talk(caller, seat)), "{}", town.trace.join("\n"));
}

fn lost(town: &Town) -> usize {
    town.facts.iter().filter(|f| matches!(f.fact, Fact::LegEnded { cause: Cause::Lost, .. })).count()
}

#[test]
fn caller_and_agent_who_both_come_back_talk_again_whoever_is_first() {
    for turned in [false, true] {
        let mut town = town(1);
        let (caller, seat) = two_seats(&mut town);
        let call = town.the_call().call;
        let mut both = [(caller, "8003"), (seat, "8001")];
        both_lose_power(&mut town, both);
        if turned {
            both.reverse();
        }
        let [(first, number), (second, other)] = both;
        town.runs(3.0);
        has_power(&mut town, first, number);
        assert!(town.until(5, |t| t.is_connected(first)), "{}", town.trace.join("\n"));
        town.runs(1.0);
        let played = town.was_played(first);
        assert_eq!(played.iter().rev().take(2).collect::<Vec<_>>(), [&"music/hold", &"moment"], "{turned}");
        assert_eq!(away(&town), [true, true, false]);
        has_power(&mut town, second, other);
        assert!(town.until(5, |t| t.talk(caller, seat)), "{turned}: {}", town.trace.join("\n"));
        town.runs(20.0);
        assert!(town.talk(caller, seat) && away(&town) == [true, true, false, false]);
        assert_eq!((town.the_call().call, lost(&town)), (call, 0));
        town.hangs_up(caller);
        town.runs(1.0);
        assert!(town.idle(seat) && town.idle(caller));
        assert_eq!(town.outcomes(), [Outcome::Connected]);
        all_is_over(&mut town);
    }
}

#[test]
fn a_caller_who_comes_back_alone_is_served_by_the_next_seat() {
    let mut town = town(2);
    let (caller, seat) = two_seats(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    both_lose_power(&mut town, [(caller, "8003"), (seat, "8001")]);
    town.runs(3.0);
    has_power(&mut town, caller, "8003");
    town.runs(10.0);
    assert!(town.idle(other) && town.is_connected(caller), "the other is waited for");
    assert!(town.until(5, |t| t.talk(caller, other)), "{}", town.trace.join("\n"));
    assert_eq!((away(&town), lost(&town), town.exchange.live()), (vec![true, true, false], 1, 1));
    all_is_over(&mut town);
}

#[test]
fn an_agent_who_comes_back_alone_is_free_again_when_his_caller_does_not() {
    let mut town = town(3);
    let (caller, seat) = two_seats(&mut town);
    both_lose_power(&mut town, [(caller, "8003"), (seat, "8001")]);
    town.runs(3.0);
    has_power(&mut town, seat, "8001");
    town.runs(10.0);
    assert!(town.is_connected(seat), "the caller is waited for");
    town.runs(3.0);
    assert!(town.idle(seat) && town.exchange.live() == 0, "{}", town.trace.join("\n"));
    assert_eq!(town.outcomes().len(), 1);
    // Who comes too late rings for nobody, and the seat is served as any.
    has_power(&mut town, caller, "8003");
    town.runs(5.0);
    assert!(town.idle(caller));
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat) || t.talk(citizen, caller)), "{}", town.trace.join("\n"));
    all_is_over(&mut town);
}

#[test]
fn a_call_whose_caller_and_agent_both_stay_away_ends_once_and_leaves_nothing() {
    for turned in [false, true] {
        let mut town = town(4);
        let (caller, seat) = two_seats(&mut town);
        let mut both = [(caller, "8003"), (seat, "8001")];
        if turned {
            both.reverse();
        }
        both_lose_power(&mut town, both);
        town.runs(14.0);
        assert_eq!(town.exchange.live(), 1, "both are waited for");
        town.runs(3.0);
        assert_eq!((town.exchange.live(), town.outcomes().len()), (0, 1), "{turned}: {}", town.trace.join("\n"));
        all_is_over(&mut town);
    }
}

#[test]
fn a_caller_who_comes_back_while_he_waits_for_another_seat_hears_that_he_waits_and_is_served() {
    let mut town = town(5);
    let (caller, seat) = two_seats(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    let busy = town.citizen("13900000002");
    town.dials(busy, "12345");
    assert!(town.until(10, |t| t.talk(busy, other)));
    // The agent first, the caller ten seconds later: he is away when the agent's time is over.
    loses_power(&mut town, seat, "8001");
    town.runs(10.0);
    loses_power(&mut town, caller, "8003");
    town.runs(6.0);
    assert!(lost(&town) == 1 && town.exchange.live() == 2, "{}", town.trace.join("\n"));
    has_power(&mut town, caller, "8003");
    assert!(town.until(5, |t| t.is_connected(caller)), "{}", town.trace.join("\n"));
    town.runs(2.0);
    assert!(town.beside(caller).is_some(), "he hears that he waits: {}", town.trace.join("\n"));
    town.hangs_up(busy);
    assert!(town.until(10, |t| t.talk(caller, other)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(caller, other) && away(&town) == [true, true, false]);
    all_is_over(&mut town);
}

#[test]
fn agent_and_third_who_both_come_back_are_with_the_caller_again_whoever_is_first() {
    for turned in [false, true] {
        let mut town = town(6);
        let (citizen, seat, target) = three(&mut town);
        let mut both = [(seat, "8001"), (target, "8012")];
        both_lose_power(&mut town, both);
        assert_eq!(town.was_played(citizen).iter().rev().take(2).collect::<Vec<_>>(), [&"music/hold", &"moment"]);
        if turned {
            both.reverse();
        }
        for (n, (party, number)) in both.into_iter().enumerate() {
            town.runs(2.0);
            has_power(&mut town, party, number);
            let heard = |t: &Town| t.hears_of(citizen, &[seat, target]).len() == n + 1;
            assert!(town.until(5, heard), "{turned} {n}: {}", town.trace.join("\n"));
            assert!(town.hears_of(citizen, &[party]) == [party] && town.hears_of(party, &[citizen]) == [citizen]);
        }
        town.runs(20.0);
        assert_eq!(town.hears_of(seat, &[citizen, target]).len(), 2);
        assert_eq!(town.hears_of(target, &[citizen, seat]).len(), 2);
        assert_eq!((away(&town), lost(&town)), (vec![true, true, false, false], 0));
        assert_eq!(town.transfers(), [(TransferResult::Joined, None)]);
        all_is_over(&mut town);
    }
}

#[test]
fn of_agent_and_third_the_one_who_comes_back_keeps_the_caller() {
    for agent in [true, false] {
        let mut town = town(7);
        let (citizen, seat, target) = three(&mut town);
        let other = town.seat("8002", SOON);
        town.runs(1.0);
        let both = [(seat, "8001"), (target, "8012")];
        both_lose_power(&mut town, both);
        town.runs(3.0);
        let (party, number) = both[usize::from(!agent)];
        has_power(&mut town, party, number);
        assert!(town.until(5, |t| t.talk(citizen, party)), "{agent}: {}", town.trace.join("\n"));
        town.runs(20.0);
        assert!(town.talk(citizen, party) && town.idle(other), "{agent}: {}", town.trace.join("\n"));
        assert_eq!((away(&town), lost(&town)), (vec![true, true, false], 1));
        // He is the caller's only one now, and is waited for as the first was.
        loses_power(&mut town, party, number);
        town.runs(2.0);
        has_power(&mut town, party, number);
        assert!(town.until(5, |t| t.talk(citizen, party)), "{agent}: {}", town.trace.join("\n"));
        town.hangs_up(citizen);
        town.runs(1.0);
        assert!(town.idle(party) && town.outcomes() == [Outcome::Connected]);
        all_is_over(&mut town);
    }
}

#[test]
fn a_caller_whose_agent_and_third_both_stay_away_is_served_by_the_next_seat() {
    for turned in [false, true] {
        let mut town = town(8);
        let (citizen, seat, target) = three(&mut town);
        let other = town.seat("8002", SOON);
        town.runs(1.0);
        let mut both = [(seat, "8001"), (target, "8012")];
        if turned {
            both.reverse();
        }
        both_lose_power(&mut town, both);
        town.runs(14.0);
        assert!(town.idle(other) && town.is_connected(citizen), "both are waited for");
        assert!(town.until(5, |t| t.talk(citizen, other)), "{turned}: {}", town.trace.join("\n"));
        assert_eq!((lost(&town), town.transfers()), (2, vec![(TransferResult::Joined, None)]));
        town.hangs_up(citizen);
        town.runs(1.0);
        assert_eq!((town.outcomes(), town.exchange.live()), (vec![Outcome::Connected], 0));
        all_is_over(&mut town);
    }
}

/// What is told of a recording and of who is away, in order.
fn told(town: &Town) -> Vec<&'static str> {
    let word = |event: &switchboard::fact::Event| match event.fact {
        Fact::RecordingStarted { .. } => Some("starts"),
        Fact::LegAway { away: true, .. } => Some("away"),
        Fact::LegAway { away: false, .. } => Some("back"),
        Fact::RecordingEnded { .. } => Some("ends"),
        Fact::CallEnded { .. } => Some("over"),
        _ => None,
    };
    town.facts.iter().filter_map(word).collect()
}

#[test]
fn a_recording_goes_on_over_the_absence_of_both_and_ends_once() {
    let mut town = town(9);
    let (caller, seat) = two_pages(&mut town);
    assert_eq!(town.graph.tapes[0].manned(), 2);
    town.page_goes(caller, "8003");
    town.page_goes(seat, "8001");
    town.runs(1.0);
    assert_eq!((away(&town), town.graph.open()), (vec![true, true], 0));
    assert_eq!((town.graph.tapes[0].manned(), town.graph.tapes[0].ended), (0, false), "nobody is on it");
    both_pages_come_back(&mut town, caller, seat);
    assert_eq!(town.graph.tapes[0].manned(), 2);
    let (a, b) = (town.rtp(caller), town.rtp(seat));
    let mut heard = town.graph.tapes[0].heard.clone();
    heard.sort_unstable();
    assert_eq!(heard, [(0, a), (0, a), (1, b), (1, b)], "each in his own channel");
    town.hangs_up(caller);
    town.runs(1.0);
    assert_eq!(told(&town), ["starts", "away", "away", "back", "back", "ends", "over"]);
    assert!(town.graph.tapes.len() == 1 && town.graph.tapes[0].ended);
    all_is_over(&mut town);
}

#[test]
fn a_recording_whose_parties_both_stay_away_ends_once_with_the_call() {
    for pages in [false, true] {
        let mut town = town(10);
        if pages {
            let (caller, seat) = two_pages(&mut town);
            town.page_goes(caller, "8003");
            town.page_goes(seat, "8001");
        } else {
            let (caller, seat) = two_seats(&mut town);
            both_lose_power(&mut town, [(caller, "8003"), (seat, "8001")]);
        }
        town.runs(17.0);
        assert_eq!(told(&town), ["starts", "away", "away", "ends", "over"], "{}", town.trace.join("\n"));
        let tape = &town.graph.tapes[0];
        assert_eq!((town.graph.tapes.len(), tape.ended, tape.manned()), (1, true, 0));
        all_is_over(&mut town);
    }
}

#[test]
fn both_come_back_to_the_media_thread_that_their_recording_is_on() {
    let mut town = town(11);
    let (caller, seat) = two_pages(&mut town);
    // Calls go to the thread that has most ports free: another one on each, and the second of them is over.
    let others = ["8010", "8011", "8012", "8013"].map(|number| town.seat(number, SOON));
    town.runs(1.0);
    town.dials(others[0], "8011");
    town.runs(3.0);
    town.dials(others[2], "8013");
    assert!(town.until(5, |t| t.talk(others[2], others[3])), "{}", town.trace.join("\n"));
    town.hangs_up(others[0]);
    town.runs(1.0);
    town.page_goes(caller, "8003");
    town.page_goes(seat, "8001");
    town.runs(1.0);
    // A recording that is told of a port of another thread stops the test.
    both_pages_come_back(&mut town, caller, seat);
    assert_eq!(town.graph.tapes[0].manned(), 2, "both are recorded on");
    all_is_over(&mut town);
}
