//! The command line's grammar. What the words do stands in the files named after them.

pub use super::floor_args::{Callbacks, Groups, Seats, SetSeat, Switch, Who};

use super::floor_args::{note, reason};
use crate::fact::Outcome;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// 12345 政务服务便民热线交换机 · the telephone exchange behind a city's one number.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "退出码 exit codes: 0 ok · 1 结果不好 result bad · 2 用法 usage · 69 未运行 daemon unreachable · \
    75 忙，稍后再试 busy, retry · 77 不允许 not allowed · 78 配置有误 configuration wrong"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// 只输出一个 JSON 文档，失败时也是 · one JSON document, also on failure.
    #[arg(long, global = true)]
    pub json: bool,
    /// 语言；默认 zh，LANG 为其他语言时 en · language; zh unless LANG names another one.
    #[arg(long, global = true, value_enum, value_name = "zh|en")]
    pub lang: Option<Language>,
    /// 配置文件；默认依次为 $SWITCHBOARD_CONFIG、./switchboard.toml、./config/switchboard.toml、
    /// /etc/switchboard/switchboard.toml · the configuration file; by default the first of these that exists.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// 数据目录，先于配置文件中的 · the state folder, before the one that the configuration names.
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// 管理套接字，先于配置文件中的 · the admin socket, before the one that the configuration names.
    #[arg(long, global = true, value_name = "FILE")]
    pub socket: Option<PathBuf>,
    /// 拨号计划目录，先于配置文件中的 · the dialplan folder, before the one that the configuration names.
    #[arg(long, global = true, value_name = "DIR")]
    pub dialplan: Option<PathBuf>,
}

/// Who changes the plan, and why: kept with the version.
#[derive(Debug, Clone, Args)]
pub struct By {
    /// 何人；默认为系统用户名 · who; by default the user's name.
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// 为何 · why.
    #[arg(long, short = 'm', value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文.
    Zh,
    /// English.
    En,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// 运行交换机，直到 SIGTERM · run the switchboard until SIGTERM.
    Run {
        /// 时钟从此刻走起，如 2021-12-15T10:00 · the clock starts at this local time and runs on.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        as_of: Option<i64>,
        /// 拨号计划有错误时，用上次生效的版本启动 · with a wrong dialplan, start on the version that was in force last.
        #[arg(long)]
        last_good: bool,
    },
    /// 本机演示：会说话的坐席，--callers 加上来电人 · a demonstration on this machine: seats that talk, with --callers callers too.
    Demo(super::demo::args::Demo),
    /// 运行状况 · how the running switchboard stands.
    Status {
        /// 持续显示，有变化就更新，直到 Ctrl-C · shown again whenever it changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// 重新读取拨号计划目录并生效；有错误则一切不变 · reads the dialplan folder again; with a mistake nothing changes.
    #[command(after_help = "例 example:\n  switchboard reload --note \"12348 改为保留座席\"")]
    Reload {
        #[command(flatten)]
        by: By,
    },
    /// 检查本机与配置 · checks this machine and the configuration.
    Doctor,
    /// 打一个测试电话：信令阶梯、录音 · place one test call: its ladder on screen, its sound in a WAV.
    Call(Call),
    /// 压力测试：按时刻发起呼叫，两端都在本进程，听每一路声音 · a load test: calls by the clock, both ends in this process, every
    /// leg heard.
    Flood(Box<super::flood::args::Flood>),
    /// 信令跟踪 · what was said on the wire.
    Trace(super::trace::args::Trace),
    /// 通话记录 · records of calls.
    #[command(subcommand)]
    Calls(Calls),
    /// 坐席 · seats.
    #[command(subcommand)]
    Seats(Seats),
    /// 回电 · callers who are to be called back.
    #[command(subcommand)]
    Callbacks(Callbacks),
    /// 账号 · accounts of the pages.
    #[command(subcommand)]
    Users(super::users::args::Users),
    /// 审计 · the trail of who has done and seen what.
    #[command(subcommand)]
    Audit(super::users::args::Audit),
    /// 中继 · trunks.
    #[command(subcommand)]
    Trunks(List),
    /// 坐席组 · groups of seats.
    #[command(subcommand)]
    Groups(Groups),
    /// 号码 · numbers.
    #[command(subcommand)]
    Numbers(Numbers),
    /// 统计报表 · reports.
    #[command(subcommand)]
    Report(Reports),
    /// 拨号计划 · the dialplan.
    #[command(subcommand)]
    Dialplan(Dialplan),
    /// 输出命令补全脚本 · prints a shell's completions.
    Completions {
        /// 哪种 shell · which shell.
        shell: clap_complete::Shell,
    },
    /// 输出手册页 · prints the manual page, or writes one for each command.
    Man {
        /// 写到这个目录，每个命令一页 · the folder to write them to, one page a command.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// 解释一个诊断编号，如 DP030 · explains the code of a diagnostic.
    Explain {
        /// 编号；不写则列出全部 · the code; without one all are listed.
        code: Option<String>,
    },
}

/// `dialplan why`.
#[derive(Debug, Args)]
pub struct Why {
    /// 号码，任何写法 · the number, in any spelling.
    pub number: String,
    /// 时间，默认现在 · the time, now by default.
    #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
    pub at: Option<i64>,
    /// 主叫号码：计入本市还是全省 · the caller's number: counted as the city's or the province's.
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
    /// 从这条中继打来 · the call comes from this trunk.
    #[arg(long, value_name = "TRUNK", conflicts_with = "seat")]
    pub trunk: Option<String>,
    /// 由这个坐席拨打 · dialled by this seat.
    #[arg(long, value_name = "SEAT")]
    pub seat: Option<String>,
    /// 每个坐席组签入多少坐席：0 看溢出 · so many seats are signed in to each group; 0 shows the overflow.
    #[arg(long, value_name = "N")]
    pub seats: Option<u32>,
}

/// `call`.
#[derive(Debug, Args)]
pub struct Call {
    /// 被叫：号码或 SIP URI · whom to call: a number, or a SIP URI.
    pub number: String,
    /// 把听到的存成 WAV · where to keep what is heard.
    #[arg(long, value_name = "WAV")]
    pub out: Option<PathBuf>,
    /// 说什么：WAV 文件或 tone:HZ · what to say: a WAV (8 kHz mono 16 bits) or a tone.
    #[arg(long, value_name = "WAV|tone:HZ", default_value = "tone:1000")]
    pub say: String,
    /// 接通后按的键（RFC 4733） · keys to press once answered.
    #[arg(long, value_name = "KEYS")]
    pub dtmf: Option<String>,
    /// 期望：最终状态码，或 prompt:名称 · what must come: a final status, or a prompt that must be heard.
    #[arg(long, value_name = "STATUS|prompt:NAME")]
    pub expect: Vec<String>,
    /// 主叫号码 · the caller's number.
    #[arg(long, value_name = "NUMBER", default_value = "13900000001")]
    pub from: String,
    /// 交换机地址 · the switchboard.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5070")]
    pub at: SocketAddr,
    /// 最长时间，秒 · hang up after so long, s.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    /// 本端地址；默认为交换机信任的运营商 · our address; by default the carrier that lab and demo trust.
    #[arg(long, value_name = "IP")]
    pub local: Option<IpAddr>,
}

#[derive(Debug, Subcommand)]
pub enum Calls {
    /// 列出进行中和最近的通话 · live calls and the latest records.
    Ls {
        /// 最多多少条 · at most so many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
        /// 只看此号码（主叫或被叫） · only this number, calling or dialled.
        #[arg(long, value_name = "NUMBER")]
        number: Option<String>,
        /// 从此刻起 · from this time on.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        since: Option<i64>,
        /// 只看此结果，如 abandoned · only records with this outcome.
        #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
        outcome: Option<Outcome>,
        /// 只看进行中的处于此阶段的 · of the live ones only those in this stage.
        #[arg(long, value_name = "announcing|queueing|ringing|talking")]
        stage: Option<String>,
        #[command(flatten)]
        show: super::watch::Show,
    },
    /// 一个来电为何还在等：位次，各坐席为何未接 · why a call waits: its position, and what keeps each seat from having it.
    #[command(after_help = "例 example:\n  switchboard calls why 5bhd7pq5c01")]
    Why {
        /// 编号 · its reference.
        call: String,
    },
    /// 一次通话的始末 · one call from beginning to end.
    Show {
        /// 编号 · its reference.
        call: String,
    },
    /// 一次通话的录音：文件、是否被改动、各声道时长和电平、停录的时段；--out 解密、解码 · a call's recording: its file, whether it
    /// is unaltered, each channel's length and level, pauses; --out decrypts and decodes it.
    #[command(
        after_help = "声道 channels: 0 来电人 caller · 1 坐席 agent · 2 第三方 third party · 3 班长 supervisor\n\
        文件缺失或被改动时退出码为 1 · exit 1 where the file is missing or altered\n例 examples:\n  \
        switchboard calls recording 5bhd7pq5c01\n  switchboard calls recording 5bhd7pq5c01 --out call.wav"
    )]
    Recording {
        /// 编号 · its reference.
        call: String,
        /// 写到文件：.wav 解码，.flac、.opus 只解密 · where to write it: decoded to .wav, or as it is kept to .flac or .opus.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 代坐席转接：把通讯录中的一方接入通话 · brings somebody of the directory into a live call, on behalf of its agent.
    #[command(after_help = "例 examples:\n  switchboard calls transfer 5bhd7pq5c01 12366\n  \
        switchboard calls transfer 5bhd7pq5c01 119\n  switchboard calls transfer 5bhd7pq5c01 12348 --way on-answer --reason \"劳动合同\"\n  \
        switchboard calls transfer 5bhd7pq5c01 120 --location \"鼓楼区五四路 111 号\"")]
    Transfer {
        /// 编号 · its reference.
        call: String,
        /// 号码：保留座席的热线、分中心、紧急、水电气、坐席 · a number of the directory.
        to: String,
        /// 方式：三方、接通后坐席退出、先咨询、盲转 · three parties; the agent leaves on answer; the caller waits meanwhile; he leaves at once.
        #[arg(long, value_enum, default_value = "three-way")]
        way: Way,
        /// 事由，随来电人告知对方 · why, told to the target.
        #[arg(long, value_name = "TEXT", default_value = "", value_parser = note)]
        reason: String,
        /// 来电人所在位置，随来电人告知对方 · where the caller is, told to the target.
        #[arg(long, value_name = "TEXT", default_value = "", value_parser = note)]
        location: String,
        #[command(flatten)]
        by: Who,
    },
    /// 坐席退出三方通话，来电人与第三方继续 · the agent leaves a talk of three, the others go on.
    #[command(after_help = "例 example:\n  switchboard calls leave 5bhd7pq5c01")]
    Leave(OfCall),
    /// 取消正在呼叫或已接入的第三方 · the third party goes, whether it rings or has joined.
    #[command(after_help = "例 example:\n  switchboard calls cancel 5bhd7pq5c01")]
    Cancel(OfCall),
    /// 坐席暂离：不听也不被听见，独自等待的来电人听音乐 · the agent hears nobody and is heard by nobody; a caller left alone hears music.
    #[command(after_help = "例 example:\n  switchboard calls hold 5bhd7pq5c01 --why \"查阅政策\"")]
    Hold(OfCall),
    /// 坐席回到通话 · the end of `hold`.
    #[command(after_help = "例 example:\n  switchboard calls resume 5bhd7pq5c01")]
    Resume(OfCall),
    /// 坐席静音 · the agent is not heard.
    #[command(after_help = "例 example:\n  switchboard calls mute 5bhd7pq5c01")]
    Mute(OfCall),
    /// 取消静音 · he is again.
    #[command(after_help = "例 example:\n  switchboard calls unmute 5bhd7pq5c01")]
    Unmute(OfCall),
    /// 坐席在第三方与来电人之间切换 · target alone and caller alone, in turn.
    #[command(after_help = "例 example:\n  switchboard calls swap 5bhd7pq5c01")]
    Swap(OfCall),
    /// 三方同时通话（切换或咨询之后） · all three talk, after swap or a consultation.
    #[command(after_help = "例 example:\n  switchboard calls together 5bhd7pq5c01")]
    Together(OfCall),
    /// 回到来电人，第三方离开 · back to the caller; the target goes.
    #[command(after_help = "例 example:\n  switchboard calls back 5bhd7pq5c01")]
    Back(OfCall),
    /// 录音：开始、暂停（证件号、卡号）、继续 · recording: start, pause (a card or identity number is said), continue.
    #[command(after_help = "例 examples:\n  switchboard calls record 5bhd7pq5c01 start\n  \
        switchboard calls record 5bhd7pq5c01 pause --why \"身份证号\"")]
    Record {
        #[command(flatten)]
        of: OfCall,
        /// 开始、暂停、继续 · what.
        #[arg(value_enum, value_name = "start|pause|continue")]
        order: RecordOrder,
    },
    /// 班长：监听、耳语、强插、接管；先呼叫班长的话机 · a supervisor's phone is called and joins so; once more changes how.
    #[command(
        after_help = "例 examples:\n  switchboard calls supervise 5bhd7pq5c01 --seat 8050 --mode listen --why \"新坐席\"\n  \
        switchboard calls supervise 5bhd7pq5c01 --seat 8050 --mode take-over --why \"来电人要求\""
    )]
    Supervise {
        /// 编号 · its reference.
        call: String,
        /// 班长的坐席 · the supervisor's seat.
        #[arg(long, value_name = "SEAT")]
        seat: String,
        /// 监听、耳语（只有坐席听见）、强插、接管 · how.
        #[arg(long, value_enum, value_name = "listen|whisper|barge|take-over")]
        mode: Mode,
        /// 为何，必填 · why: it is kept.
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        why: String,
        #[command(flatten)]
        by: Who,
    },
    /// 班长退出 · the supervisor goes.
    #[command(after_help = "例 example:\n  switchboard calls dismiss 5bhd7pq5c01")]
    Dismiss(OfCall),
    /// 请来电人评价，坐席退出 · the caller is asked how he was served; the agent is free.
    #[command(after_help = "例 example:\n  switchboard calls survey 5bhd7pq5c01")]
    Survey(OfCall),
    /// 挂断 · ends a call.
    Hangup {
        /// 编号 · its reference.
        call: String,
    },
}

/// A live call that an order is about, with who gives it and why.
#[derive(Debug, Clone, Args)]
pub struct OfCall {
    /// 编号 · its reference.
    pub call: String,
    /// 为何 · why.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = note)]
    pub why: String,
    #[command(flatten)]
    pub by: Who,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.word() == text);
    found.ok_or_else(|| {
        let words = Outcome::ALL.map(Outcome::word).join(" ");
        format!("应为其一 · one of: {words}")
    })
}

/// What to do about a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordOrder {
    /// 开始.
    Start,
    /// 暂停.
    Pause,
    /// 继续.
    Continue,
}

/// How a supervisor is in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// 监听.
    Listen,
    /// 耳语.
    Whisper,
    /// 强插.
    Barge,
    /// 接管.
    TakeOver,
}

/// How somebody is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// 三方.
    #[value(name = "three-way")]
    Together,
    /// 接通后坐席退出.
    OnAnswer,
    /// 先咨询.
    Consult,
    /// 盲转.
    Blind,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Reports {
    /// 服务指标：接通率、15 秒应答率、放弃、等待、通话、转出 · service figures by line, group, department, person, traffic or hour.
    Figures(super::figures::args::Figures),
    /// 满意度：评价、满意率（基本满意及以上）、解决率 · how callers say they were served: satisfied are grades 3 to 5.
    #[command(
        after_help = "例 examples:\n  switchboard report survey --by person\n  switchboard report survey --by line --json"
    )]
    Survey(super::figures::args::Figures),
    /// 各部门的转接：请求、15 秒内接通、平均振铃、退回及原因、丢失（必须为 0，否则退出码 1） · transfers by department;
    /// exit 1 if a caller was lost.
    #[command(after_help = "只统计已结束的通话 · only calls that have ended are counted\n例 examples:\n  \
        switchboard report transfers --since 2021-12-15 --until 2021-12-16\n  switchboard report transfers --json")]
    Transfers {
        /// 从此刻起请求的 · asked for at this time or later.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        since: Option<i64>,
        /// 在此刻之前请求的 · asked for before this time.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        until: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum List {
    /// 列出 · lists them.
    Ls,
}

#[derive(Debug, Subcommand)]
pub enum Numbers {
    /// 列出各号码在某日的状态 · each number with its state on a date.
    Ls {
        /// 时间，默认现在 · the time, now by default.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        at: Option<i64>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Dialplan {
    /// 拨这个号码会怎样，为什么 · what happens to a call to this number, and why.
    Why(Why),
    /// 一个号码的一生：归并前、过渡期、取消 · a number's whole life: before its cutover, transition, cancelled.
    Timeline {
        /// 号码，任何写法 · the number, in any spelling.
        number: String,
        /// 标出此刻，默认现在 · the moment to mark, now by default.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        at: Option<i64>,
    },
    /// 与正在生效的计划比较：决定有何不同，昨日来电会怎样 · what would differ from the plan in force, in decisions.
    #[command(
        after_help = "例 examples:\n  switchboard dialplan plan\n  switchboard dialplan plan --out next.plan --exit-code\n  \
        switchboard dialplan plan dialplans --base dialplans.old"
    )]
    Plan {
        /// 目录；默认为交换机自己的 · the folder; by default the daemon's own.
        folder: Option<PathBuf>,
        /// 写成计划文件，供 apply 使用 · keeps what was compared, for `apply`.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// 有不同则退出码 3 · exit 3 when something differs.
        #[arg(long)]
        exit_code: bool,
        /// 不问交换机，与此目录比较 · compares with this folder instead of the running switchboard.
        #[arg(long, value_name = "DIR")]
        base: Option<PathBuf>,
    },
    /// 使计划文件生效；期间别人改过则拒绝 · puts a plan file in force, unless another plan came into force meanwhile.
    #[command(after_help = "例 example:\n  switchboard dialplan apply next.plan --note \"海关分中心换中继\"")]
    Apply {
        /// plan --out 写的文件 · the file that `plan --out` wrote.
        plan: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// 生效过的版本：何时、何人、为何 · the versions that were in force: when, who and why.
    #[command(
        after_help = "例 examples:\n  switchboard dialplan history\n  switchboard dialplan history 3fa9 --out old-plan"
    )]
    History {
        /// 只看这个版本的文件 · the files of this version.
        #[arg(value_name = "VERSION")]
        which: Option<String>,
        /// 把文件写到此目录 · writes the files into this folder, which must be new or empty.
        #[arg(long, value_name = "DIR", requires = "which")]
        out: Option<PathBuf>,
    },
    /// 回到先前的版本；默认为上一个 · takes an earlier version back, by default the one before.
    #[command(
        after_help = "例 examples:\n  switchboard dialplan rollback --note \"12366 转错\"\n  switchboard dialplan rollback 3fa9"
    )]
    Rollback {
        /// 版本，写前几位即可 · the version, or how it begins.
        #[arg(value_name = "VERSION")]
        which: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// 逐条检查附件的要求 · holds the dialplan against every row of the annex.
    Duties {
        /// 各号码在此刻的状态，默认现在 · the moment for the state of each number, now by default.
        #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
        at: Option<i64>,
        /// 另一个城市的附件；默认为福州的 · another city's annex; Fuzhou's by default.
        #[arg(long, value_name = "FILE")]
        annex: Option<PathBuf>,
        /// 每项要求的依据 · what meets or fails each demand.
        #[arg(long)]
        long: bool,
    },
    /// 检查拨号计划 · checks the dialplan.
    Check {
        /// 目录；默认为配置中的 · the folder; by default the configured one.
        folder: Option<PathBuf>,
        /// 输出格式；sarif 给编辑器和代码平台 · how it is told; sarif is for editors and code hosts.
        #[arg(long, value_enum, value_name = "text|json|sarif", default_value_t = Report::Text)]
        format: Report,
    },
    /// 整理拨号计划文件的排版，保留注释和含义 · lays dialplan files out, keeping every comment and meaning.
    #[command(after_help = "例 example: switchboard dialplan fmt dialplans --check")]
    Fmt {
        /// 目录或文件；默认为配置中的目录 · folders or files; by default the configured folder.
        paths: Vec<PathBuf>,
        /// 只检查：有待整理的就列出，退出码 1 · only look: name the files that would change, exit 1.
        #[arg(long)]
        check: bool,
    },
    /// 文件格式的 JSON Schema，给编辑器用 · the JSON Schema of the files, for editors.
    #[command(after_help = "例 example: switchboard dialplan schema > dialplan.schema.json\n\
        然后在 TOML 文件首行写 · then say in a file's first line: #:schema ./dialplan.schema.json")]
    Schema,
}

/// How `dialplan check` tells what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// 给人看 · for people.
    Text,
    /// 同 --json · the same as --json.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

impl Cli {
    /// Whether one JSON document is wanted.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.global.json || matches!(self.command, Command::Dialplan(Dialplan::Check { format: Report::Json, .. }))
    }
}
