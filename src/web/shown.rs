//! The one-key panel as pages are told of it: all of it to whoever comes, and then what has changed.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The panel as it is sent: whole to whoever comes, and to the others what has changed since the one before.
#[derive(Debug)]
pub(super) struct Shown {
    /// Counts them.
    pub number: u64,
    /// `{"panel": …}`.
    pub whole: Arc<str>,
    /// The same of the rows that have changed, and the seats at which nobody sits any more.
    pub changed: Arc<str>,
}

impl Default for Shown {
    fn default() -> Self {
        Self { number: 0, whole: r#"{"panel":null}"#.into(), changed: r#"{"panel":null}"#.into() }
    }
}

impl Shown {
    /// What comes after this one, from its three lists: nothing, where nothing has changed.
    pub(super) fn next(&self, before: &Rows, now: &Rows) -> Option<Self> {
        if before == now {
            return None;
        }
        let whole: Arc<str> =
            json!({ "panel": { "lines": now.lines, "seats": now.seats, "groups": now.groups } }).to_string().into();
        let changed =
            now.since(before).map_or_else(|| Arc::clone(&whole), |part| json!({ "panel": part }).to_string().into());
        Some(Self { number: self.number + 1, whole, changed })
    }
}

/// Its lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub lines: Vec<Value>,
    pub seats: Vec<Value>,
    pub groups: Vec<Value>,
}

impl Rows {
    /// What is new here; nothing where lines or groups have come or gone, by another plan.
    fn since(&self, before: &Self) -> Option<Value> {
        fn names<'v>(rows: &'v [Value], key: &str) -> Vec<&'v str> {
            rows.iter().map(|row| row[key].as_str().unwrap_or_default()).collect()
        }
        let same = |ours: &[Value], theirs: &[Value], key: &str| names(ours, key) == names(theirs, key);
        if !same(&self.lines, &before.lines, "number") || !same(&self.groups, &before.groups, "group") {
            return None;
        }
        let turned = |ours: &[Value], theirs: &[Value]| -> Vec<Value> {
            ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).map(|(ours, _)| ours.clone()).collect()
        };
        let old: BTreeMap<&str, &Value> = names(&before.seats, "seat").into_iter().zip(&before.seats).collect();
        let new: BTreeSet<&str> = names(&self.seats, "seat").into_iter().collect();
        let is_new = |row: &&Value| old.get(row["seat"].as_str().unwrap_or_default()) != Some(row);
        let seats: Vec<&Value> = self.seats.iter().filter(is_new).collect();
        let gone: Vec<&&str> = old.keys().filter(|seat| !new.contains(**seat)).collect();
        Some(json!({
            "part": true, "lines": turned(&self.lines, &before.lines), "seats": seats, "gone": gone,
            "groups": turned(&self.groups, &before.groups),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(seats: &[(&str, &str)], free: u64) -> Rows {
        let seats = seats.iter().map(|(seat, state)| json!({ "seat": seat, "state": state })).collect();
        let lines = ["119", "12366"].map(|number| json!({ "number": number, "free": free })).to_vec();
        Rows { lines, seats, groups: vec![json!({ "group": "main", "waiting": 0 })] }
    }

    #[test]
    fn what_is_told_after_a_panel_is_what_has_changed() {
        let first = rows(&[("8001", "ready"), ("8002", "ready")], 1);
        assert!(Shown::default().next(&first, &first.clone()).is_none(), "nothing, and it is not told");
        let second = rows(&[("8002", "talking"), ("8003", "ready")], 1);
        let shown = Shown::default().next(&first, &second).unwrap();
        let part: Value = serde_json::from_str(&shown.changed).unwrap();
        let expected = json!({
            "part": true, "lines": [], "groups": [], "gone": ["8001"],
            "seats": [{ "seat": "8002", "state": "talking" }, { "seat": "8003", "state": "ready" }],
        });
        assert_eq!((shown.number, &part["panel"]), (1, &expected));
        // Another plan has other lines: everything is told.
        let mut third = second.clone();
        third.lines.pop();
        let shown = shown.next(&second, &third).unwrap();
        assert_eq!((shown.number, &shown.changed), (2, &shown.whole));
    }
}
