//! Crashes at every byte, full disks, torn lines, a database that refuses: no record is lost, none comes twice.

mod figures;
mod replay;

use super::layout::database_file;
use super::*;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Event, Fact, Outcome, Party};
use crate::ledger::Cdr;
use crate::ledger::tests::{Stream, TEN, call, day, ended, offered_to};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("switchboard-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // In memory where there is such a place: the crash tests open a thousand stores, each with its syncs.
        let shm = Path::new("/dev/shm");
        let path = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() }.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    fn open(&self) -> Opened {
        open(&self.0, &Settings::default(), ledger::Settings::default()).expect("the store opens")
    }

    fn journal(&self) -> PathBuf {
        journal_dir(&self.0)
    }

    /// What a kill -9 at this moment would leave.
    fn snapshot(&self) -> Dir {
        let copy = Dir::new();
        fs::create_dir_all(copy.journal()).expect("a directory");
        for from in [&self.0, &self.journal()] {
            let to = copy.0.join(from.strip_prefix(&self.0).expect("below"));
            for entry in fs::read_dir(from).expect("readable") {
                let path = entry.expect("readable").path();
                if path.is_file() {
                    fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
                }
            }
        }
        copy
    }

    /// The records, by place in the stream.
    fn records(&self) -> Vec<Cdr> {
        let filter = Filter { limit: u32::MAX, ..Filter::default() };
        let mut cdrs = Reader::open(&self.0).expect("readable").calls(&filter).expect("records");
        cdrs.sort_by_key(|c| c.seq);
        cdrs
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The facts of the day as they are written: by time, numbered without gaps.
fn facts() -> Vec<Event> {
    let mut events = day().events;
    events.sort_by_key(|e| (e.at, e.seq));
    for (event, seq) in events.iter_mut().zip(1..) {
        event.seq = seq;
    }
    events
}

/// `n` calls of two facts each, overlapping.
fn flood(n: u64) -> Vec<Event> {
    let mut stream = Stream::default();
    let over = || ended(Outcome::Connected, Party::Caller, Cause::Normal, None);
    for i in 0..n + 10 {
        let ms = i64::try_from(i).expect("small");
        if i < n {
            stream.at(ms, Some(call(i)), offered_to("12345"));
        }
        if i >= 10 {
            stream.at(ms, Some(call(i - 10)), over());
        }
    }
    stream.events
}

fn run(store: &mut Opened, events: &[Event]) {
    store.journal.append(events).expect("appended");
    store.writer.send(events.to_vec());
}

#[test]
fn a_day_is_booked_once_and_can_be_asked_for() {
    let dir = Dir::new();
    let mut store = dir.open();
    for batch in facts().chunks(5) {
        run(&mut store, batch);
    }
    store.writer.flush().expect("booked");
    let mut reader = Reader::open(&dir.0).expect("readable while the daemon runs");
    let latest = reader.calls(&Filter::default()).expect("records");
    assert_eq!(latest.len(), 7);
    assert!(latest.is_sorted_by_key(|c| std::cmp::Reverse(c.t0)));
    let count = |filter: Filter| dir_count(&dir, &filter);
    assert_eq!(count(Filter { number: Some("12345".into()), ..Filter::default() }), 2);
    assert_eq!(count(Filter { number: Some("13900000001".into()), ..Filter::default() }), 7);
    assert_eq!(count(Filter { outcome: Some(Outcome::Connected), ..Filter::default() }), 2);
    assert_eq!(count(Filter { service: Some(crate::fact::Service::Emergency), ..Filter::default() }), 1);
    assert_eq!(count(Filter { limit: 3, ..Filter::default() }), 3);
    let since = Some(latest[3].t0);
    assert_eq!(count(Filter { since, ..Filter::default() }), 4);
    assert_eq!(count(Filter { until: since, ..Filter::default() }), 3);

    let newest = latest[0].t0;
    let hits = reader.hits(i64::MIN, newest).expect("counts");
    assert_eq!(hits.iter().map(|h| h.calls).sum::<u64>(), 7);
    assert_eq!(hits.iter().filter(|h| h.dialled == "12345").map(|h| h.calls).sum::<u64>(), 2);
    let until = |t| reader.hits(latest[6].t0, t).expect("counts").iter().map(|h| h.calls).sum::<u64>();
    assert_eq!([newest, newest - 1].map(until), [6, 5], "after the first, up to the last");

    let (cdr, events) = reader.call(call(1)).expect("readable").expect("known");
    assert_eq!((cdr.dialled.as_str(), events.len()), ("12333", 17));
    assert!(events.iter().all(|e| e.call == Some(call(1))) && events.is_sorted_by_key(|e| e.seq));
    assert_eq!(reader.call(call(99)).expect("readable"), None);
}

fn dir_count(dir: &Dir, filter: &Filter) -> usize {
    Reader::open(&dir.0).expect("readable").calls(filter).expect("records").len()
}

#[test]
fn a_crash_at_every_byte_of_the_journal_loses_and_doubles_nothing() {
    let all = facts();
    let written = |e: &Event| {
        let mut bytes = Vec::new();
        line::write(&mut bytes, e).expect("json");
        bytes
    };
    let lines: Vec<Vec<u8>> = all.iter().map(written).collect();
    // The database stands some events before a call's end, with others live; the crash comes in the lines around it.
    let last = all.iter().rposition(|e| matches!(e.fact, Fact::CallEnded { .. })).expect("an end");
    let (booked, upto) = (last - 6, last + 1);
    let dir = Dir::new();
    let mut store = dir.open();
    run(&mut store, &all[..booked]);
    store.writer.flush().expect("booked");
    let base = dir.snapshot();
    let segment = segment::path(&base.journal(), 1);
    let head: usize = lines[..booked].iter().map(Vec::len).sum();
    assert_eq!(fs::metadata(&segment).expect("there").len(), head as u64);
    let bytes = lines[..upto].concat();
    for cut in head..=bytes.len() {
        let crashed = base.snapshot();
        fs::write(segment::path(&crashed.journal(), 1), &bytes[..cut]).expect("written");
        let whole = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        let recovered = crashed.open().recovered;
        let first = crashed.records();
        check(&all[..whole], &first, recovered.crashed);
        if cut % 16 == 0 {
            assert_eq!(crashed.open().recovered.crashed, 0, "nothing is owed any longer");
            assert_eq!(crashed.records(), first, "cut at byte {cut}");
        }
    }
}

/// Every call begun in `events` has one record: its own if it ended, else a crash.
fn check(events: &[Event], records: &[Cdr], crashed: usize) {
    let mut fold = ledger::Fold::new(ledger::Settings::default());
    let whole: Vec<Cdr> = events.iter().filter_map(|e| fold.apply(e)).collect();
    let own: Vec<&Cdr> = records.iter().filter(|c| c.outcome != Outcome::Interrupted).collect();
    assert_eq!(own, whole.iter().collect::<Vec<_>>());
    assert_eq!((records.len() - own.len(), crashed), (fold.live().count(), fold.live().count()));
}

#[test]
fn a_crash_between_any_two_batches_and_bookings_loses_and_doubles_nothing() {
    let all = facts();
    let seed = 12_345u64;
    let mut random = seed;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).expect("31 bits") % below
    };
    for round in 0..30 {
        let dir = Dir::new();
        let mut store = dir.open();
        let (mut at, end) = (0, next(all.len() + 1));
        while at < end {
            let to = (at + 1 + next(9)).min(end);
            store.journal.append(&all[at..to]).expect("appended");
            match next(4) {
                0 => {} // killed or queue full: written, not handed over
                1 => {
                    store.writer.send(all[at..to].to_vec());
                    store.writer.flush().expect("booked");
                }
                _ => store.writer.send(all[at..to].to_vec()),
            }
            at = to;
        }
        store.writer.flush().expect("quiet, so that the copy is what a kill -9 leaves");
        let killed = dir.snapshot();
        let recovered = killed.open().recovered;
        println!("seed {seed} round {round}: {end} events, {recovered:?}");
        check(&all[..end], &killed.records(), recovered.crashed);
    }
}

#[test]
fn numbers_go_on_when_the_journal_is_deleted_and_records_come_back_when_the_database_is() {
    let all = facts();
    let dir = Dir::new();
    let mut store = dir.open();
    run(&mut store, &all);
    drop(store);
    let records = dir.records();
    fs::remove_file(dir.0.join("switchboard.db")).expect("removed");
    drop(dir.open());
    assert_eq!(dir.records(), records);
    fs::remove_dir_all(dir.journal()).expect("removed");
    assert_eq!(dir.open().journal.next_seq(), all.len() as u64 + 1);
    assert_eq!(dir.records(), records);
}

#[test]
fn what_did_not_fit_into_the_queue_is_read_from_the_journal() {
    let all = flood(100);
    let dir = Dir::new();
    let mut store = dir.open();
    for (n, batch) in all.chunks(10).enumerate() {
        store.journal.append(batch).expect("appended");
        if n % 3 == 0 {
            store.writer.send(batch.to_vec());
        }
    }
    store.writer.send(all[all.len() - 1..].to_vec());
    store.writer.flush().expect("booked");
    assert_eq!(dir.records().len(), 100);
    assert_eq!(store.writer.live().expect("asked"), []);
    drop(store);

    // Far more batches at once than the queue takes: some find it full, the last ones among them.
    let dir = Dir::new();
    let mut store = dir.open();
    let all = flood(15_000);
    store.journal.append(&all).expect("appended");
    for event in &all {
        store.writer.send(vec![event.clone()]);
    }
    store.writer.flush().expect("booked");
    assert_eq!(dir.records().len(), 15_000);
}

/// Does something to the database file from another connection.
fn tamper(dir: &Dir, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        use sqlx::{ConnectOptions, Connection};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database_file(&dir.0));
        let mut connection = options.connect().await.expect("connected");
        sqlx::query(sql).execute(&mut connection).await.expect("tampered");
        connection.close().await.expect("closed");
    });
}

#[test]
fn a_database_that_refuses_is_told_of_and_loses_nothing() {
    for calls in [50u64, 60_000] {
        let all = flood(calls);
        let dir = Dir::new();
        let mut store = dir.open();
        tamper(&dir, "ALTER TABLE cdr RENAME TO away");
        for batch in all.chunks(500) {
            run(&mut store, batch);
        }
        assert!(store.writer.flush().is_err());
        assert!(store.writer.failing().is_some_and(|why| why.contains("cdr")));
        tamper(&dir, "ALTER TABLE away RENAME TO cdr");
        store.writer.flush().expect("booked");
        assert_eq!((dir.records().len(), store.writer.failing()), (usize::try_from(calls).expect("small"), None));
    }
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_one_sentence() {
    let dir = Dir::new();
    let store = dir.open();
    let error = open(&dir.0, &Settings::default(), ledger::Settings::default()).expect_err("in use");
    assert_eq!(error.to_string(), format!("{} is in use by another switchboard", dir.0.display()));
    drop(store);
    dir.open();
}

#[test]
fn a_database_of_a_newer_switchboard_is_left_alone() {
    let dir = Dir::new();
    drop(dir.open());
    tamper(&dir, "UPDATE meta SET value = 2 WHERE name = 'version'");
    let error = open(&dir.0, &Settings::default(), ledger::Settings::default()).expect_err("newer");
    assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }));
    assert!(matches!(Reader::open(&dir.0), Err(Error::Newer { .. })));
}

#[test]
fn transfers_are_booked_with_their_calls_given_page_by_page_and_go_with_them() {
    let asked = |transfer, ms: i64| {
        let fact = Fact::TransferAsked {
            transfer,
            by: crate::id::LegRef(2),
            to: "12366".into(),
            title: "税务".into(),
            way: crate::fact::Way::ThreeWay,
            emergency: false,
            ordered_by: String::new(),
            brief: crate::fact::Brief::default(),
        };
        (ms, fact)
    };
    // More than a page, many at one moment, in calls that end in another order than they ask.
    let (calls, each) = (60, 100u32);
    let mut stream = Stream::default();
    for n in 0..calls {
        stream.at(0, Some(call(n)), offered_to("12345"));
        for transfer in 1..=each {
            let (ms, fact) = asked(transfer, i64::from(transfer % 7) * 1_000);
            stream.at(ms, Some(call(n)), fact);
        }
    }
    for n in (0..calls).rev() {
        stream.at(9_000, Some(call(n)), ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    }
    let dir = Dir::new();
    let mut store = dir.open();
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    let read = |since: i64, until: i64| {
        let mut found = Vec::new();
        let mut reader = Reader::open(&dir.0).expect("readable");
        reader.transfers(since, until, |t| found.push((t.asked, t.transfer, t.fate))).expect("transfers");
        found
    };
    let all = read(i64::MIN, i64::MAX);
    assert_eq!(all.len() as u64, calls * u64::from(each));
    assert!(all.is_sorted_by_key(|(asked, ..)| *asked));
    assert!(all.iter().all(|(_, _, fate)| *fate == Some(ledger::transfers::Fate::CallerGone)));
    let at = |s: i64| TEN + s * 1_000_000;
    let third = all.iter().filter(|(asked, ..)| *asked == at(3)).count();
    assert_eq!((read(at(3), at(4)).len(), read(at(4), at(4)).len()), (third, 0));
    // Old records take theirs with them.
    drop(store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut database = runtime.block_on(Database::open(&database_file(&dir.0))).expect("open");
    assert_eq!(runtime.block_on(database.prune(i64::MAX)).expect("pruned"), calls);
    assert_eq!(read(i64::MIN, i64::MAX), []);
}

#[test]
fn a_reader_of_nothing_says_what_is_missing() {
    let dir = Dir::new();
    let error = Reader::open(&dir.0).expect_err("nothing there");
    assert!(error.to_string().starts_with(&dir.0.join("switchboard.db").display().to_string()));
}

#[test]
fn old_records_and_segments_go_and_what_is_not_folded_stays() {
    let dir = Dir::new();
    let settings = Settings { segment_bytes: 2_000, record_days: 2, journal_days: 1, ..Settings::default() };
    let mut store = open(&dir.0, &settings, ledger::Settings::default()).expect("opens");
    let mut all = flood(100);
    let live = all.len() as u64 + 1;
    let mut late = Stream { events: Vec::new(), seq: all.len() as u64 };
    let day = 24 * 3_600 * 1_000;
    let over = || ended(Outcome::Connected, Party::Caller, Cause::Normal, None);
    late.at(day / 2, Some(call(5_000)), offered_to("12345"));
    for n in 0..20 {
        let c = Some(call(6_000 + n));
        late.at(3 * day, c, offered_to("12345")).at(3 * day, c, over());
    }
    all.append(&mut late.events);
    for batch in all.chunks(4) {
        run(&mut store, batch);
    }
    store.writer.flush().expect("booked");
    drop(store);
    let left = segment::list(&dir.journal()).expect("listed");
    assert!(left[0].first_seq > 50 && left[0].first_seq <= live, "the live call's beginning stays: {left:?}");
    // Two flushes: the first pruning came with the first booking, the next an hour of event time later.
    assert_eq!(dir.records().len(), 20);
    let mut reader = Reader::open(&dir.0).expect("readable");
    assert!(reader.call(call(6_000)).expect("readable").expect("known").1.len() == 2);
}

/// A medium with so much room, that takes at most so much at a time.
struct Disk {
    segments: BTreeMap<u64, Vec<u8>>,
    room: usize,
    gulp: usize,
    syncs: u32,
}

impl Disk {
    fn new(room: usize, gulp: usize) -> Self {
        Self { segments: BTreeMap::from([(1, Vec::new())]), room, gulp, syncs: 0 }
    }

    fn events(&self) -> Vec<Event> {
        let lines = self.segments.values().flat_map(|s| s.split_inclusive(|b| *b == b'\n'));
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

impl Medium for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = bytes.len().min(self.room).min(self.gulp);
        self.segments.last_entry().expect("one").get_mut().extend(&bytes[..n]);
        self.room -= n;
        Ok(n)
    }
    fn rotate(&mut self, first_seq: u64) -> io::Result<()> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.segments.insert(first_seq, Vec::new());
        Ok(())
    }
    fn sync_soon(&mut self) {
        self.syncs += 1;
    }
    fn sync_now(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_keeps_everything_in_order_until_there_is_room() {
    let all = facts();
    for room in [0, 1, 150, 1_000, 5_000] {
        let mut journal = Journal::new(Disk::new(room, 333), &Settings::default(), 1, 0);
        let mut refused = 0;
        for batch in all.chunks(3) {
            match journal.append(batch) {
                Ok(()) => assert_eq!(journal.health(), Health::default()),
                Err(JournalError::Deferred { waiting, .. }) => {
                    assert_eq!(journal.health().waiting, waiting);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused > 0 && journal.health().failing.is_some());
        journal.medium_mut().room = usize::MAX;
        let later = Now { mono: 10 * SECOND, wall: 0 };
        journal.sync_if_due(later).expect("there is room now");
        assert_eq!(journal.health(), Health::default());
        assert_eq!(journal.medium_mut().events(), all, "room {room}");
    }
}

#[test]
fn a_full_disk_and_full_memory_are_counted_and_what_comes_later_is_kept() {
    let all = facts();
    let settings = Settings { unwritten_bytes: 2_000, ..Settings::default() };
    let mut journal = Journal::new(Disk::new(0, 4_096), &settings, 1, 0);
    let (first, later) = all.split_at(40);
    let error = journal.append(first).expect_err("full");
    assert!(error.to_string().contains("events are lost so far"), "{error}");
    let lost = journal.health().lost;
    assert!(journal.health().waiting < 2_000 + 600 && lost > 20);
    journal.medium_mut().room = usize::MAX;
    journal.append(later).expect("there is room now");
    let kept = journal.medium_mut().events();
    assert_eq!(kept.len() as u64, all.len() as u64 - lost);
    assert!(kept.ends_with(later) && kept.is_sorted_by_key(|e| e.seq));
}

#[test]
fn a_batch_larger_than_the_memory_is_no_loss_on_a_disk_with_room() {
    let settings = Settings { unwritten_bytes: 500, ..Settings::default() };
    let mut journal = Journal::new(Disk::new(usize::MAX, 4_096), &settings, 1, 0);
    journal.append(&facts()).expect("room");
    assert_eq!(journal.medium_mut().events(), facts());
}

#[test]
fn a_real_device_that_is_full_gives_one_clear_sentence() {
    let dir = Dir::new();
    let folder = Folder::open(&dir.0, Path::new("/dev/full")).expect("opens");
    let mut journal = Journal::new(folder, &Settings::default(), 1, 0);
    let error = journal.append(&facts()[..1]).expect_err("full");
    let text = error.to_string();
    assert!(text.starts_with("the event journal cannot be written (No space left on device"), "{text}");
}
