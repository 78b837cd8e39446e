//! Orders about the dialplan, and what is answered: values that travel as JSON.

use crate::dialplan::{Difference, Source};
use crate::store::plans::Record;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// Version of the plan file's format.
pub const FORMAT: u32 = 1;

/// Who gives an order, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct By {
    /// Who, as he says.
    pub author: String,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// An order of an operator about the dialplan. They are carried out one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Read the folder again and put it in force.
    Reload(By),
    /// What would differ under these texts, by default those of the daemon's folder. Changes nothing.
    Compare {
        /// The texts.
        #[serde(default)]
        files: Option<Vec<Text>>,
    },
    /// Put a reviewed plan in force, if the one it was compared with still is.
    Apply {
        /// The reviewed plan.
        plan: Box<Planned>,
        /// Who and why.
        by: By,
    },
    /// Put an earlier version in force.
    Rollback {
        /// Which; by default the one before.
        #[serde(default)]
        version: Option<String>,
        /// Who and why.
        by: By,
    },
    /// Write these files into the daemon's folder, where they take the place of those of their names, and put it in force; nothing is
    /// written that has a mistake.
    Write {
        /// The files.
        files: Vec<Text>,
        /// The version of the folder's text that they were edited from: another one is somebody else's work.
        base: String,
        /// Who and why.
        by: By,
    },
    /// The texts that stand in the daemon's folder.
    Folder,
    /// Every coming into force.
    History,
    /// The texts of a version, by default of the one in force.
    Texts {
        /// Which.
        #[serde(default)]
        version: Option<String>,
    },
}

/// A file of a dialplan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its name in the folder.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
}

impl From<&Source> for Text {
    fn from(source: &Source) -> Self {
        Self { name: source.name().to_owned(), text: source.text.clone() }
    }
}

/// What `dialplan plan --out` writes and `dialplan apply` puts in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// [`FORMAT`].
    pub format: u32,
    /// The version in force with which it was compared.
    pub base: String,
    /// Its own version.
    pub version: String,
    /// When, µs since the epoch.
    pub at: i64,
    /// Its texts.
    pub files: Vec<Text>,
}

/// Mistakes or warnings as an operator reads them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Said {
    /// Rendered, Chinese.
    pub zh: String,
    /// Rendered, English.
    pub en: String,
    /// Each for `--json`.
    pub details: Vec<Value>,
}

/// What calls of the last day would have met.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Replayed {
    /// Calls looked at.
    pub calls: u64,
    /// Numbers that would have led elsewhere, the most dialled first.
    pub elsewhere: Vec<Elsewhere>,
}

/// Calls of the last day to one number that would have led elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The number.
    pub number: String,
    /// How many calls.
    pub calls: u64,
    /// Where they went.
    pub old: String,
    /// Where they would have gone.
    pub new: String,
}

/// Whether the configuration file, which only a start reads, is still what the daemon runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigFile {
    /// It is.
    Same,
    /// It has been edited: a restart would take it.
    NeedsRestart,
    /// It has been edited and has mistakes: a restart would fail.
    Wrong,
}

/// The answer to an [`Order`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Outcome {
    /// A plan is in force now.
    InForce {
        /// What was written down.
        record: Box<Record>,
        /// What differs from the one before.
        difference: Box<Difference>,
        /// Prompts whose sound is another one now.
        prompts: usize,
        /// Numbers, groups, trunks.
        size: (usize, usize, usize),
        /// What should be looked at.
        warnings: Said,
        /// The configuration file.
        config: ConfigFile,
    },
    /// Text and prompts are those in force: nothing was done.
    Unchanged {
        /// The version.
        version: String,
        /// The configuration file.
        config: ConfigFile,
    },
    /// To [`Order::Compare`].
    Compared {
        /// Ready to be applied.
        plan: Box<Planned>,
        /// What differs.
        difference: Box<Difference>,
        /// Calls of the last day held against both.
        replayed: Replayed,
        /// What should be looked at.
        warnings: Said,
    },
    /// The plan has mistakes, or a prompt or folder cannot be read. The one in force stays.
    Wrong(Said),
    /// Another plan is in force than the one that was compared with.
    Moved {
        /// The one compared with.
        base: String,
        /// The one in force.
        now: String,
    },
    /// To [`Order::History`].
    History {
        /// Oldest first.
        records: Vec<Record>,
        /// Versions whose texts are still kept.
        kept: Vec<String>,
        /// The version in force.
        now: String,
        /// The folder of the daemon, and the version of its text; none when it cannot be read.
        folder: (PathBuf, Option<String>),
    },
    /// To [`Order::Texts`].
    Texts {
        /// The version.
        version: String,
        /// Its files.
        files: Vec<Text>,
    },
    /// There is no such version, or its texts are kept no longer.
    NoVersion {
        /// Asked for; none when there is nothing before.
        version: Option<String>,
    },
    /// The machine refused: nothing was changed.
    Failed {
        /// Why, Chinese.
        zh: String,
        /// Why, English.
        en: String,
    },
}
