//! Accounts, who is signed in, and the trail: in the state folder, beside the journal.
//!
//! `access/accounts.json` and `access/sessions.json` are written whole, aside, and renamed, so that a kill leaves the old or the new one.
//! `access/trail/<first seq>.jsonl` grows by a line for each deed; a line that a kill has cut was never acknowledged, and goes. What a
//! power cut may take is what was written in the last second.

use super::{Error, private};
use crate::access::{Accounts, Chain, Deed, Entry, Session, broken_at};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Where the end of the trail is written down.
const HEAD: &str = "head.json";
/// A file of the trail that is longer is followed by another one, bytes.
const SEGMENT: u64 = 16 << 20;

/// The folder, and the end of the trail.
#[derive(Debug)]
pub struct Access {
    folder: PathBuf,
    chain: Chain,
    file: File,
    length: u64,
    unsynced: bool,
    /// Entries from here on were taken away once.
    cut: Option<u64>,
}

/// The end of the trail as it was last known to be on the disk: whoever cuts the trail cuts behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    seq: u64,
    hash: String,
    /// A start has found that entries from here on had been taken away: that stays so, whatever is written behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken: Option<u64>,
}

/// Lines of the trail that are not on the disk yet.
#[derive(Debug)]
pub struct Unsynced {
    file: File,
    head: Head,
    folder: PathBuf,
}

impl Unsynced {
    /// Onto the disk, and then where the trail ends.
    ///
    /// # Errors
    /// As the system says.
    pub fn sync(self) -> io::Result<()> {
        self.file.sync_data()?;
        keep_value(&self.folder.join(HEAD), &self.head)
    }
}

/// What a start finds.
#[derive(Debug)]
pub struct Found {
    /// Open.
    pub access: Access,
    /// The accounts of the store.
    pub accounts: Accounts,
    /// Who was signed in.
    pub sessions: Vec<([u8; 32], Session)>,
    /// The first entry of the last file that is not what was written.
    pub broken: Option<u64>,
}

impl Access {
    /// Opens them in this state folder, and makes what is missing.
    ///
    /// # Errors
    /// [`Error::File`]: a file cannot be read, or is none of ours. Nothing is thrown away.
    pub fn open(state: &Path) -> Result<Found, Error> {
        let folder = state.join("access");
        let trail = folder.join("trail");
        private::folder(&folder).map_err(told(&folder))?;
        private::folder(&trail).map_err(told(&trail))?;
        let accounts = read(&folder.join("accounts.json"))?.unwrap_or_default();
        // Whoever was signed in signs in again where this cannot be read: nothing else is lost.
        let sessions = read(&folder.join("sessions.json")).ok().flatten().unwrap_or_default();
        let segments = segments(&trail).map_err(told(&trail))?;
        let (mut chain, mut broken) = (Chain::default(), None);
        let path = match segments.split_last() {
            None => trail.join(name(1)),
            Some((last, before)) => {
                if let Some(entry) =
                    before.last().map(|path| entries(path)).transpose()?.and_then(|all| all.last().cloned())
                {
                    chain = Chain::behind(&entry);
                }
                cut_torn(last).map_err(told(last))?;
                let all = entries(last)?;
                broken = broken_at(chain.clone(), &all);
                if let Some(entry) = all.last() {
                    chain = Chain::behind(entry);
                }
                last.clone()
            }
        };
        let cut = Head::of(&trail).and_then(|head| head.cut(&chain));
        let broken = broken.or(cut);
        private::file(&path).map_err(told(&path))?;
        let file = private::made().append(true).open(&path).map_err(told(&path))?;
        let length = file.metadata().map_err(told(&path))?.len();
        let access = Self { folder, chain, file, length, unsynced: false, cut };
        Ok(Found { access, accounts, sessions, broken })
    }

    /// Keeps the accounts.
    ///
    /// # Errors
    /// As the system says: the old ones are there still.
    pub fn keep_accounts(&self, accounts: &Accounts) -> io::Result<()> {
        keep_value(&self.folder.join("accounts.json"), accounts)
    }

    /// The file of those who are signed in, which [`keep_value`] writes.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }

    /// Writes a deed into the trail.
    ///
    /// # Errors
    /// As the system says: it has not happened then, as far as the trail goes.
    pub fn note(&mut self, deed: Deed, wall: i64) -> io::Result<Entry> {
        if self.length >= SEGMENT {
            let path = self.folder.join("trail").join(name(self.chain.seq() + 1));
            (self.file, self.length) = (private::made().append(true).open(path)?, 0);
        }
        let before = self.chain.clone();
        let entry = self.chain.add(deed, wall);
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // A part of the line may stand there: it goes, or the next one could not be read.
            let _ = self.file.set_len(self.length);
            self.chain = before;
            return Err(error);
        }
        (self.length, self.unsynced) = (self.length + line.len() as u64, true);
        Ok(entry)
    }

    /// What is new and not on the disk yet, to be synced without holding this.
    ///
    /// # Errors
    /// As the system says.
    pub fn unsynced(&mut self) -> io::Result<Option<Unsynced>> {
        if !self.unsynced {
            return Ok(None);
        }
        let (file, (seq, hash)) = (self.file.try_clone()?, self.head());
        self.unsynced = false;
        Ok(Some(Unsynced { file, head: Head { seq, hash, broken: self.cut }, folder: self.folder.clone() }))
    }

    /// It did not get there.
    pub const fn sync_again(&mut self) {
        self.unsynced = true;
    }

    /// The hash that holds the whole trail, and the number of its last entry.
    #[must_use]
    pub fn head(&self) -> (u64, String) {
        (self.chain.seq(), self.chain.head().to_owned())
    }

    /// Where the trail lies.
    #[must_use]
    pub fn trail(&self) -> PathBuf {
        self.folder.join("trail")
    }
}

/// Entries of a trail before a number, the latest first, as long as `wanted` says so, and so many at most.
///
/// # Errors
/// [`Error::File`].
pub fn before(trail: &Path, seq: u64, most: usize, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    for path in segments(trail).map_err(told(trail))?.iter().rev() {
        let all = entries(path)?;
        let them = all.into_iter().rev().filter(|entry| entry.seq < seq && wanted(entry));
        found.extend(them.take(most - found.len()));
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}

/// Goes through a whole trail: how many entries, and the first one that is not what was written.
///
/// # Errors
/// [`Error::File`].
pub fn proved(trail: &Path) -> Result<(u64, Option<u64>), Error> {
    let (mut chain, mut count) = (Chain::default(), 0);
    // Before the entries: more of them may come meanwhile.
    let head = Head::of(trail);
    for path in segments(trail).map_err(told(trail))? {
        let all = entries(&path)?;
        if let Some(at) = broken_at(chain.clone(), &all) {
            return Ok((count, Some(at)));
        }
        if let Some(at) = head.as_ref().and_then(|head| head.contradicts(&all)) {
            return Ok((count, Some(at)));
        }
        count += all.len() as u64;
        chain = all.last().map_or(chain, Chain::behind);
    }
    Ok((count, head.and_then(|head| head.cut(&chain))))
}

impl Head {
    fn of(trail: &Path) -> Option<Self> {
        read(&trail.with_file_name(HEAD)).ok().flatten()
    }

    /// The first entry that is not there any more: the trail ends before the end that was written down, or once did.
    fn cut(&self, chain: &Chain) -> Option<u64> {
        self.broken.or_else(|| (chain.seq() < self.seq).then(|| chain.seq() + 1))
    }

    /// The entry at the end that was written down is another one.
    fn contradicts(&self, entries: &[Entry]) -> Option<u64> {
        entries.iter().find(|entry| entry.seq == self.seq && entry.hash != self.hash).map(|entry| entry.seq)
    }
}

fn told(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}

fn name(first: u64) -> String {
    format!("{first:012}.jsonl")
}

fn segments(trail: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(trail)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// The whole lines of a file. One that is none of ours stands for a break of the chain: it is passed over, and told by the next.
fn entries(path: &Path) -> Result<Vec<Entry>, Error> {
    let text = fs::read(path).map_err(told(path))?;
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.last() == Some(&b'\n'));
    Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

/// Takes away what a kill has left of a last line.
fn cut_torn(path: &Path) -> io::Result<()> {
    let text = fs::read(path)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if whole < text.len() {
        File::options().write(true).open(path)?.set_len(whole as u64)?;
    }
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(told(path)(error)),
        Ok(text) => {
            private::if_there(path).map_err(told(path))?;
            serde_json::from_slice(&text).map(Some).map_err(|error| told(path)(error.into()))
        }
    }
}

/// Writes a value whole, as [`keep`] does.
///
/// # Errors
/// As [`keep`].
pub fn keep_value(path: &Path, value: &impl Serialize) -> io::Result<()> {
    keep(path, &serde_json::to_vec(value)?)
}

/// Writes a file whole: aside, onto the disk, then in its place.
///
/// # Errors
/// As the system says: the old one is there still.
pub fn keep(path: &Path, text: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("part");
    let mut file = private::made().write(true).truncate(true).open(&aside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&aside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{New, Outcome, Role};

    fn deed(n: u32) -> Deed {
        Deed {
            who: "li".into(),
            by: String::new(),
            from: "127.0.0.1".into(),
            what: "unmask".into(),
            of: n.to_string(),
            why: String::new(),
            outcome: Outcome::Done,
        }
    }

    fn folder(of: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("switchboard-access-{of}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn accounts_and_trail_are_there_again_and_a_torn_line_is_not() {
        let state = folder("again");
        let mut found = Access::open(&state).unwrap();
        let new = New { name: "li".into(), roles: [Role::Agent].into(), ..New::default() };
        found.accounts.add(new, b"link", 0).unwrap();
        found.access.keep_accounts(&found.accounts).unwrap();
        for n in 0..5 {
            found.access.note(deed(n), i64::from(n)).unwrap();
        }
        let head = found.access.head();
        let file = segments(&found.access.trail()).unwrap().remove(0);
        drop(found.access);
        let whole = fs::read(&file).unwrap();
        // A kill at any byte of a sixth line.
        for cut in [1, 10, 100] {
            let mut torn = whole.clone();
            torn.extend(&whole[..cut]);
            fs::write(&file, torn).unwrap();
            let again = Access::open(&state).unwrap();
            assert_eq!((again.access.head(), again.broken), (head.clone(), None), "{cut}");
            assert_eq!(again.accounts, found.accounts);
            assert_eq!(fs::read(&file).unwrap(), whole);
        }
        let mut again = Access::open(&state).unwrap().access;
        again.note(deed(9), 9).unwrap();
        let last = before(&again.trail(), u64::MAX, 2, |_| true).unwrap();
        assert_eq!(last.iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 5]);
        assert_eq!(before(&again.trail(), 5, 9, |e| e.deed.of != "2").unwrap().len(), 3);
        assert_eq!(proved(&again.trail()).unwrap(), (6, None));
        let changed = String::from_utf8(fs::read(&file).unwrap()).unwrap().replacen("\"of\":\"2\"", "\"of\":\"7\"", 1);
        fs::write(&file, changed).unwrap();
        assert_eq!(proved(&again.trail()).unwrap(), (0, Some(3)));
        assert_eq!(Access::open(&state).unwrap().broken, Some(3));
        let _ = fs::remove_dir_all(&state);
    }

    #[test]
    fn a_trail_that_was_cut_at_its_end_is_not_whole() {
        let state = folder("cut");
        let mut access = Access::open(&state).unwrap().access;
        for n in 0..3 {
            access.note(deed(n), i64::from(n)).unwrap();
        }
        access.unsynced().unwrap().unwrap().sync().unwrap();
        assert!(access.unsynced().unwrap().is_none());
        let (trail, file) = (access.trail(), segments(&access.trail()).unwrap().remove(0));
        // What is written behind the head that is on the disk may be lost by a power cut.
        access.note(deed(3), 3).unwrap();
        drop(access);
        assert_eq!(proved(&trail).unwrap(), (4, None));
        let lines = |keep: usize| {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.split_inclusive('\n').take(keep).collect::<String>()).unwrap();
        };
        lines(3);
        assert_eq!(proved(&trail).unwrap(), (3, None));
        lines(2);
        assert_eq!(proved(&trail).unwrap(), (2, Some(3)));
        let mut again = Access::open(&state).unwrap();
        assert_eq!(again.broken, Some(3));
        // What comes behind the cut does not make the trail whole again.
        again.access.note(deed(9), 9).unwrap();
        again.access.unsynced().unwrap().unwrap().sync().unwrap();
        assert_eq!(proved(&trail).unwrap(), (3, Some(3)));
        drop(again);
        assert_eq!(Access::open(&state).unwrap().broken, Some(3));
        let _ = fs::remove_dir_all(&state);
    }

    #[test]
    fn a_trail_that_was_written_anew_is_not_the_one_that_was_written() {
        let state = folder("anew");
        let mut access = Access::open(&state).unwrap().access;
        access.note(deed(1), 1).unwrap();
        access.unsynced().unwrap().unwrap().sync().unwrap();
        let (trail, file) = (access.trail(), segments(&access.trail()).unwrap().remove(0));
        drop(access);
        // Another chain, whole in itself.
        let mut other = Chain::default();
        let entry = other.add(deed(2), 1);
        fs::write(&file, format!("{}\n", serde_json::to_string(&entry).unwrap())).unwrap();
        assert_eq!(proved(&trail).unwrap(), (0, Some(1)));
        let _ = fs::remove_dir_all(&state);
    }

    #[test]
    fn accounts_that_cannot_be_read_are_told_and_not_thrown_away() {
        let state = folder("unread");
        drop(Access::open(&state).unwrap());
        let file = state.join("access/accounts.json");
        fs::write(&file, "{").unwrap();
        let told = Access::open(&state).unwrap_err().to_string();
        assert!(told.contains("accounts.json"), "{told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{");
        let _ = fs::remove_dir_all(&state);
    }
}
