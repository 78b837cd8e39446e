//! The command line's side: asks one question and blocks for its answer.

use super::{ANSWER, CHECK, Charge, Order, Outcome, PATIENCE, Question, Refusal, Reply, Settled};
use crate::exchange::{Answer, Command};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No daemon listens there.
    #[error("no switchboard runs at {}: {source}", path.display())]
    Unreachable {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file's mode forbids it.
    #[error("{} may not be opened by this user", path.display())]
    Denied {
        /// The socket's path.
        path: PathBuf,
    },
    /// It took the question and did not answer in time.
    #[error("the switchboard at {} does not answer", path.display())]
    Silent {
        /// The socket's path.
        path: PathBuf,
    },
    /// It would not take the question.
    #[error("the switchboard refused the question: {0:?}")]
    Refused(Refusal),
    /// It answered something else: another version, or another program.
    #[error("the answer of {} cannot be read: {reason}", path.display())]
    Garbled {
        /// The socket's path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Asks the daemon whose socket is at `path`. Blocks for twelve seconds at most.
///
/// # Errors
/// [`Error`].
pub fn ask(path: &Path, command: &Command) -> Result<Answer, Error> {
    match converse(path, &Question::Exchange(command.clone()), PATIENCE)? {
        Reply::Ok(answer) => Ok(answer),
        other => Err(other.strange(path)),
    }
}

/// Gives the daemon an order about its dialplan, and waits until it is carried out: some minutes at most.
///
/// # Errors
/// [`Error`].
pub fn order(path: &Path, order: Order) -> Result<Outcome, Error> {
    match converse(path, &Question::Plan(order), CHECK)? {
        Reply::Plan(outcome) => Ok(*outcome),
        other => Err(other.strange(path)),
    }
}

/// Gives the daemon an order about its accounts.
///
/// # Errors
/// [`Error`].
pub fn charge(path: &Path, charge: Charge) -> Result<Settled, Error> {
    match converse(path, &Question::People(charge), PATIENCE)? {
        Reply::People(settled) => Ok(*settled),
        other => Err(other.strange(path)),
    }
}

impl Reply {
    fn strange(self, path: &Path) -> Error {
        match self {
            Self::Refused(refusal) => Error::Refused(refusal),
            Self::Ok(_) | Self::Plan(_) | Self::People(_) => {
                Error::Garbled { path: path.to_owned(), reason: "the answer to another question".into() }
            }
        }
    }
}

fn converse(path: &Path, question: &Question, patience: Duration) -> Result<Reply, Error> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::PermissionDenied => Error::Denied { path: path.to_owned() },
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Silent { path: path.to_owned() },
        _ => Error::Unreachable { path: path.to_owned(), source },
    };
    let garbled = |reason: String| Error::Garbled { path: path.to_owned(), reason };
    let mut stream = UnixStream::connect(path).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    // Longer than the server's own patience, so that its `Busy` arrives.
    stream.set_read_timeout(Some(patience + PATIENCE / 5)).map_err(failed)?;
    let mut question = serde_json::to_vec(question).map_err(|e| garbled(e.to_string()))?;
    question.push(b'\n');
    stream.write_all(&question).map_err(failed)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(ANSWER).read_until(b'\n', &mut line).map_err(failed)?;
    if line.is_empty() {
        return Err(Error::Refused(Refusal::Stopping));
    }
    serde_json::from_slice(&line).map_err(|e| garbled(e.to_string()))
}
