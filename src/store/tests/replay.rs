//! Numbers, syncs, segments, damage; what becomes of recordings.

use super::*;

#[test]
fn numbers_only_grow() {
    let all = facts();
    let mut journal = Journal::new(Disk::new(usize::MAX, 4_096), &Settings::default(), 1, 0);
    journal.append(&all[..5]).expect("in order");
    let error = journal.append(&all[3..6]).expect_err("again");
    assert!(matches!(error, JournalError::OutOfOrder { last: 5, got: 4 }));
    assert_eq!(journal.next_seq(), 6);
}

#[test]
fn the_disk_is_synced_at_most_once_a_second() {
    let all = facts();
    let mut journal = Journal::new(Disk::new(usize::MAX, 4_096), &Settings::default(), 1, 0);
    let mut now = Now { mono: 5 * SECOND, wall: 0 };
    assert_eq!(journal.deadline(), None);
    for event in &all {
        journal.append(std::slice::from_ref(event)).expect("room");
        journal.sync_if_due(now).expect("room");
        now = now.plus(SECOND / 10);
    }
    let seconds = all.len().div_ceil(10);
    assert_eq!(journal.medium_mut().syncs as usize, seconds);
}

#[test]
fn segments_follow_each_other_and_a_replay_begins_anywhere() {
    let all = flood(100);
    let dir = Dir::new();
    let settings = Settings { segment_bytes: 3_000, ..Settings::default() };
    let (mut journal, _) = Journal::open(&dir.0, &settings, 1).expect("opens");
    for batch in all.chunks(7) {
        journal.append(batch).expect("appended");
    }
    journal.close().expect("synced");
    assert!(segment::list(&dir.0).expect("listed").len() > 5);
    for from in [0, 1, 2, 50, 199, 200, 201] {
        let read: Result<Vec<Event>, Damaged> = replay(&dir.0, from).expect("listed").collect();
        let expected: Vec<Event> = all.iter().filter(|e| e.seq >= from).cloned().collect();
        assert_eq!(read.expect("sound"), expected, "from {from}");
    }
    let (journal, cut) = Journal::open(&dir.0, &settings, 1).expect("opens");
    assert_eq!((journal.next_seq(), cut), (201, 0));
    let begins: Vec<u64> = segment::list(&dir.0).expect("listed").iter().map(|s| s.first_seq).collect();
    let needed = begins.partition_point(|seq| *seq <= 100) - 1;
    assert_eq!(segment::drop_before(&dir.0, 100, TEN - 1).expect("looked"), 0, "none is older than the first event");
    assert_eq!(segment::drop_before(&dir.0, 100, i64::MAX).expect("dropped"), needed);
    let first = replay(&dir.0, 0).expect("listed").next().expect("some").expect("sound");
    assert_eq!(first.seq, begins[needed], "the segment of event 100 stays");
}

#[test]
fn damage_in_the_middle_is_passed_over_and_a_newer_line_at_the_end_is_kept() {
    let all = facts();
    let dir = Dir::new();
    let path = segment::path(&dir.0, 1);
    let line = |e: &Event| serde_json::to_string(e).expect("json") + "\n";
    let mut text = line(&all[0]) + "\0\0\0\0\n" + &line(&all[1]);
    text += "{\"v\":9,\"seq\":3,\"at\":0,\"what\":\"something_new\"}\n";
    let whole = text.len();
    text += "\0\0\0 torn by a power loss \n{\"v\":1,\"seq\":4,";
    fs::write(&path, &text).expect("written");
    let (journal, cut) = Journal::open(&dir.0, &Settings::default(), 1).expect("opens");
    assert_eq!((journal.next_seq(), cut), (4, (text.len() - whole) as u64));
    let read: Vec<_> = replay(&dir.0, 1).expect("listed").collect();
    assert_eq!(read.iter().filter_map(|r| r.as_ref().ok()).collect::<Vec<_>>(), [&all[0], &all[1]]);
    let bad: Vec<String> = read.iter().filter_map(|r| r.as_ref().err()).map(ToString::to_string).collect();
    assert!(bad.len() == 2 && bad[0].contains(".jsonl:2: ") && bad[1].contains(".jsonl:4: "), "{bad:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "measures; prints a figure and judges nothing by it")]
fn ten_thousand_records_are_booked_and_the_figure_is_printed() {
    let dir = Dir::new();
    let mut store = dir.open();
    let all: Vec<Event> = {
        let one = facts();
        let per = one.len() as u64;
        let copy = |n: u64| one.iter().map(move |e| (n, e.clone()));
        let renumber = |(n, mut e): (u64, Event)| {
            e.seq += n * per;
            e.call = e.call.map(|c| crate::id::CallRef(c.0 + n * 64));
            e
        };
        (0..1_429).flat_map(copy).map(renumber).collect()
    };
    let start = std::time::Instant::now();
    let mut journal = std::time::Duration::ZERO;
    for batch in all.chunks(6) {
        let before = std::time::Instant::now();
        store.journal.append(batch).expect("appended");
        journal += before.elapsed();
        store.writer.send(batch.to_vec());
    }
    store.writer.flush().expect("booked");
    let (events, took) = (all.len(), start.elapsed());
    println!("{events} events, 10003 records: {took:?} in all, {journal:?} of it appending to the journal");
    assert_eq!(dir.records().len(), 10_003);
}

fn archived(file: &str, sha256: &str) -> crate::fact::Archived {
    crate::fact::Archived { file: file.into(), bytes: 7, sha256: sha256.into(), sound_sha256: None, key: None }
}

#[test]
fn what_becomes_of_a_recording_after_the_call_stands_in_its_record() {
    let dir = Dir::new();
    let mut stream = Stream::default();
    let (first, second) = (call(1), call(2));
    for call in [first, second] {
        stream.at(0, Some(call), offered_to("12345"));
        stream.at(1, Some(call), Fact::RecordingStarted { file: format!("20211215/{call}") });
        stream.at(2, Some(call), ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    }
    let flac = archived(&format!("20211215/{first}.flac"), "ab");
    stream.at(3, Some(first), Fact::RecordingArchived { archived: archived(&format!("20211215/{first}.wav"), "cd") });
    stream.at(4, Some(first), Fact::RecordingArchived { archived: flac.clone() });
    // Of a call of the same reference, on another day.
    stream.at(
        5,
        Some(second),
        Fact::RecordingArchived { archived: archived(&format!("20101215/{second}.flac"), "ef") },
    );
    let mut store = dir.open();
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    let read = |call| Reader::open(&dir.0).expect("readable").record(call).expect("read").expect("a record");
    let of = |call| read(call).archived.map(|kept| *kept);
    assert_eq!((of(first), of(second)), (Some(flac.clone()), None), "the latest word counts");
    drop(store);
    // Folded again from the journal alone it is the same.
    fs::remove_file(database_file(&dir.0)).expect("a database");
    drop(dir.open());
    assert_eq!(of(first), Some(flac));
    assert_eq!(dir.records().len(), 2);
}

fn carried(leg: u8, received: u64) -> crate::fact::Quality {
    crate::fact::Quality {
        leg: crate::id::LegRef(leg.into()),
        codec: "PCMA".into(),
        received,
        lost: 2,
        jitter_us: 1_500,
        mos: Some(438),
        sent: 90,
        far_lost: None,
        far_expected: None,
        far_jitter_us: None,
        far_mos: None,
        round_trip_us: None,
    }
}

#[test]
fn what_a_calls_media_was_like_stands_in_its_record_whether_that_is_booked_by_then_or_not() {
    let dir = Dir::new();
    let mut stream = Stream::default();
    let (first, second) = (call(1), call(2));
    let said = |n| Fact::MediaCarried { legs: vec![carried(0, n), carried(1, n + 1)] };
    for call in [first, second] {
        stream.at(0, Some(call), offered_to("12345"));
        stream.at(2, Some(call), ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    }
    stream.at(2, Some(first), said(100));
    let mut store = dir.open();
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    let of = |call| {
        let cdr = Reader::open(&dir.0).expect("readable").record(call).expect("read").expect("a record");
        cdr.media.iter().map(|quality| (quality.leg.0, quality.received)).collect::<Vec<_>>()
    };
    assert_eq!((of(first), of(second)), (vec![(0, 100), (1, 101)], vec![]));
    stream.events.clear();
    stream.at(3, Some(second), said(200));
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    assert_eq!((of(first), of(second)), (vec![(0, 100), (1, 101)], vec![(0, 200), (1, 201)]));
    drop(store);
    fs::remove_file(database_file(&dir.0)).expect("a database");
    drop(dir.open());
    assert_eq!((of(first), of(second)), (vec![(0, 100), (1, 101)], vec![(0, 200), (1, 201)]), "folded again");
    assert_eq!(dir.records().len(), 2);
}

#[test]
fn a_database_from_before_recordings_were_kept_is_read_and_then_gets_its_table() {
    let dir = Dir::new();
    let mut stream = Stream::default();
    stream.at(0, Some(call(1)), offered_to("12345"));
    stream.at(1, Some(call(1)), Fact::RecordingStarted { file: "20211215/x".into() });
    stream.at(2, Some(call(1)), ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    let mut store = dir.open();
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    drop(store);
    tamper(&dir, "DROP TABLE cdr_recording");
    assert_eq!(dir.records()[0].archived, None, "before any daemon of ours has opened it");
    let mut store = dir.open();
    stream.events.clear();
    stream.at(3, Some(call(1)), Fact::RecordingArchived { archived: archived("20211215/x.flac", "ab") });
    run(&mut store, &stream.events);
    store.writer.flush().expect("booked");
    assert_eq!(dir.records()[0].archived, Some(Box::new(archived("20211215/x.flac", "ab"))));
}

#[test]
fn a_bit_that_changes_in_the_journal_is_told_of_and_costs_its_own_event_only() {
    let all = facts();
    let dir = Dir::new();
    let settings = Settings::default();
    let (mut journal, _) = Journal::open(&dir.0, &settings, 1).expect("opens");
    journal.append(&all).expect("appended");
    journal.close().expect("synced");
    let path = segment::path(&dir.0, 1);
    let sound = fs::read(&path).expect("readable");
    let ends: Vec<usize> = sound.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).collect();
    for (line, byte) in [(3, 5), (3, 14), (3, 90), (7, 13), (7, 60), (all.len() - 2, 13)] {
        let mut bytes = sound.clone();
        // Not into the end of a line: that costs two.
        let at = ends[line - 1] + 1 + byte;
        bytes[at] ^= 0x01;
        fs::write(&path, &bytes).expect("written");
        for from in [1, 2] {
            let read: Vec<_> = replay(&dir.0, from).expect("listed").collect();
            let bad: Vec<String> = read.iter().filter_map(|r| r.as_ref().err()).map(ToString::to_string).collect();
            assert!(bad.len() == 1 && bad[0].contains(&format!(".jsonl:{}: ", line + 1)), "{line} {byte}: {bad:?}");
            let good: Vec<&Event> = read.iter().filter_map(|r| r.as_ref().ok()).collect();
            let expected: Vec<&Event> =
                all.iter().enumerate().filter(|(n, e)| *n != line && e.seq >= from).map(|(_, e)| e).collect();
            assert_eq!(good, expected);
        }
    }
    // The last line's number is not believed either: the journal goes on behind the one before it.
    let mut bytes = sound.clone();
    let last = ends[ends.len() - 2] + 1;
    bytes[last + 13] ^= 0x01;
    fs::write(&path, &bytes).expect("written");
    let (journal, cut) = Journal::open(&dir.0, &settings, 1).expect("opens");
    assert_eq!((journal.next_seq(), cut), (all.len() as u64, (sound.len() - last) as u64));
}

#[test]
fn a_database_that_is_damaged_is_set_aside_and_rebuilt_at_the_start_and_while_it_runs() {
    let all = facts();
    let mut late = Stream { events: Vec::new(), seq: all.len() as u64 };
    late.at(9_000_000, Some(call(900)), offered_to("12345"));
    late.at(9_000_001, Some(call(900)), ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    for (running, at, length) in [(false, 0, 64), (false, 4_096, 4_096), (true, 4_096, 8 * 4_096)] {
        let dir = Dir::new();
        let mut store = dir.open();
        run(&mut store, &all);
        store.writer.flush().expect("booked");
        drop(store);
        let before = dir.records();
        let path = database_file(&dir.0);
        let spoil = || {
            let mut bytes = fs::read(&path).expect("readable");
            let end = (at + length).min(bytes.len());
            bytes[at..end].iter_mut().for_each(|b| *b ^= 0x5a);
            fs::write(&path, bytes).expect("written");
        };
        let mut store = if running {
            let store = dir.open();
            spoil();
            store
        } else {
            spoil();
            let store = dir.open();
            assert!(store.recovered.rebuilt && store.recovered.alarm().is_some_and(|a| a.contains("set aside")));
            store
        };
        run(&mut store, &late.events);
        store.writer.flush().expect("booked");
        assert_eq!(store.writer.failing(), None);
        drop(store);
        let names: Vec<String> = fs::read_dir(&dir.0)
            .expect("listed")
            .flatten()
            .map(|f| f.file_name().to_string_lossy().into_owned())
            .collect();
        assert!(names.iter().any(|n| n == "switchboard.db.damaged-1"), "{running} {at}: {names:?}");
        let after = dir.records();
        assert!(after.len() == before.len() + 1 && after.starts_with(&before), "{running} {at}");
    }
}

#[test]
fn a_start_on_a_disk_without_damage_raises_no_alarm() {
    let dir = Dir::new();
    let mut store = dir.open();
    assert_eq!(store.recovered.alarm(), None);
    run(&mut store, &facts());
    drop(store);
    assert_eq!(dir.open().recovered.alarm(), None);
}
