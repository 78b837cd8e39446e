//! The last answers, kept for the next start.

use super::find::Found;
use super::wanted::Wanted;
use crate::sip::flow::Transport;
use crate::sip::locate::Target;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::{fs, io};

/// The answers, by what was asked: a question that is asked otherwise has none.
type Answers = BTreeMap<String, Kept>;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Targets(Vec<(u16, u16, u32, String, SocketAddr)>),
    Addresses(Vec<(IpAddr, Option<u16>)>),
}

/// All of them, and their file.
#[derive(Debug, Clone)]
pub(super) struct Memory(Rc<RefCell<(Answers, Option<PathBuf>)>>);

// The thread that keeps names has one runtime of one thread, and no task of it is inside while another is.
impl Memory {
    /// Reads the file; what cannot be read is nothing.
    pub fn open(file: Option<PathBuf>) -> Self {
        let text = file.as_ref().and_then(|file| fs::read(file).ok());
        let answers = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self(Rc::new(RefCell::new((answers, file))))
    }

    /// What was found the last time.
    pub fn recall(&self, wanted: &Wanted) -> Option<Found> {
        let (answers, _) = &*self.0.borrow();
        match answers.get(&question(wanted))? {
            Kept::Targets(all) => {
                let one = |(place, priority, weight, by, address): &(u16, u16, u32, String, SocketAddr)| {
                    let transport = Transport::of(&by.to_ascii_uppercase())?;
                    Some(Target { place: *place, priority: *priority, weight: *weight, transport, address: *address })
                };
                all.iter().map(one).collect::<Option<Vec<_>>>().map(Found::Targets)
            }
            Kept::Addresses(all) => Some(Found::Addresses(all.clone())),
        }
    }

    /// Writes down what is found now.
    pub fn keep(&self, wanted: &Wanted, found: &Found) {
        let kept = match found {
            Found::Targets(all) => {
                let one = |t: &Target| (t.place, t.priority, t.weight, t.transport.word().to_owned(), t.address);
                Kept::Targets(all.iter().map(one).collect())
            }
            Found::Addresses(all) => Kept::Addresses(all.clone()),
        };
        let (answers, file) = &mut *self.0.borrow_mut();
        if answers.insert(question(wanted), kept.clone()) == Some(kept) {
            return;
        }
        if let Some(file) = file
            && let Err(why) = write(file, answers)
        {
            tracing::warn!(file = %file.display(), %why, "what names lead to cannot be kept for the next start");
        }
    }
}

/// Whole or not at all.
fn write(file: &PathBuf, answers: &Answers) -> io::Result<()> {
    let part = file.with_extension("part");
    fs::write(&part, serde_json::to_vec_pretty(answers)?)?;
    fs::rename(part, file)
}

fn question(wanted: &Wanted) -> String {
    let places = wanted.places().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    match wanted {
        Wanted::Calls { trunk, transport, .. } => {
            format!("{trunk} calls {} {places}", transport.map_or("any", Transport::word))
        }
        Wanted::Sources { trunk, .. } => format!("{trunk} sources {places}"),
    }
}
