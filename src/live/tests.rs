//! Rows in, lists and changes out: what a reader rebuilds from snapshot and changes is what is there.

use super::group::Groups;
use super::*;
use crate::exchange::{CallRow, Change, GroupRow, SeatRow};
use crate::id::CallRef;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn call(n: u64, stage: &str) -> CallRow {
    let row = json!({ "call": CallRef(n), "dialled": "12345", "caller": "13900000001", "stage": stage, "with": [] });
    serde_json::from_value(row).unwrap()
}

fn seat(name: &str, groups: &[&str], state: &str) -> SeatRow {
    SeatRow {
        seat: name.into(),
        agent: None,
        group: groups.first().map(|g| (*g).to_owned()).unwrap_or_default(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        skills: BTreeMap::new(),
        state: state.into(),
        zh: "x".into(),
        since: 0,
        until: None,
        answered: 0,
        talked_s: 0,
        contact: None,
        locked: Vec::new(),
    }
}

fn groups(waiting: usize) -> Change {
    Change::Groups(vec![GroupRow {
        group: "main".into(),
        title: "12345 坐席".into(),
        waiting,
        at_work: 1,
        least: 1,
        short: false,
        disaster: false,
    }])
}

/// A board with whoever writes it.
struct Desk(Arc<Board>, Groups);

impl Desk {
    fn new() -> Self {
        Self(Arc::new(Board::default()), Groups::default())
    }

    fn take(&mut self, changes: Vec<Change>) {
        self.0.take(changes, &mut self.1);
    }

    fn list(&self, what: Listed) -> Value {
        serde_json::from_slice(&self.0.list(what)).expect("json")
    }
}

#[test]
fn lists_are_what_was_told_and_are_written_once_for_all() {
    let mut desk = Desk::new();
    assert_eq!(desk.list(Listed::Calls), json!({ "calls": [] }));
    let rows = [call(2, "queueing"), call(1, "talking")];
    desk.take(rows.iter().cloned().map(|row| Change::Call(Box::new(row))).collect());
    assert_eq!(desk.list(Listed::Calls), json!({ "calls": [rows[1], rows[0]] }), "oldest first");
    let (one, other) = (desk.0.list(Listed::Calls), desk.0.list(Listed::Calls));
    assert_eq!(one.as_ptr(), other.as_ptr());
    desk.take(vec![Change::Over(CallRef(1)), Change::Seat(Box::new(seat("8001", &["main"], "ready"))), groups(1)]);
    assert_eq!(desk.list(Listed::Calls), json!({ "calls": [rows[0]] }));
    assert_eq!(desk.list(Listed::Seats)["seats"][0]["seat"], "8001");
    assert_eq!((desk.0.call(CallRef(1)), desk.0.call(CallRef(2)).is_some()), (None, true));
    // All at once: who is not among them is over.
    desk.take(vec![Change::Calls(vec![call(3, "ringing")])]);
    assert_eq!(desk.list(Listed::Calls), json!({ "calls": [call(3, "ringing")] }));
}

#[test]
fn what_is_as_it_was_is_no_change() {
    let mut desk = Desk::new();
    let same = || {
        vec![
            Change::Call(Box::new(call(1, "talking"))),
            Change::Seat(Box::new(seat("8001", &["main"], "ready"))),
            groups(0),
        ]
    };
    desk.take(same());
    assert_eq!(desk.0.seq(), 1);
    desk.take(same());
    desk.take(vec![Change::Over(CallRef(9)), Change::Calls(vec![call(1, "talking")])]);
    assert_eq!((desk.0.seq(), desk.0.after(1)), (1, Resumed::On(Vec::new())));
}

#[test]
fn groups_count_their_seats_as_they_change() {
    let mut desk = Desk::new();
    let put = |desk: &mut Desk, rows: &[SeatRow]| {
        desk.take(rows.iter().cloned().map(|row| Change::Seat(Box::new(row))).collect());
        let Value::Object(group) = desk.list(Listed::Groups)["groups"][0].clone() else { panic!("no group") };
        ["waiting", "seats", "ready", "busy", "wrap_up"].map(|name| group[name].as_u64().expect("a number"))
    };
    desk.take(vec![groups(3)]);
    let rows = [
        seat("8001", &["main"], "ready"),
        seat("8002", &["main", "law"], "talking>break"),
        seat("8003", &["law"], "ready"),
    ];
    assert_eq!(put(&mut desk, &rows), [3, 2, 1, 1, 0]);
    assert_eq!(put(&mut desk, &[seat("8001", &["main"], "ready+lost")]), [3, 2, 0, 1, 0]);
    assert_eq!(put(&mut desk, &[seat("8002", &["main"], "wrap_up")]), [3, 2, 0, 0, 1]);
    assert_eq!(put(&mut desk, &[seat("8001", &["law"], "not_ready:busy")]), [3, 1, 0, 0, 1]);
}

/// What a reader has, by its own copy of the rows.
#[derive(Default, PartialEq, Debug)]
struct Reader {
    seq: u64,
    calls: BTreeMap<String, Value>,
    seats: BTreeMap<String, Value>,
    groups: Value,
}

impl Reader {
    fn begin(&mut self, board: &Board) {
        let (seq, document) = board.snapshot();
        *self = Self { seq, ..Self::default() };
        self.apply(&document);
    }

    fn apply(&mut self, document: &Value) {
        let rows = |name: &str| document[name].as_array().cloned().unwrap_or_default();
        for call in rows("over") {
            self.calls.remove(call.as_str().expect("a reference"));
        }
        for row in rows("calls") {
            self.calls.insert(row["call"].as_str().expect("a reference").to_owned(), row);
        }
        for row in rows("seats") {
            self.seats.insert(row["seat"].as_str().expect("a seat").to_owned(), row);
        }
        if let Some(groups) = document.get("groups") {
            self.groups = groups.clone();
        }
        self.seq = document["seq"].as_u64().expect("a number");
    }

    fn follow(&mut self, board: &Board) {
        match board.after(self.seq) {
            Resumed::Lost => self.begin(board),
            Resumed::On(deltas) => {
                for delta in deltas {
                    assert_eq!(delta.seq, self.seq + 1, "without a gap");
                    self.apply(&serde_json::from_str(&delta.json).expect("json"));
                }
            }
        }
    }
}

#[test]
fn snapshot_and_changes_are_the_same_as_the_lists_whenever_one_begins() {
    let mut desk = Desk::new();
    let mut random = 7u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut readers: Vec<Reader> = Vec::new();
    for round in 0..3_000 {
        let mut changes = Vec::new();
        for _ in 0..next(4) {
            let (n, stage) = (next(30), ["queueing", "talking"][next(2) as usize]);
            changes.push(match next(5) {
                0 => Change::Over(CallRef(n)),
                1 => Change::Seat(Box::new(seat(
                    &format!("80{n:02}"),
                    &["main"],
                    ["ready", "talking"][next(2) as usize],
                ))),
                2 => groups(next(3) as usize),
                _ => Change::Call(Box::new(call(n, stage))),
            });
        }
        desk.take(changes);
        if round % 100 == 0 {
            let mut reader = Reader::default();
            reader.begin(&desk.0);
            readers.push(reader);
        }
        // Each follows at its own pace; some fall behind and begin again.
        for (n, reader) in readers.iter_mut().enumerate() {
            if round % (n as u64 * 60 + 1) == 0 {
                reader.follow(&desk.0);
            }
        }
    }
    let mut whole = Reader::default();
    whole.begin(&desk.0);
    for mut reader in readers {
        reader.follow(&desk.0);
        assert_eq!(reader, whole);
    }
    assert!(desk.0.seq() > KEPT as u64 + 500, "more than are kept: {}", desk.0.seq());
}

#[test]
fn a_number_of_the_future_or_of_long_ago_cannot_be_gone_on_from() {
    let mut desk = Desk::new();
    for n in 0..KEPT as u64 + 10 {
        desk.take(vec![Change::Call(Box::new(call(n % 7, &n.to_string())))]);
    }
    let last = desk.0.seq();
    assert_eq!(desk.0.after(last), Resumed::On(Vec::new()));
    assert_eq!(
        [desk.0.after(last + 1), desk.0.after(0), desk.0.after(9)],
        [Resumed::Lost, Resumed::Lost, Resumed::Lost]
    );
    assert!(matches!(desk.0.after(10), Resumed::On(deltas) if deltas.len() == KEPT));
}

#[test]
fn a_full_queue_asks_for_nothing() {
    let board = Arc::new(Board::default());
    let feed = start(Arc::clone(&board)).expect("a thread");
    assert!(feed.offer(|| vec![Change::Call(Box::new(call(1, "talking")))]));
    for _ in 0..5_000 {
        if board.seq() == 1 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!((board.seq(), board.calls().len()), (1, 1));
}
