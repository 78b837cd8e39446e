//! What else happens while a phone is gone in the middle of a talk: a drain, a kill, a question that is open, an answer that is of no
//! use, a hold that is taken back.

mod both;

use crate::returning::{away, town};
use crate::support::city::{self, SHIPPED};
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::{Fate, Rule};
use switchboard::daemon::cut_off;
use switchboard::exchange::{Answer, Command, Former, Input, Verb};
use switchboard::fact::{Fact, Missed, Outcome};
use switchboard::ledger::{Fold, dialogs};

/// The phone loses its power: it is silent, and four seconds later it has not answered OPTIONS. Its time begins then.
fn loses_power(town: &mut Town, seat: Party, number: &str) {
    town.falls_silent(seat);
    town.cuts_line(seat, true);
    town.has_one_line(seat);
    town.reboots(seat, number, false);
    town.runs(4.5);
}

/// It has power again, and registers.
fn has_power(town: &mut Town, seat: Party, number: &str) {
    town.cuts_line(seat, false);
    town.reboots(seat, number, true);
}

/// Everything has ended, and what SIP remembers of it too.
fn all_is_over(town: &mut Town) {
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0), "{}", town.trace.join("\n"));
    assert_eq!(town.held_by_phones(), (0, 0));
}

/// The INVITEs that the exchange has sent to a phone, those sent again left out.
fn invited(town: &Town, seat: Party) -> usize {
    let at = town.address(seat);
    let invites = town.sent.iter().filter(|(flow, bytes)| flow.peer == at && bytes.starts_with(b"INVITE"));
    invites.map(|(_, bytes)| bytes).collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_drain_leaves_the_caller_of_a_phone_that_is_gone_and_the_phone_comes_back() {
    let mut town = town(1);
    let (citizen, seat) = talks(&mut town);
    loses_power(&mut town, seat, "8001");
    assert_eq!(town.asks(Command::Drain), Answer::Done);
    let late = town.citizen("13900000002");
    town.dials(late, "12345");
    town.runs(9.0);
    assert_eq!(town.failed(late).map(|f| f.0), Some(503), "it drains");
    assert!(town.is_connected(citizen) && away(&town) == [true]);
    has_power(&mut town, seat, "8001");
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, seat) && away(&town) == [true, false]);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!((town.exchange.live(), town.outcomes()), (0, vec![Outcome::Shed, Outcome::Connected]));
    all_is_over(&mut town);
}

#[test]
fn a_drain_gives_the_caller_of_a_phone_that_stays_away_to_the_next_seat_and_ends_with_him() {
    let mut town = town(2);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    town.asks(Command::Drain);
    loses_power(&mut town, seat, "8001");
    town.runs(14.0);
    assert!(town.idle(other) && town.is_connected(citizen), "he is waited for");
    assert!(town.until(4, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    town.asks(Command::EndAll);
    town.runs(1.0);
    assert!(town.idle(citizen) && town.idle(other) && town.exchange.live() == 0);
    // It comes too late, and rings for nobody.
    has_power(&mut town, seat, "8001");
    town.runs(20.0);
    assert!(town.idle(seat), "{}", town.trace.join("\n"));
    all_is_over(&mut town);
}

#[test]
fn the_end_of_a_drain_ends_a_talk_whose_phone_rings_to_come_back() {
    let mut town = town(3);
    let (citizen, seat) = talks(&mut town);
    town.set_manner(seat, Manner::Rings);
    loses_power(&mut town, seat, "8001");
    town.asks(Command::Drain);
    has_power(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.rings(seat)));
    town.asks(Command::EndAll);
    town.runs(1.0);
    assert!(town.idle(citizen) && town.idle(seat), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert_eq!((away(&town), town.exchange.live(), town.outcomes().len()), (vec![true], 0, 1));
    all_is_over(&mut town);
}

/// The exchange is killed, and started two seconds later with what its journal has.
fn is_killed(town: &mut Town) {
    let mut fold = Fold::default();
    town.facts.iter().for_each(|fact| drop(fold.apply(fact)));
    let cut: Vec<_> = fold.live().cloned().collect();
    let hub = town.exchange.snapshot().plan.hub_group().cloned();
    let (dialogs, cut_off) = (dialogs::standing(&town.facts).into(), cut_off(hub.as_ref(), &cut, &[]));
    town.kills();
    town.runs(2.0);
    let next = town.facts.last().unwrap().seq + 1;
    let crashed = fold.close_interrupted(town.now.wall, next);
    let seq = next + crashed.len() as u64;
    town.facts.extend(crashed);
    let settings = switchboard::exchange::Settings { return_wait: 15_000_000, ..city::settings() };
    town.starts(settings, SHIPPED.clone(), seq, 64);
    let former = Former { cut_off, dialogs, ..Former::default() };
    town.exchange.restore(former, town.now);
    town.drain_exchange();
}

/// He was told that it is over, has one record, and is on the list of those to be called back.
fn was_interrupted(town: &mut Town, citizen: Party) {
    town.runs(1.0);
    assert!(town.idle(citizen), "{}", town.trace.join("\n"));
    assert_eq!((town.exchange.live(), town.outcomes()), (0, vec![Outcome::Interrupted]));
    let Answer::Callbacks { callbacks } = town.asks(Command::Callbacks) else { panic!() };
    let owed: Vec<_> = callbacks.iter().map(|c| (c.number.as_str(), c.why)).collect();
    assert_eq!(owed, [("13900000001", Missed::Interrupted)]);
}

/// How often a phone was rung to come back, what was sent again left out.
fn return_rings(town: &Town) -> usize {
    let texts = town.sent.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
    let rings = texts.filter(|text| text.starts_with("INVITE") && text.contains("Answer-Mode: Auto"));
    rings.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_kill_while_a_phone_is_gone_ends_its_callers_call_and_rings_nobody_for_it() {
    let mut town = town(4);
    let (citizen, seat) = talks(&mut town);
    loses_power(&mut town, seat, "8001");
    assert_eq!(away(&town), [true]);
    is_killed(&mut town);
    was_interrupted(&mut town, citizen);
    let before = return_rings(&town);
    has_power(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.registered(seat)));
    town.runs(20.0);
    assert_eq!((return_rings(&town), before), (1, 1), "{}", town.trace.join("\n"));
    assert!(town.exchange.live() == 0 && town.held_by_phones() == (0, 0));
}

#[test]
fn a_phone_that_rings_to_come_back_at_a_kill_is_free_again_whether_it_answers_or_not() {
    for answers in [true, false] {
        let mut town = town(5);
        let (citizen, seat) = talks(&mut town);
        town.set_manner(seat, Manner::Rings);
        loses_power(&mut town, seat, "8001");
        has_power(&mut town, seat, "8001");
        assert!(town.until(3, |t| t.rings(seat)));
        is_killed(&mut town);
        was_interrupted(&mut town, citizen);
        if answers {
            town.answers(seat);
        } else {
            town.hangs_up(seat);
        }
        town.runs(70.0);
        assert!(town.idle(seat), "{answers}: {}", town.trace.join("\n"));
        assert_eq!((town.exchange.live(), town.exchange.held().2, town.held_by_phones()), (0, 0, (0, 0)));
    }
}

#[test]
fn a_phone_that_was_unheard_of_at_a_kill_and_knows_of_its_talk_is_told_that_it_is_over() {
    let mut town = town(6);
    let (citizen, seat) = talks(&mut town);
    // Its line is cut, not its power: it has not been told that it is gone.
    town.cuts_line(seat, true);
    town.falls_silent(seat);
    town.runs(5.0);
    assert!(away(&town) == [true] && town.is_connected(seat));
    is_killed(&mut town);
    assert!(!town.idle(seat));
    town.cuts_line(seat, false);
    was_interrupted(&mut town, citizen);
    assert!(town.until(5, |t| t.idle(seat)), "{}", town.trace.join("\n"));
    assert_eq!(town.held_by_phones().1, 0);
}

#[test]
fn a_phone_that_has_come_back_is_told_of_a_kill_in_its_new_dialog() {
    let mut town = town(7);
    let (citizen, seat) = talks(&mut town);
    loses_power(&mut town, seat, "8001");
    has_power(&mut town, seat, "8001");
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.runs(1.0);
    is_killed(&mut town);
    was_interrupted(&mut town, citizen);
    assert!(town.idle(seat), "{}", town.trace.join("\n"));
    town.runs(70.0);
    assert_eq!((town.exchange.held().2, town.held_by_phones()), (0, (0, 0)));
}

/// A citizen who talks to a seat whose phone has a TCP connection.
fn talks_by_tcp(town: &mut Town) -> (Party, Party) {
    let seat = town.seat_by_tcp("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    (citizen, seat)
}

#[test]
fn a_question_that_was_lost_with_its_connection_is_no_answer_and_is_asked_again() {
    let mut town = town(8);
    let (citizen, seat) = talks_by_tcp(&mut town);
    let (line, rung) = (town.line_of(seat), invited(&town, seat));
    town.cuts_line(seat, true);
    town.falls_silent(seat);
    town.runs(1.0);
    town.is_unreachable(seat);
    assert!(away(&town).is_empty(), "nobody has said that it is gone: {}", town.trace.join("\n"));
    town.falls_silent(seat);
    town.runs(4.0);
    assert_eq!(away(&town), [true]);
    town.moves(seat);
    assert!(town.until(3, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, seat) && away(&town) == [true, false]);
    // The same talk at the same phone: it was not thrown out of it and called again.
    assert_eq!((town.line_of(seat), rung, invited(&town, seat)), (line, 1, 0));
    all_is_over(&mut town);
}

#[test]
fn a_phone_that_has_another_connection_already_keeps_its_talk_when_the_first_is_lost_with_a_question() {
    // Asked because nothing is heard of it, or because it has registered anew.
    for silent in [true, false] {
        let mut town = town(9);
        let (citizen, seat) = talks_by_tcp(&mut town);
        town.runs(0.5);
        let line = town.line_of(seat);
        town.cuts_line(seat, true);
        if silent {
            town.falls_silent(seat);
            town.runs(1.0);
        }
        let first = town.moves(seat);
        town.runs(1.0);
        town.loses(first);
        town.runs(10.0);
        assert!(town.talk(citizen, seat), "{silent}: {}", town.trace.join("\n"));
        // It was neither thrown out of its talk nor called again.
        assert_eq!((town.call_of(seat), invited(&town, seat), away(&town)), (Some(line), 0, vec![]), "{silent}");
        all_is_over(&mut town);
    }
}

#[test]
fn a_question_that_is_open_when_the_connection_is_lost_for_good_leaves_nothing() {
    let mut town = town(10);
    let (citizen, seat) = talks_by_tcp(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    town.cuts_line(seat, true);
    town.falls_silent(seat);
    town.runs(1.0);
    town.is_unreachable(seat);
    town.falls_silent(seat);
    town.runs(14.0);
    assert!(town.idle(other), "he is waited for from the loss on");
    assert!(town.until(4, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    assert_eq!(town.transfers(), []);
    town.hangs_up(seat);
    all_is_over(&mut town);
}

#[test]
fn a_phone_that_comes_back_with_an_answer_of_no_use_gives_its_caller_to_the_next_seat() {
    let mut town = town(11);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    loses_power(&mut town, seat, "8001");
    town.rule(Rule::from(town.address(seat), "SIP/2.0 200", Fate::Strange));
    has_power(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.is_connected(seat) || t.rings(seat)), "{}", town.trace.join("\n"));
    assert!(town.until(5, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    town.runs(2.0);
    assert!(town.idle(seat) && town.is_connected(citizen), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, other) && away(&town) == [true]);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    all_is_over(&mut town);
}

#[test]
fn a_third_who_comes_back_with_an_answer_of_no_use_leaves_the_two_others_together() {
    let mut town = town(12);
    let (citizen, seat, target) = both::three(&mut town);
    loses_power(&mut town, target, "8012");
    town.rule(Rule::from(town.address(target), "SIP/2.0 200", Fate::Strange));
    has_power(&mut town, target, "8012");
    town.runs(4.0);
    assert!(town.idle(target) && town.talk(citizen, seat), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, seat) && town.idle(target));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!((town.outcomes(), away(&town)), (vec![Outcome::Connected], vec![true]));
    all_is_over(&mut town);
}

#[test]
fn a_phone_with_one_line_that_rings_already_when_it_registers_is_not_taken_for_an_agent_who_declines() {
    let mut town = town(17);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    town.set_manner(seat, Manner::Rings);
    loses_power(&mut town, seat, "8001");
    // It is up before it registers, and rings: what is sent again has found it. Its line is not free the moment it is told.
    town.cuts_line(seat, false);
    town.reboots(seat, "8001", false);
    assert!(town.until(4, |t| t.rings(seat)), "{}", town.trace.join("\n"));
    town.rule(Rule::to(town.address(seat), "CANCEL", Fate::Late(50_000)));
    town.set_manner(seat, SOON);
    town.plays(seat, |phone, now| phone.register(now));
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, seat) && town.idle(other) && away(&town) == [true, false]);
    all_is_over(&mut town);
}

/// What was told of holds.
fn holds(town: &Town) -> Vec<bool> {
    let held = |event: &switchboard::fact::Event| match event.fact {
        Fact::Held { held, .. } => Some(held),
        _ => None,
    };
    town.facts.iter().filter_map(held).collect()
}

#[test]
fn a_phone_that_takes_its_hold_back_before_it_is_known_to_be_there_talks_at_once() {
    let mut town = town(13);
    let (citizen, seat) = talks_by_tcp(&mut town);
    let (port, epoch) = town.graph.port(town.rtp(seat)).unwrap();
    town.runs(0.5);
    town.holds(seat, true);
    town.runs(0.5);
    town.is_unreachable(seat);
    let silent = switchboard::patch::Event::Silent { port, epoch, spoke: true };
    town.exchange.handle(Input::Media(silent), town.now);
    town.drain_exchange();
    assert_eq!((away(&town), holds(&town)), (vec![true], vec![true]), "{}", town.trace.join("\n"));
    town.moves(seat);
    town.holds(seat, false);
    assert!(town.until(3, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, seat) && away(&town) == [true, false]);
    assert_eq!(holds(&town), [true, false]);
    all_is_over(&mut town);
}

#[test]
fn a_hold_by_order_that_is_taken_back_while_the_phone_is_gone_is_over_when_it_comes_back() {
    let mut town = town(14);
    let (citizen, seat) = talks(&mut town);
    assert_eq!(town.orders(Verb::Hold), Answer::Done);
    loses_power(&mut town, seat, "8001");
    assert_eq!(town.orders(Verb::Resume), Answer::Done);
    assert!(!town.talk(citizen, seat), "nobody is there yet");
    has_power(&mut town, seat, "8001");
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    assert_eq!((holds(&town), away(&town)), (vec![true, false], vec![true, false]));
    all_is_over(&mut town);
}

#[test]
fn a_caller_who_takes_his_hold_back_while_the_phone_is_gone_hears_that_he_may_stay_and_then_the_agent() {
    let mut town = town(15);
    let (citizen, seat) = talks(&mut town);
    town.holds(citizen, true);
    town.runs(0.5);
    loses_power(&mut town, seat, "8001");
    town.holds(citizen, false);
    town.runs(0.5);
    assert_eq!(town.was_played(citizen).iter().rev().take(2).collect::<Vec<_>>(), [&"music/hold", &"moment"]);
    has_power(&mut town, seat, "8001");
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    assert_eq!(holds(&town), [true, false]);
    all_is_over(&mut town);
}

#[test]
fn a_hold_of_the_phones_own_is_taken_back_by_order_once_it_is_there_again() {
    let mut town = town(16);
    let (citizen, seat) = talks(&mut town);
    town.runs(0.5);
    town.holds(seat, true);
    town.runs(0.5);
    town.reboots(seat, "8001", true);
    assert!(town.until(6, |t| away(t) == [true, false]), "{}", town.trace.join("\n"));
    assert!(!town.talk(citizen, seat));
    assert!(town.the_call().parties.iter().any(|p| p.held), "{:?} {}", town.the_call(), town.trace.join("\n"));
    assert_eq!(town.orders(Verb::Resume), Answer::Done);
    assert!(town.talk(citizen, seat), "{}", town.trace.join("\n"));
    assert_eq!(holds(&town), [true, false]);
    all_is_over(&mut town);
}
