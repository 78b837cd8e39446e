//! How much room recordings take and have, and what is to be said of it. Pure: who keeps recordings counts and looks.

use crate::config::{Recording, WhenFull};
use crate::exchange::Storage;
use crate::media::archive::Removed;

/// How full it is; a later one is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Fine,
    /// 80 % of the quota, or less than four times what must be free.
    Low,
    /// 90 % of the quota, or less than twice what must be free.
    Nearly,
    /// No further recording begins.
    Full,
}

/// The room for recordings.
#[derive(Debug)]
pub(super) struct Room {
    storage: Storage,
    level: Level,
    when_full: WhenFull,
}

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It became fuller: an alarm.
    Fuller(String),
    /// There is room again.
    Emptier,
}

impl Room {
    pub fn new(settings: &Recording) -> Self {
        let storage = Storage { quota: settings.quota, min_free: settings.min_free, ..Storage::default() };
        Self { storage, level: Level::Fine, when_full: settings.when_full }
    }

    pub fn storage(&self) -> Storage {
        self.storage.clone()
    }

    /// A file more.
    pub fn add(&mut self, bytes: u64) {
        self.storage.files += 1;
        self.storage.bytes += bytes;
    }

    pub fn remove(&mut self, removed: Removed) {
        self.storage.files = self.storage.files.saturating_sub(removed.files);
        self.storage.bytes = self.storage.bytes.saturating_sub(removed.bytes);
    }

    /// How many wait to be packed.
    pub fn wait(&mut self, unpacked: usize) {
        self.storage.unpacked = unpacked as u64;
    }

    /// All are counted, that ended before and since.
    pub fn counted(&mut self) {
        self.storage.counted = true;
    }

    /// Whether the oldest are to go now; [`Room::is_enough`] says when that will do.
    pub fn is_to_be_made(&self) -> bool {
        self.level == Level::Full && self.when_full == WhenFull::RemoveOldest && self.storage.counted
    }

    /// With so much removed there is room for a while.
    pub fn is_enough(&self, removed: &Removed) -> bool {
        let Storage { bytes, quota, free, min_free, .. } = self.storage;
        let fits = quota.is_none_or(|quota| bytes.saturating_sub(removed.bytes) < quota / 100 * 95);
        fits && free.saturating_add(removed.bytes) >= min_free.saturating_mul(2)
    }

    /// With so many bytes free on the disk: what is to be said.
    pub fn look(&mut self, free: u64) -> Option<Change> {
        self.storage.free = free;
        let Storage { bytes, quota, counted, min_free, .. } = self.storage;
        let now = level(bytes, quota.filter(|_| counted), free, min_free);
        // It is fuller at once, and emptier only with something to spare: no alarm comes and goes with every call.
        let spare = level(bytes + quota.unwrap_or(0) / 50, quota.filter(|_| counted), free - free / 10, min_free);
        let before = self.level;
        self.level = if now > before { now } else { spare.min(before) };
        self.storage.refused = self.level == Level::Full;
        match self.level.cmp(&before) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Less => Some(Change::Emptier),
            std::cmp::Ordering::Greater => Some(Change::Fuller(self.tell())),
        }
    }

    fn tell(&self) -> String {
        let Storage { bytes, quota, free, min_free, refused, .. } = self.storage;
        let full = quota.map_or(0, |quota| bytes.saturating_mul(100) / quota.max(1));
        let quota = quota.map_or_else(String::new, |quota| {
            format!("{full} % of the quota of {} GB are used, ", quota / 1_000_000_000)
        });
        let state = format!(
            "{quota}{} MB are free on the disk of recordings ({} MB must be)",
            free / 1_000_000,
            min_free / 1_000_000
        );
        if refused { format!("{state}: no further recording begins, calls go on without") } else { state }
    }
}

fn level(bytes: u64, quota: Option<u64>, free: u64, min_free: u64) -> Level {
    let share = quota.map_or(0, |quota| bytes.saturating_mul(100) / quota.max(1));
    let quota = match share {
        0..80 => Level::Fine,
        80..90 => Level::Low,
        90..100 => Level::Nearly,
        _ => Level::Full,
    };
    let disk = match free {
        free if free < min_free => Level::Full,
        free if free < min_free.saturating_mul(2) => Level::Nearly,
        free if free < min_free.saturating_mul(4) => Level::Low,
        _ => Level::Fine,
    };
    quota.max(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn room(quota: Option<u64>, min_free: u64, when_full: WhenFull) -> Room {
        let storage = Storage { quota, min_free, ..Storage::default() };
        Room { storage, level: Level::Fine, when_full }
    }

    #[test]
    fn an_alarm_comes_at_80_at_90_and_when_it_is_full_each_once() {
        let mut room = room(Some(100 * GB), GB, WhenFull::Stop);
        room.counted();
        let mut said = Vec::new();
        for _ in 0..105 {
            room.add(GB);
            said.extend(room.look(50 * GB).map(|change| (room.storage.bytes / GB, room.storage.refused, change)));
        }
        let at: Vec<_> = said.iter().map(|(at, refused, _)| (*at, *refused)).collect();
        assert_eq!(at, [(80, false), (90, false), (100, true)]);
        assert!(matches!(&said[2].2, Change::Fuller(text) if text.contains("no further recording begins")), "{said:?}");
        assert!(!room.is_to_be_made(), "nothing goes before its time unless it is asked for");
        // One file less is no room: two of a hundred are.
        room.remove(Removed { files: 6, bytes: 6 * GB });
        assert_eq!((room.look(50 * GB), room.storage.refused), (None, true));
        room.remove(Removed { files: 2, bytes: 2 * GB });
        assert_eq!((room.look(50 * GB), room.storage.refused), (Some(Change::Emptier), false));
    }

    #[test]
    fn a_disk_that_is_nearly_full_counts_for_a_full_quota() {
        let mut room = room(None, GB, WhenFull::Stop);
        let mut look = |free| (room.look(free).is_some(), room.storage.refused);
        let told: Vec<_> = [10 * GB, 4 * GB, 3 * GB, 2 * GB - 1, GB, GB - 1, 0].map(&mut look).into();
        let (no, low, full) = ((false, false), (true, false), (true, true));
        assert_eq!(told, [no, no, low, low, no, full, (false, true)]);
        assert_eq!([GB, GB + GB / 20].map(&mut look), [(false, true), (false, true)]);
        assert_eq!(look(GB + GB / 5), (true, false));
    }

    #[test]
    fn what_is_not_counted_yet_is_not_held_against_the_quota() {
        let mut room = room(Some(GB), 0, WhenFull::RemoveOldest);
        room.add(2 * GB);
        assert_eq!((room.look(GB), room.is_to_be_made()), (None, false));
        room.counted();
        assert!(matches!(room.look(GB), Some(Change::Fuller(_))) && room.is_to_be_made());
        assert!(!room.is_enough(&Removed { files: 1, bytes: GB }));
        assert!(room.is_enough(&Removed { files: 1, bytes: GB + GB / 10 }));
    }
}
