//! Where the records of ended calls are, which call is meant, and why it cannot be read.

use super::args::Global;
use super::exit::{Exit, Failure};
use super::{ask, place};
use crate::exchange::{Answer, Command};
use crate::id::CallRef;
use crate::store;
use std::path::PathBuf;

/// A call's reference as it was typed.
pub(super) fn reference(text: &str) -> Result<CallRef, Failure> {
    CallRef::parse(text).ok_or_else(|| {
        let zh = format!("\"{text}\" 不是通话编号：应为 calls ls 第一列的 11 个字符");
        Failure::new(
            Exit::Usage,
            zh,
            format!("\"{text}\" is no call reference: 11 characters as in the first column of calls ls"),
        )
    })
}

/// The folder of the records: as named, as the running daemon says, or as the configuration has it.
pub(super) fn records(global: &Global) -> Result<PathBuf, Failure> {
    if global.state.is_none()
        && let Ok(Answer::Status(status)) = ask::ask(global, &Command::Status)
        && !status.state.is_empty()
    {
        return Ok(status.state.into());
    }
    place::state(global)
}

/// Records that cannot be read.
pub(super) fn unread(error: &store::Error) -> Failure {
    let exit = match error {
        store::Error::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Exit::Unreachable,
        store::Error::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => Exit::Forbidden,
        _ => Exit::Bad,
    };
    Failure::new(exit, format!("无法读取通话记录：{error}"), format!("the records cannot be read: {error}"))
}

/// There is no such record.
pub(super) fn none(call: CallRef) -> Failure {
    let zh = format!("没有通话 {call} 的记录（进行中的通话结束后才有记录）");
    Failure::new(Exit::Bad, zh, format!("there is no record of call {call} (a live call has none until it ends)"))
}
