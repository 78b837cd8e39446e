//! Random days through the folds and through a second, naive reckoning: every cell must agree.

use super::naive::{self, Told, ToldVisit};
use super::*;
use crate::calendar::Zone;
use crate::dialplan::{Known, Plan, Source};
use crate::fact::{Brief, Cause, Event, Fact, Outcome, Party, Service, TransferResult, Way};
use crate::id::{CallRef, LegRef};
use crate::ledger::tests::{Stream, TEN, call, ended, failed, offered_to, seat, tried, trunk};
use crate::ledger::{Cdr, Fold, Settings};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000;

/// Draws facts of calls; `at` is ms after ten o'clock.
struct Day {
    rng: ChaCha12Rng,
    stream: Stream,
}

impl Day {
    fn below(&mut self, most: u64) -> u64 {
        self.rng.next_u64() % most
    }

    fn ms(&mut self, most: u64) -> i64 {
        i64::try_from(self.below(most)).unwrap_or(0) + 1
    }

    /// One call from its INVITE to its end, or not to its end.
    fn call(&mut self, call: CallRef, begins: i64) {
        let c = Some(call);
        let mut at = begins;
        let (number, entry, service) = match self.below(8) {
            0 | 1 => ("12345", "hotline.12345", Service::Hotline),
            2 | 3 => ("12333", "hotline.12333", Service::Hotline),
            4 => ("12348", "hotline.12348", Service::Hotline),
            5 => ("12358", "hotline.12358", Service::Cancelled),
            6 => ("119", "emergency.119", Service::Emergency),
            _ => ("8002", "seat.8002", Service::Internal),
        };
        let Fact::CallOffered { leg, origin, caller_shown, dialled, to, call_id, source, .. } = offered_to(number)
        else {
            return;
        };
        let caller = if self.below(3) == 0 { "059287654321" } else { "059187654321" }.to_owned();
        let first = Fact::CallOffered { leg, origin, caller, caller_shown, dialled, to, call_id, source };
        self.stream.at(at, c, first);
        if self.below(20) == 0 {
            let outcome = if self.below(2) == 0 { Outcome::Shed } else { Outcome::Failed };
            self.stream.at(at + 1, c, ended(outcome, Party::Switch, Cause::Shed, Some(503)));
            return;
        }
        let refused = self.below(25) == 0;
        let (entry, service) = if refused { ("", Service::Refused) } else { (entry, service) };
        let (title, state, plan) = (String::new(), String::new(), String::new());
        self.stream.at(at, c, Fact::CallRouted { entry: entry.to_owned(), title, service, state, plan });
        at += self.ms(9_000);
        if refused || service == Service::Cancelled {
            let outcome = if refused { Outcome::Refused } else { Outcome::CancelledNumber };
            self.stream.at(at, c, ended(outcome, Party::Switch, Cause::NumberChanged, Some(410)));
            return;
        }
        if self.below(20) == 0 {
            self.stream.at(at, c, ended(Outcome::AbandonedInPrompt, Party::Caller, Cause::CallerGone, None));
            return;
        }
        self.served(c, at, service);
    }

    /// Queues, legs and talks, until it is over.
    fn served(&mut self, c: Option<CallRef>, mut at: i64, service: Service) {
        let mut leg = 1;
        let mut talked = false;
        for turn in 0..4 {
            let queued = service == Service::Hotline;
            let group = if self.below(2) == 0 { "main" } else { "law" };
            if queued {
                self.stream.at(at, c, Fact::Queued { group: group.into() });
            }
            at += self.ms(12_000);
            for _ in 0..self.below(3) {
                leg += 1;
                let whom = if self.below(5) == 0 { trunk("t", "1") } else { seat(["8001", "8002"][leg as usize % 2]) };
                let why = if self.below(2) == 0 { Cause::NoAnswer } else { Cause::Busy };
                self.stream.at(at, c, tried(leg, whom));
                at += self.ms(4_000);
                self.stream.at(at, c, failed(leg, why, None));
            }
            match self.below(if turn == 3 { 2 } else { 4 }) {
                0 => return self.gives_up(c, at, talked),
                1 | 2 => {
                    leg += 1;
                    at = self.talks(c, at, leg, seat(["8001", "8002", "8003"][leg as usize % 3]));
                    talked = true;
                    if self.below(4) > 0 {
                        if self.below(2) == 0 {
                            let solved = [None, Some(true), Some(false)][self.below(3) as usize];
                            let grade = 1 + self.below(5) as u8;
                            self.stream.at(at, c, Fact::Surveyed { grade, solved });
                            at += self.ms(5_000);
                        }
                        let by = if self.below(2) == 0 { Party::Caller } else { Party::Callee };
                        self.stream.at(at, c, ended(Outcome::Connected, by, Cause::Normal, None));
                        return;
                    }
                }
                _ if queued => {
                    self.stream.at(at, c, Fact::Overflowed { group: group.into(), why: Cause::WaitedLong });
                }
                _ => {}
            }
            at += 1;
        }
        // It lives on.
    }

    fn gives_up(&mut self, c: Option<CallRef>, at: i64, talked: bool) {
        let (outcome, by) = match (talked, self.below(4)) {
            (true, 0) => (Outcome::Connected, Party::Switch),
            (true, _) => (Outcome::Connected, Party::Caller),
            (false, 0) => (Outcome::Interrupted, Party::Switch),
            (false, 1) => (Outcome::NoAnswer, Party::Switch),
            (false, _) => (Outcome::Abandoned, Party::Caller),
        };
        self.stream.at(at, c, ended(outcome, by, Cause::CallerGone, None));
    }

    /// A leg that answers and talks, perhaps with a transfer; when it is over.
    fn talks(&mut self, c: Option<CallRef>, mut at: i64, leg: u32, whom: crate::fact::Target) -> i64 {
        self.stream.at(at, c, tried(leg, whom));
        at += self.ms(5_000);
        self.stream.at(at, c, Fact::LegAnswered { leg: LegRef(leg) });
        at += self.ms(3);
        self.stream.at(at, c, Fact::Connected { leg: LegRef(leg) });
        at += self.ms(200_000);
        if self.below(4) == 0 {
            let result = if self.below(2) == 0 { TransferResult::Joined } else { TransferResult::Cancelled };
            let asked = Fact::TransferAsked {
                transfer: leg,
                by: LegRef(leg),
                to: "12366".into(),
                title: String::new(),
                way: Way::ThreeWay,
                emergency: false,
                ordered_by: String::new(),
                brief: Brief::default(),
            };
            self.stream.at(at, c, asked);
            at += self.ms(9_000);
            self.stream.at(at, c, Fact::TransferEnded { transfer: leg, result, cause: None });
            at += self.ms(9_000);
        }
        let by = if self.below(2) == 0 { Party::Caller } else { Party::Callee };
        self.stream.at(at, c, Fact::LegEnded { leg: LegRef(leg), by, cause: Cause::Normal });
        at + 1
    }
}

/// A day of so many calls, by time.
fn random(seed: u64, calls: u64) -> Vec<Event> {
    let mut day = Day { rng: ChaCha12Rng::seed_from_u64(seed), stream: Stream::default() };
    for n in 0..calls {
        let begins = day.ms(6 * HOUR.unsigned_abs());
        day.call(call(n), begins);
    }
    let mut events = day.stream.events;
    events.sort_by_key(|e| (e.at, e.seq));
    for (event, seq) in events.iter_mut().zip(1..) {
        event.seq = seq;
    }
    events
}

fn settings() -> Settings {
    let zone = Zone::named("Asia/Shanghai").unwrap_or_default();
    Settings { city_callers: vec!["0591".into()], zone, ..Settings::default() }
}

fn records(events: &[Event]) -> Vec<Cdr> {
    let mut fold = Fold::new(settings());
    events.iter().filter_map(|e| fold.apply(e)).collect()
}

fn book(records: &[Cdr]) -> Book {
    let mut book = Book::new(settings().zone, KEPT);
    records.iter().for_each(|cdr| book.add(cdr));
    book
}

fn whole() -> (Hour, Hour) {
    let now = Hour::of(TEN, &settings().zone);
    (now.plus(-48), now.plus(48))
}

fn count<'t>(calls: impl Iterator<Item = &'t Told>) -> u64 {
    calls.count() as u64
}

fn micros(all: impl Iterator<Item = i64>) -> u64 {
    u64::try_from(all.sum::<i64>()).expect("times go forward")
}

/// One cell of calls against the calls that are meant to be in it.
fn same_calls(what: &str, cell: &Calls, told: &[&Told]) {
    for (outcome, n) in cell.outcomes.iter() {
        assert_eq!(n, count(told.iter().copied().filter(|c| c.outcome == outcome)), "{what}: {outcome:?}");
    }
    assert_eq!(cell.outcomes.calls(), told.len() as u64, "{what}: outcomes add up to the calls");
    let offered = || told.iter().copied().filter(|c| c.offered());
    let connected = || offered().filter(|c| c.t2.is_some());
    let in_time = |c: &&Told, from: Option<i64>| from.zip(c.t2).is_some_and(|(from, t2)| t2 - from <= 15_000_000);
    assert_eq!(cell.level.offered, count(offered()), "{what}: offered");
    assert_eq!(cell.level.connected, count(connected()), "{what}: connected");
    assert_eq!(cell.level.in_15s, count(offered().filter(|c| in_time(c, c.t1))), "{what}: in 15 s");
    assert_eq!(cell.level.in_15s_from_t0, count(offered().filter(|c| in_time(c, Some(c.t0)))), "{what}: from t0");
    let given_up = || offered().filter(|c| c.outcome == Outcome::Abandoned);
    assert_eq!(cell.abandoned, count(given_up()), "{what}: abandoned");
    let short = given_up().filter(|c| c.t1.is_some_and(|t1| c.end - t1 < 5_000_000));
    assert_eq!(cell.level.short_abandons, count(short), "{what}: short");
    let waited = micros(connected().map(|c| c.t2.unwrap_or(0) - c.t1.unwrap_or(0)));
    assert_eq!(cell.answers.waited, waited, "{what}: waited");
    let waits = offered().filter_map(|c| Some(c.t2.unwrap_or(c.end) - c.t1?));
    assert_eq!(cell.answers.longest, u64::try_from(waits.max().unwrap_or(0)).expect("forward"), "{what}: longest");
    assert_eq!(cell.talk, micros(connected().map(|c| c.end - c.t2.unwrap_or(0))), "{what}: talk");
    assert_eq!(cell.transfers.asked, told.iter().map(|c| c.asked).sum::<u64>(), "{what}: transfers");
    assert_eq!(cell.transfers.joined, told.iter().map(|c| c.joined).sum::<u64>(), "{what}: joined");
    same_grades(what, cell.grades, told.iter().filter_map(|c| c.grade));
}

fn same_grades(what: &str, cell: Grades, told: impl Iterator<Item = (u8, Option<bool>)>) {
    let told: Vec<_> = told.collect();
    for grade in 1..=5_u8 {
        let n = told.iter().filter(|(g, _)| *g == grade).count() as u64;
        assert_eq!(cell.graded[usize::from(grade) - 1], n, "{what}: grade {grade}");
    }
    let said = |word| told.iter().filter(|(_, solved)| *solved == Some(word)).count() as u64;
    assert_eq!((cell.solved, cell.unsolved), (said(true), said(false)), "{what}: solved or not");
    let satisfied = told.iter().filter(|(grade, _)| *grade >= 3).count() as u64;
    assert_eq!((cell.all(), cell.satisfied()), (told.len() as u64, satisfied), "{what}: satisfied");
}

fn same_visits(what: &str, cell: &Visits, told: &[&ToldVisit]) {
    for (how, n) in cell.by_end() {
        assert_eq!(n, told.iter().filter(|v| v.how == how).count() as u64, "{what}: {how}");
    }
    assert_eq!(cell.by_end().iter().map(|(_, n)| n).sum::<u64>(), cell.visits, "{what}: they add up");
    let answered = || told.iter().filter(|v| v.how == "answered");
    assert_eq!(cell.waited, micros(answered().map(|v| v.end - v.at)), "{what}: waited");
    assert_eq!(cell.in_15s, answered().filter(|v| v.end - v.at <= 15_000_000).count() as u64, "{what}: in 15 s");
    assert_eq!(cell.talk, micros(answered().map(|v| v.talk)), "{what}: talk");
    let longest = told.iter().map(|v| v.end - v.at).max().unwrap_or(0);
    assert_eq!(cell.longest, u64::try_from(longest).expect("forward"), "{what}: longest");
}

fn same_offers(what: &str, cell: &Offers, told: &[&Told]) {
    let seat = |l: &&naive::ToldLeg| l.seat.as_deref() == Some(what);
    let legs: Vec<_> = told.iter().flat_map(|c| c.legs.iter().map(move |l| (c, l))).filter(|(_, l)| seat(l)).collect();
    assert_eq!(cell.offered, legs.len() as u64, "{what}: offered");
    let answered: Vec<_> = legs.iter().filter(|(_, l)| l.connected.is_some()).collect();
    assert_eq!(cell.answered, answered.len() as u64, "{what}: answered");
    let out = legs.iter().filter(|(_, l)| l.connected.is_none() && l.cause == Some(Cause::NoAnswer));
    assert_eq!(cell.rang_out, out.count() as u64, "{what}: rang out");
    assert_eq!(cell.failed, cell.offered - cell.answered - cell.rang_out, "{what}: the rest");
    let talks = answered.iter().map(|(c, l)| l.end.unwrap_or(c.end) - l.connected.unwrap_or(0));
    assert_eq!(cell.talk, micros(talks), "{what}: talk");
    let rang = answered.iter().map(|(_, l)| l.answered.unwrap_or(0) - l.at);
    assert_eq!(cell.rang, micros(rang), "{what}: rang");
    let ended = |party| answered.iter().filter(|(_, l)| l.by == Some(party)).count() as u64;
    assert_eq!(
        (cell.hung_up, cell.caller_hung_up),
        (ended(Party::Callee), ended(Party::Caller)),
        "{what}: who hung up"
    );
    let last = told.iter().filter(|c| c.last().is_some_and(|l| seat(&l)));
    same_grades(what, cell.grades, last.filter_map(|c| c.grade));
}

#[test]
fn random_days_give_the_same_cells_as_a_naive_reckoning() {
    for seed in 0..40 {
        let events = random(seed, 300);
        let told = naive::calls(&events);
        let book = book(&records(&events));
        let (from, to) = whole();
        let tally = book.tally(from, to);
        let all: Vec<&Told> = told.iter().collect();
        assert!(all.len() > 200, "seed {seed}: most calls end");
        same_calls("all", &tally.all, &all);
        let of = |wanted: &dyn Fn(&Told) -> bool| all.iter().copied().filter(|c| wanted(c)).collect::<Vec<_>>();
        let lines: BTreeMap<&str, ()> = all.iter().map(|c| (c.line.as_str(), ())).collect();
        assert_eq!(tally.lines.keys().map(|k| &**k).collect::<Vec<_>>(), lines.into_keys().collect::<Vec<_>>());
        for (number, line) in &tally.lines {
            same_calls(number, &line.calls, &of(&|c| *c.line == **number));
        }
        same_calls("city", &tally.traffic.city, &of(&|c| !c.province));
        same_calls("province", &tally.traffic.province, &of(&|c| c.province));
        let zone = settings().zone;
        let mut hours = 0;
        for (hour, tally) in book.hours(from, to) {
            let begins = hour.begins(&zone);
            let of_hour = of(&|c| (begins..begins + HOUR * 1_000).contains(&c.t0));
            hours += of_hour.len();
            same_calls(&hour.to_string(), &tally.all, &of_hour);
        }
        assert_eq!(hours, all.len(), "seed {seed}: each call in one hour");
        for (group, cell) in &tally.groups {
            let visits: Vec<_> = all.iter().flat_map(|c| &c.visits).filter(|v| *v.group == *group.as_str()).collect();
            same_visits(group.as_str(), cell, &visits);
            let about = |c: &&&Told| {
                let at = c.last().and_then(|l| l.connected);
                c.visits.iter().any(|v| v.how == "answered" && Some(v.end) == at && *v.group == *group.as_str())
            };
            same_grades(group.as_str(), cell.grades, all.iter().filter(about).filter_map(|c| c.grade));
        }
        for (who, cell) in &tally.persons {
            let Who::Seat(seat) = who else { panic!("{who:?}") };
            same_offers(seat.as_str(), cell, &all);
        }
    }
}

#[test]
fn the_order_of_the_records_changes_nothing_and_hours_add_up() {
    let mut records = records(&random(7, 400));
    let forward = book(&records);
    records.reverse();
    assert_eq!(book(&records), forward);
    let (from, to) = whole();
    let mut sum = Tally::default();
    forward.hours(from, to).for_each(|(_, tally)| sum.merge(tally));
    let mut at_once = Tally::default();
    records.iter().for_each(|cdr| at_once.add(cdr));
    assert_eq!(sum, at_once);
}

#[test]
fn an_hour_begins_at_its_local_minute_nought() {
    let zone = settings().zone;
    let hour = Hour::of(TEN, &zone);
    assert_eq!(hour.to_string(), "2021-12-15T10:00");
    assert_eq!((Hour::of(TEN - 1, &zone), Hour::of(TEN + HOUR * 1_000 - 1, &zone)), (hour.plus(-1), hour));
    assert_eq!((hour.begins(&zone), hour.plus(14).to_string()), (TEN, "2021-12-16T00:00".to_owned()));
    assert_eq!([Hour::parse("2021-12-15T10:00"), Hour::parse("2021-12-15T10")], [Some(hour); 2]);
    for wrong in [
        "",
        "2021-12-15",
        "2021-12-15T10:30",
        "2021-12-15T24",
        "2021-12-15T1",
        "2021-13-15T10",
        "T10",
        "+2021-12-15T 1",
    ] {
        assert_eq!(Hour::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_wait_of_exactly_fifteen_seconds_is_in_time_and_one_microsecond_more_is_not() {
    let mut stream = Stream::default();
    for (n, extra) in [(1, 0), (2, 1)] {
        let c = Some(call(n));
        stream.at(0, c, offered_to("12345")).at(0, c, tried(2, seat("8001")));
        for fact in [Fact::LegAnswered { leg: LegRef(2) }, Fact::Connected { leg: LegRef(2) }] {
            stream.at(15_000, c, fact);
            if let Some(event) = stream.events.last_mut() {
                event.at += extra;
            }
        }
        stream.at(20_000, c, ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    }
    let mut meter = Meter::default();
    records(&stream.events).iter().for_each(|cdr| meter.add(cdr));
    // Never routed: nobody's call unless we fail it.
    assert_eq!((meter.waits.count(), meter.tally.all.level.offered), (0, 0));
    let routed = |n| {
        let (entry, title, state, plan) = ("hotline.12345".to_owned(), "总台".to_owned(), String::new(), String::new());
        let fact = Fact::CallRouted { entry, title, service: Service::Hotline, state, plan };
        Event { v: 1, seq: 0, at: TEN, call: Some(call(n)), fact }
    };
    let mut events = stream.events;
    events.insert(1, routed(1));
    let second = events.iter().position(|e| e.call == Some(call(2))).expect("the second");
    events.insert(second + 1, routed(2));
    let mut meter = Meter::default();
    records(&events).iter().for_each(|cdr| meter.add(cdr));
    assert_eq!((meter.tally.all.level.in_15s, meter.waits.count()), (1, 2));
    let at = |seconds| meter.waits.cumulated().find(|(bound, _)| *bound == seconds).map(|(_, n)| n);
    assert_eq!([at(10), at(15), at(20), at(600)], [Some(0), Some(1), Some(2), Some(2)]);
    assert_eq!(meter.waits.sum(), 30_000_001);
}

#[test]
fn what_a_book_holds_is_bounded() {
    let mut stream = Stream::default();
    for n in 0..1_200 {
        let c = Some(call(n));
        let ms = i64::try_from(n).expect("small") % 4;
        let entry = format!("hotline.{n}");
        let (title, state, plan) = (String::new(), String::new(), String::new());
        stream
            .at(ms, c, offered_to(&n.to_string()))
            .at(ms, c, Fact::CallRouted { entry, title, service: Service::Hotline, state, plan })
            .at(ms, c, Fact::Queued { group: format!("g{n}").as_str().into() })
            .at(ms, c, ended(Outcome::Abandoned, Party::Caller, Cause::CallerGone, None));
    }
    let records = records(&stream.events);
    let (from, to) = whole();
    let tally = book(&records).tally(from, to);
    assert_eq!((tally.lines.len(), tally.groups.len()), (tally::LINES + 1, tally::GROUPS + 1));
    assert_eq!(tally.lines.values().map(|l| l.calls.outcomes.calls()).sum::<u64>(), 1_200);
    assert_eq!(tally.lines["other"].calls.outcomes.calls(), 1_200 - tally::LINES as u64);

    let mut book = Book::new(Zone::utc(), 3);
    for hours in [0, 2, 1, 5, -4, 3] {
        let mut cdr = records[0].clone();
        cdr.t0 += hours * HOUR * 1_000;
        book.add(&cdr);
    }
    let begins = Hour::of(TEN, &Zone::utc());
    let kept: Vec<_> = book.hours(begins.plus(-99), begins.plus(99)).map(|(hour, _)| hour).collect();
    assert_eq!(kept, [begins.plus(2), begins.plus(3), begins.plus(5)]);
}

#[test]
fn a_reader_keeps_what_it_was_given() {
    let records = records(&random(3, 50));
    let mut writing = book(&records[..20]);
    let reading = writing.clone();
    let (from, to) = whole();
    records[20..].iter().for_each(|cdr| writing.add(cdr));
    assert_eq!(reading, book(&records[..20]));
    assert!(writing.tally(from, to).all.outcomes.calls() > reading.tally(from, to).all.outcomes.calls());
}

const CITY: &str = r#"
[city]
area = "0591"
issued = 2021-11-08
[hotline.12345]
title = "总台"
owner = "管理中心"
class = "hub"
group = "main"
[hotline.12348]
title = "法律"
owner = "司法局"
class = "parallel"
seats = "kept"
group = "law"
ring = "10s"
overflow = "group:main"
[group.main]
title = "12345 坐席"
hours = "7x24"
[group.law]
title = "法律坐席"
hours = "7x24"
[emergency]
trunks = ["e"]
[trunk.e]
title = "e"
role = "emergency"
"#;

#[test]
fn departments_have_their_lines_and_groups_by_the_plan() {
    let source = Source { file: "city.toml".into(), text: CITY.into() };
    let (plan, _) = Plan::load(&[source], &Known::default()).unwrap_or_else(|m| panic!("{m:#?}"));
    let book = book(&records(&random(11, 400)));
    let (from, to) = whole();
    let tally = book.tally(from, to);
    let found = departments(&tally, &Owners::of(&plan, &tally));
    assert_eq!(found.keys().map(|k| &**k).collect::<Vec<_>>(), ["", "司法局", "管理中心"]);
    assert_eq!(found["司法局"].calls, tally.lines["12348"].calls);
    assert_eq!(found["司法局"].visits, tally.groups["law"]);
    assert_eq!(
        (&found["管理中心"].calls, &found["管理中心"].visits),
        (&tally.lines["12345"].calls, &tally.groups["main"])
    );
    let all: u64 = found.values().map(|d| d.calls.outcomes.calls()).sum();
    assert_eq!(all, tally.all.outcomes.calls());
}

#[test]
fn a_report_has_its_rows_and_their_sum_in_every_dimension() {
    let source = Source { file: "city.toml".into(), text: CITY.into() };
    let (plan, _) = Plan::load(&[source], &Known::default()).unwrap_or_else(|m| panic!("{m:#?}"));
    let book = book(&records(&random(5, 300)));
    let (from, to) = whole();
    for (word, by) in By::ALL {
        let report = Report::of(&book, by, Period { from, to }, Some(&plan));
        let document = serde_json::to_value(&report).expect("json");
        assert_eq!((&document["by"], &document["from"]), (&word.into(), &from.to_string().into()));
        let rows = document["rows"].as_array().expect("rows");
        assert!(rows.len() > 1, "{word}");
        let counted = match by {
            By::Group => "visits",
            By::Person => "offered",
            By::Line | By::Department | By::Traffic | By::Hour => "calls",
        };
        let sum: u64 = rows.iter().filter_map(|row| row[counted].as_u64()).sum();
        assert_eq!(document["sum"][counted], sum, "{word}");
        assert!(rows.iter().all(|row| row.get(word).is_some()), "{word}: {rows:?}");
    }
    let lines = serde_json::to_value(Report::of(&book, By::Line, Period { from, to }, None)).expect("json");
    let outcomes = lines["sum"]["outcomes"].as_object().expect("outcomes");
    assert_eq!(outcomes.len(), Outcome::ALL.len());
    assert_eq!(lines["sum"]["calls"], outcomes.values().filter_map(serde_json::Value::as_u64).sum::<u64>());
    let words: Vec<_> = Outcome::ALL.iter().map(|o| serde_json::json!(o)).collect();
    assert_eq!(words, Outcome::ALL.map(|o| serde_json::json!(o.word())), "the words are those of the journal");
    assert!(Outcome::ALL.iter().enumerate().all(|(place, o)| *o as usize == place));
}

#[test]
fn of_one_departments_figures_nothing_is_anybody_elses() {
    let source = Source { file: "city.toml".into(), text: CITY.into() };
    let (plan, _) = Plan::load(&[source], &Known::default()).unwrap_or_else(|m| panic!("{m:#?}"));
    let book = book(&records(&random(11, 400)));
    let (from, to) = whole();
    let period = Period { from, to };
    let his = |by| Report::within(&book, by, period, &plan, |unit| unit == "司法局");
    let row = |report: &Report, key: &str| report.rows.iter().find(|row| row.key == key).cloned();
    for (by, key) in [(By::Line, "12348"), (By::Group, "law"), (By::Department, "司法局")] {
        let report = his(by).expect("a dimension of departments");
        let whole = Report::of(&book, by, period, Some(&plan));
        assert_eq!(report.rows.iter().map(|row| &*row.key).collect::<Vec<_>>(), [key]);
        assert_eq!(report.rows.first().cloned(), row(&whole, key));
        assert_eq!(Some(report.sum.figures), row(&whole, key).map(|row| row.figures), "{by:?}");
    }
    assert!([By::Person, By::Traffic, By::Hour].into_iter().all(|by| his(by).is_none()));
    let nobody = Report::within(&book, By::Line, period, &plan, |_| false).expect("lines");
    assert!(nobody.rows.is_empty());
}

#[test]
fn a_period_is_the_last_day_unless_it_is_asked_for() {
    let now = Hour::of(TEN, &settings().zone);
    let earliest = now.plus(-191);
    let asked = |from, to| Period::asked(from, to, now, earliest);
    assert_eq!(asked(None, None), Ok(Period { from: now.plus(-23), to: now.plus(1) }));
    assert_eq!(asked(Some(earliest), None), Ok(Period { from: earliest, to: now.plus(1) }));
    assert_eq!(asked(None, Some(now.plus(-190))), Ok(Period { from: earliest, to: now.plus(-190) }));
    assert_eq!(asked(Some(earliest.plus(-1)), None), Err("from"));
    assert_eq!(asked(Some(now), Some(now)), Err("to"));
    assert_eq!(asked(None, Some(earliest)), Err("to"));
}
