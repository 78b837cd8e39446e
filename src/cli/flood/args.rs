//! The grammar of `flood`, and what its words mean.

use crate::flood::scenario::Length;
use clap::Args;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// `flood`.
#[derive(Debug, Args)]
#[command(after_help = "例 examples:\n  switchboard flood 12345 --rate 200 --for 30s --seats 20\n  \
    switchboard flood 12366 --find-limit --talk 1s --answer-at 127.0.0.20:5060 --no-sound\n  \
    switchboard flood --mix city --rate 10 --for 300s --seats 40 --report out --expect \"failed=0\" --expect \"p99<50ms\"\n  \
    switchboard flood 12345 --webrtc 200 --talk 10s\n\n\
    期望 figures for --expect: answered failed abandoned late_starts not_begun timeouts broken retransmissions ended_there \
    byes_unanswered served p50 p90 p99 p999 p9999 max post_dial_p99 bye_p99 person_p99 mute_legs wrong_sound one_way lost \
    holes_over_40ms delay_p99 jitter_p99 first_sound_p99 cpu_s cpu_s_per_1000 rss_kb; < <= = >= >; %, us, ms, s")]
pub(in crate::cli) struct Flood {
    /// 被叫号码；与 --mix 二选一 · the number to call; either this or --mix.
    pub number: Option<String>,
    /// 多少个网页电话（WebSocket、ICE、DTLS-SRTP）呼叫该号码 · so many pages call it: WebSocket, ICE, DTLS-SRTP by the crate webrtc.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000), requires = "number", conflicts_with_all = [
        "mix", "ramp", "find_limit", "for_", "concurrent", "answer_at", "expect", "report", "ring", "login", "even", "no_sound"])]
    pub webrtc: Option<u32>,
    /// 网页电话连接的网页接口 · the web listener whose /sip pages speak to.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub web: SocketAddr,
    /// 压测对象；默认只许本机 · whom to flood; this machine alone unless [flood] targets of the configuration allow more.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5070")]
    pub to: SocketAddr,
    /// 每秒多少个呼叫 · calls a second; 50 unless --concurrent says how many.
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with_all = ["ramp", "find_limit"])]
    pub rate: Option<f64>,
    /// 从每秒 A 个匀速升到 B 个 · from A calls a second evenly to B.
    #[arg(long, value_name = "A..B", value_parser = ramp, conflicts_with = "find_limit")]
    pub ramp: Option<(f64, f64)>,
    /// 找出还能全部做好的最高速率 · finds the highest rate at which everything holds: doubling, then halving the gap.
    #[arg(long)]
    pub find_limit: bool,
    /// 时长 · how long calls are begun; of each step 5s with --find-limit.
    #[arg(long = "for", value_name = "60s", value_parser = duration)]
    pub for_: Option<f64>,
    /// 接通后多久挂机 · how long after the answer callers hang up; 1s with --find-limit.
    #[arg(long, value_name = "20s", value_parser = duration)]
    pub talk: Option<f64>,
    /// 同时最多多少个呼叫 · no call begins while so many are live; what is not begun is counted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub concurrent: Option<u64>,
    /// 注册多少个坐席并应答 · seats that register and answer.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub seats: u32,
    /// 第一个坐席的号码；默认 8001，演示时为 8211 · the number of the first: 8001, or 8211 of a demo that runs.
    #[arg(long, value_name = "NUMBER")]
    pub first_seat: Option<String>,
    /// 坐席密码；默认 lab-{seat}，演示时为其口令 · the seats' password: lab-{seat}, or that of a demo that runs.
    #[arg(long, value_name = "TEXT")]
    pub seat_password: Option<String>,
    /// 振铃多久后应答 · how long seats and departments let it ring.
    #[arg(long, value_name = "200ms", value_parser = duration)]
    pub ring: Option<f64>,
    /// 在这些地址应答，如同分中心 · departments answer at these addresses of ours.
    #[arg(long, value_name = "IP:PORT", value_delimiter = ',')]
    pub answer_at: Vec<SocketAddr>,
    /// 场景文件；city 为自带 · what callers do; `city` is shipped.
    #[arg(long, value_name = "FILE|city", conflicts_with = "number")]
    pub mix: Option<String>,
    /// 随机种子；同一种子，同样的呼叫 · replays a run: the same calls at the same moments.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// 主叫号码池 · callers' numbers.
    #[arg(long, value_name = "FIRST-LAST", default_value = "13900000000-13999999999")]
    pub from: String,
    /// 均匀到达，而不是随机（泊松） · evenly, not by chance (Poisson).
    #[arg(long)]
    pub even: bool,
    /// 只有信令，不发声音 · signalling only: no leg speaks.
    #[arg(long)]
    pub no_sound: bool,
    /// 多久无人应答就放弃 · how long a caller waits for an answer.
    #[arg(long, value_name = "60s", value_parser = duration, default_value = "60s")]
    pub patience: f64,
    /// 主叫一侧的地址 · where callers come from; for loopback the carrier of lab and demo.
    #[arg(long, value_name = "IP")]
    pub local: Option<IpAddr>,
    /// 坐席一侧的地址 · where seats are.
    #[arg(long, value_name = "IP")]
    pub seats_local: Option<IpAddr>,
    /// 主叫的用户名与密码，若对方要求 · the callers' user and password, if they are asked for one.
    #[arg(long, value_name = "USER:PASSWORD")]
    pub login: Option<String>,
    /// 本机上被测进程的编号：看它的 CPU 与内存 · the server's process on this machine: its CPU and memory.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// 期望，可重复；不成立则退出码 1 · what must hold, may be repeated; exit 1 if one does not.
    #[arg(long, value_name = "FIGURE")]
    pub expect: Vec<String>,
    /// 把报告写入该目录：report.txt report.json report.html · the folder for the report.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
}

/// `90`, `90s`, `1.5m`, `200ms`, `1h` → s.
fn duration(text: &str) -> Result<f64, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, unit) = units.iter().find_map(|(u, s)| Some((text.strip_suffix(u)?, *s))).unwrap_or((text, 1.0));
    let seconds = number.trim().parse::<f64>().ok().map(|n| n * unit).filter(|s| (0.0..=604_800.0).contains(s));
    seconds.ok_or_else(|| "时长如 30s、500ms、2m · a duration is like 30s, 500ms, 2m".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| *n > 0.0 && *n <= 1e6);
    number.ok_or_else(|| "应为大于 0 的数 · a number above 0".to_owned())
}

fn ramp(text: &str) -> Result<(f64, f64), String> {
    let both = text.split_once("..").and_then(|(a, b)| Some((positive(a).ok()?, positive(b).ok()?)));
    both.ok_or_else(|| "应为 A..B，如 10..2000 · like 10..2000".to_owned())
}

impl Flood {
    /// How long calls are begun, s.
    pub(super) fn seconds(&self) -> f64 {
        self.for_.unwrap_or(if self.find_limit { 5.0 } else { 60.0 })
    }

    /// How long callers talk.
    pub(super) fn talk(&self) -> Length {
        Length::Fixed(self.talk.unwrap_or(if self.find_limit { 1.0 } else { 20.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ramps() {
        let of = |text| duration(text).ok();
        assert_eq!(
            ["30s", "500ms", "2m", "1.5", "1h"].map(of),
            [Some(30.0), Some(0.5), Some(120.0), Some(1.5), Some(3600.0)]
        );
        assert_eq!(["", "s", "-1s", "x", "1e9"].map(of), [None; 5]);
        assert_eq!(ramp("10..2000"), Ok((10.0, 2000.0)));
        assert!(ramp("10").is_err() && ramp("0..5").is_err() && positive("0").is_err());
    }
}
