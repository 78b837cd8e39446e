//! The words of `seats`, `groups` and `callbacks`, and who gives an order.

use crate::exchange::SeatSet;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Who gives an order about a live call.
#[derive(Debug, Clone, Args)]
pub struct Who {
    /// 何人；默认为系统用户名 · who; by default the user's name.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub by: Option<String>,
}

/// `seats`.
#[derive(Debug, Subcommand)]
pub enum Seats {
    /// 列出，状态取自运行中的交换机 · lists them as they are in the running switchboard.
    Ls {
        /// 只看此坐席组 · only this group's.
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// 只看此状态（--json 中 state 的开头） · only those whose state begins so, as --json writes it.
        #[arg(long, value_name = "STATE")]
        work: Option<String>,
        #[command(flatten)]
        show: super::watch::Show,
    },
    /// 签入坐席、设定状态 · signs a person in at a seat, sets its state.
    #[command(after_help = "例 examples:\n  switchboard seats set 8041 --agent 8041 --state ready\n  \
        switchboard seats set 8041 --state break --reason 用餐\n  switchboard seats set 8041 --state out")]
    Set(SetSeat),
}

/// `callbacks`.
#[derive(Debug, Subcommand)]
pub enum Callbacks {
    /// 列出，按位次 · lists them, by their places.
    #[command(after_help = "例 example:\n  switchboard callbacks ls")]
    Ls,
    /// 由这个坐席回电：先振铃坐席，再呼来电人 · a seat calls one of them: it is rung first, then the caller.
    #[command(after_help = "例 example:\n  switchboard callbacks take 5bhd7pq5c01 --seat 8001")]
    Take {
        /// 编号，见 callbacks ls · its reference, as `callbacks ls` prints it.
        callback: String,
        /// 坐席 · the seat.
        #[arg(long)]
        seat: String,
        #[command(flatten)]
        by: Who,
    },
    /// 不必再回电 · one of them need not be called any more.
    #[command(after_help = "例 example:\n  switchboard callbacks done 5bhd7pq5c01 --note 已解决")]
    Done {
        /// 编号 · its reference.
        callback: String,
        /// 结果 · what came of it.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        by: Who,
    },
}

/// `seats set`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["agent", "state"])))]
pub struct SetSeat {
    /// 坐席 · the seat.
    pub seat: String,
    /// 签入的工号 · the work number of who signs in.
    #[arg(long, value_name = "NUMBER")]
    pub agent: Option<String>,
    /// 状态 · the state. Here this is no folder: name the daemon by `--socket` or `--config`.
    // Of the same type as the folder of the same name, whose place it takes.
    #[arg(long, value_name = "ready|break|wrap-up|out", value_parser = seat_state)]
    pub state: Option<PathBuf>,
    /// 小休的原因 · what a break is for.
    #[arg(long, value_name = "TEXT", default_value = "", requires = "state")]
    pub reason: String,
    #[command(flatten)]
    pub by: Who,
}

/// One of the states of `seats set`.
fn seat_state(text: &str) -> Result<PathBuf, String> {
    let known = SeatSet::ALL.iter().any(|state| state.word() == text);
    let words = "ready、break、wrap-up、out 之一 · one of ready, break, wrap-up, out";
    if known { Ok(text.into()) } else { Err(words.to_owned()) }
}

fn name(text: &str) -> Result<String, String> {
    plain(text, crate::admin::NAME)
}

/// A text without control characters, of so many characters at most.
pub(super) fn plain(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        n if n > most => Err(format!("超过 {most} 个字符 · longer than {most} characters")),
        _ if text.chars().any(char::is_control) => Err("含有控制字符 · it has control characters".into()),
        _ => Ok(text.to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum Groups {
    /// 列出；--live 看排队人数和坐席状态 · lists those of the plan, or with --live their lines and what their seats do.
    Ls {
        /// 运行中的交换机此刻的情形 · as they are in the running switchboard; --watch implies it.
        #[arg(long)]
        live: bool,
        #[command(flatten)]
        show: super::watch::Show,
    },
    /// 应急模式：坐席组停止服务，排队的和新来的都按计划的 disaster 走；off 恢复 · disaster mode: the group is out of service, who waits in its line and who comes goes where the plan's `disaster` says; off ends it.
    #[command(after_help = "例 examples:\n  switchboard groups disaster main on --reason 大厅停电\n  \
        switchboard groups disaster main off")]
    Disaster {
        /// 坐席组 · the group.
        group: String,
        /// 开或关 · on or off.
        #[arg(value_enum)]
        mode: Switch,
        /// 原因 · why.
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: Option<String>,
        #[command(flatten)]
        by: Who,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// 开.
    On,
    /// 关.
    Off,
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    note(text).and_then(|t| if t.is_empty() { Err("不能为空 · it is empty".into()) } else { Ok(t) })
}

pub(super) fn note(text: &str) -> Result<String, String> {
    plain(text, crate::admin::NOTE)
}
