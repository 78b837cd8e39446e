//! The grammar of `trace`.

use clap::Args;
use std::path::PathBuf;

/// `trace`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Trace {
    /// 通话编号，或号码；都不写则为全部 · a call's reference or a number; nothing: all that is kept.
    pub what: Option<String>,
    /// 持续显示 · goes on with what is said from now on, until it is interrupted.
    #[arg(long, conflicts_with = "ladder")]
    pub follow: bool,
    /// 画出信令梯形图 · draws who says what to whom.
    #[arg(long)]
    pub ladder: bool,
    /// 消息全文 · whole messages; credentials, keys and digits are masked.
    #[arg(long, conflicts_with = "ladder")]
    pub full: bool,
    /// 同时记录通话的 RTP 包头（不含声音），从现在起 --seconds 秒，或直到中断 --follow · the RTP of its calls too, headers without any
    /// sound, from now on: for --seconds, or until --follow is interrupted.
    #[arg(long)]
    pub rtp: bool,
    /// --rtp 的时长，秒 · how long --rtp looks, s.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600), requires = "rtp")]
    pub seconds: u32,
    /// 写成 pcap 文件 · also writes a file that Wireshark and sngrep read; what came by TCP, TLS or WebSocket stands in it as UDP.
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
}
