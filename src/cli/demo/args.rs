//! `demo`: its words.

use clap::Args;

/// Most robot callers at a time.
pub const MOST: u32 = 100;

/// `demo`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "例 examples:\n  switchboard demo\n  switchboard demo --callers 12\n  \
    switchboard calls ls --watch   # 另一个终端 · in another terminal")]
pub struct Demo {
    /// 时钟从此刻走起 · the clock starts at this local time and runs on.
    #[arg(long, value_name = "TIME", value_parser = crate::cli::moment::parse, default_value = "2021-12-15T10:00")]
    pub as_of: i64,
    /// SIP 端口；被占用时换下一个 · the SIP port; the next free one if it is taken.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// 机器来电人，同时大约这么多；0 没有 · robots that call, about so many at a time; 0: none.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST)))]
    pub callers: u32,
    /// 机器人随机行为的种子；默认随机，启动时显示 · the seed of what robots do by chance; drawn, and printed, by default.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}
