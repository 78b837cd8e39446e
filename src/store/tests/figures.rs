//! Figures live as long as the records: the same after a restart, a kill, a database made anew; no record counts twice.

use super::*;
use crate::fact::Service;
use crate::ledger::figures::{Book, Hour, KEPT, Sheet};
use std::sync::Arc;

/// Calls that end, some after others have begun, spread over so many hours.
fn hours(calls: u64, hours: i64) -> Vec<Event> {
    let mut stream = Stream::default();
    for n in 0..calls {
        let ms = i64::try_from(n).expect("small") * hours * 3_600_000 / i64::try_from(calls).expect("small");
        let c = Some(call(n));
        stream.at(ms, c, offered_to("12345"));
        let (entry, title, state, plan) = ("hotline.12345".to_owned(), String::new(), String::new(), String::new());
        stream.at(ms, c, Fact::CallRouted { entry, title, service: Service::Hotline, state, plan });
        if n >= 5 {
            let over = ended(Outcome::Abandoned, Party::Caller, Cause::CallerGone, None);
            stream.at(ms + 1, Some(call(n - 5)), over);
        }
    }
    stream.events
}

/// The figures once nothing more is read back.
fn settled(store: &Opened) -> Arc<Sheet> {
    let figures = store.writer.figures();
    for _ in 0..2_000 {
        store.writer.flush().expect("booked");
        let sheet = figures.load_full();
        if sheet.complete {
            return sheet;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    panic!("the figures are not complete after a while");
}

/// What the records alone say.
fn over(dir: &Dir) -> Book {
    let mut book = Book::new(crate::calendar::Zone::utc(), KEPT);
    dir.records().iter().for_each(|cdr| book.add(cdr));
    book
}

fn counted(sheet: &Sheet) -> u64 {
    let (from, to) = (Hour::of(0, sheet.book.zone()), Hour::of(TEN * 2, sheet.book.zone()));
    sheet.book.tally(from, to).all.outcomes.calls()
}

#[test]
fn figures_follow_the_records_and_are_the_same_after_every_kind_of_restart() {
    let all = hours(400, 30);
    let dir = Dir::new();
    let mut store = dir.open();
    let (first, second) = all.split_at(500);
    for batch in first.chunks(7) {
        run(&mut store, batch);
    }
    let sheet = settled(&store);
    assert_eq!((&sheet.book, counted(&sheet)), (&over(&dir), dir.records().len() as u64));
    assert_eq!(sheet.meter.tally.all.outcomes.calls(), counted(&sheet));
    // Killed: part of it in the database, part in the journal only, calls live.
    store.journal.append(second).expect("appended");
    let killed = dir.snapshot();
    let again = killed.open();
    let sheet = settled(&again);
    assert_eq!(again.recovered.crashed, 5);
    assert_eq!((&sheet.book, counted(&sheet)), (&over(&killed), 400));
    assert!(sheet.meter.tally.all.outcomes.calls() < 400, "meters are this run's");
    // In order.
    drop(again);
    let again = killed.open();
    let sheet = settled(&again);
    assert_eq!((&sheet.book, counted(&sheet)), (&over(&killed), 400));
    assert_eq!(sheet.meter.tally.all.outcomes.calls(), 0);
    // The database is gone: the journal tells it all.
    drop(again);
    fs::remove_file(database_file(&killed.0)).expect("removed");
    let sheet = settled(&killed.open());
    assert_eq!((&sheet.book, counted(&sheet)), (&over(&killed), 400));
}

#[test]
fn a_database_that_refuses_or_is_begun_anew_counts_no_record_twice() {
    let dir = Dir::new();
    let mut store = dir.open();
    let all = hours(2_000, 50);
    let (first, second) = all.split_at(3_000);
    for batch in first.chunks(100) {
        run(&mut store, batch);
    }
    let before = counted(&settled(&store));
    tamper(&dir, "ALTER TABLE cdr RENAME TO away");
    for batch in second.chunks(100) {
        run(&mut store, batch);
    }
    assert!(store.writer.flush().is_err());
    tamper(&dir, "ALTER TABLE away RENAME TO cdr");
    let sheet = settled(&store);
    assert!(counted(&sheet) > before);
    assert_eq!((&sheet.book, counted(&sheet)), (&over(&dir), dir.records().len() as u64));
    assert_eq!(sheet.meter.tally.all.outcomes.calls(), counted(&sheet));
}

#[test]
fn more_records_than_a_page_and_more_hours_than_are_kept_come_back_the_same() {
    let dir = Dir::new();
    let mut store = dir.open();
    for batch in hours(12_000, 400).chunks(500) {
        run(&mut store, batch);
    }
    let sheet = settled(&store);
    drop(store);
    let store = dir.open();
    let again = settled(&store);
    // Five calls were live: they ended as crashed, in their last hour.
    let mut expected = over(&dir);
    assert_eq!(again.book, expected);
    assert_eq!(counted(&again) - counted(&sheet), 5);
    assert_eq!(expected.first_when_full(), again.book.first_when_full());
    expected.add(&dir.records()[0]);
    assert_eq!(again.book, expected, "a record older than all hours that are kept changes nothing");
}
