//! `trace`: what was said on the wire, of a call or of a number; as it happens, as a ladder, as a file for Wireshark and sngrep.

pub(super) mod args;
mod rtp;

use super::args::Global;
use super::ask;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use crate::exchange::{Answer, Command, TraceRow};
use args::Trace;
use rtp::Told;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// How often `--follow` asks.
const EVERY: Duration = Duration::from_millis(500);
/// Cells between two lines of life.
const APART: usize = 30;

/// Runs it.
pub(super) fn trace(global: &Global, args: &Trace, screen: &Screen) -> Result<Done, Failure> {
    let mut rows = Vec::new();
    let mut last = gather(global, args, 0, &mut rows)?;
    if args.rtp && !args.follow {
        for _ in 0..Duration::from_secs(args.seconds.into()).as_millis() / EVERY.as_millis() {
            std::thread::sleep(EVERY);
            last = gather(global, args, last, &mut rows)?;
        }
    }
    if let Some(path) = &args.pcap {
        write(path, &rows)?;
    }
    if args.follow {
        return follow(global, args, rows, last, screen);
    }
    if rows.is_empty() {
        let (zh, en) = ("内存中没有相关的信令", "nothing of it is in memory");
        return Err(Failure::new(Exit::Bad, zh, en));
    }
    let first = rows.first().map_or(0, |row| row.at);
    let text = match args.ladder {
        true => ladder(&rows, screen),
        false => rtp::told(&rows).iter().map(|row| line(row, first, args.full)).collect(),
    };
    let result = json!({ "messages": rows, "pcap": args.pcap.as_ref().map(|path| path.display().to_string()) });
    Ok(Done { text, result, exit: Exit::Ok })
}

/// All messages after this one; the number of the last that is kept at all.
fn gather(global: &Global, args: &Trace, mut after: u64, rows: &mut Vec<TraceRow>) -> Result<u64, Failure> {
    loop {
        let command = Command::Trace { what: args.what.clone(), after, rtp: args.rtp };
        let Answer::Trace { messages, more, on, last } = ask::ask(global, &command)? else {
            return Err(ask::strange());
        };
        if !on {
            let (zh, en) = ("配置 [trace] memory_kib = 0：不保存信令", "[trace] memory_kib = 0: nothing is kept");
            return Err(Failure::new(Exit::Config, zh, en));
        }
        after = messages.last().map_or(after, |row| row.seq);
        rows.extend(messages);
        if !more {
            return Ok(last.max(after));
        }
    }
}

fn follow(global: &Global, args: &Trace, rows: Vec<TraceRow>, last: u64, screen: &Screen) -> Result<Done, Failure> {
    let (mut all, mut after) = (rows, last);
    let first = all.first().map(|row| row.at);
    let mut told = 0;
    loop {
        for row in rtp::told(all.get(told..).unwrap_or_default()) {
            screen.line(line(&row, first.unwrap_or(row.at()), args.full).trim_end());
        }
        told = all.len();
        std::thread::sleep(EVERY);
        after = gather(global, args, after, &mut all)?;
        if let Some(path) = args.pcap.as_ref().filter(|_| all.len() > told) {
            write(path, &all)?;
        }
    }
}

/// A message, or packets of one stream, after the first message of all.
fn line(row: &Told<'_>, first: i64, full: bool) -> String {
    match row {
        Told::Message(row) => shown(row, first, full),
        Told::Packets(stream) => {
            let arrow = if stream.sent { "─▶" } else { "◀─" };
            format!("{}  {arrow} rtp  {:<21}  {}\n", seconds(stream.from, first), stream.peer, stream.words())
        }
    }
}

/// Seconds after the first, who to whom, and the first line, or all of them.
fn shown(row: &TraceRow, first: i64, full: bool) -> String {
    let arrow = if row.sent { "─▶" } else { "◀─" };
    let mut text = format!("{}  {arrow} {:<4} {:<21}  {}", moment(row, first), row.transport, row.peer, headline(row));
    if has_sdp(row) {
        text.push_str("  [SDP]");
    }
    text.push('\n');
    if full {
        for line in row.text.lines() {
            let _ = writeln!(text, "      {line}");
        }
        text.push('\n');
    }
    text
}

fn moment(row: &TraceRow, first: i64) -> String {
    seconds(row.at, first)
}

fn seconds(at: i64, first: i64) -> String {
    let micros = (at - first).max(0);
    format!("{:>5}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

/// A request's method and target, a response's status with its method.
fn headline(row: &TraceRow) -> String {
    let first = row.text.lines().next().unwrap_or_default();
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { '·' } else { c }).collect::<String>();
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let method = row.text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("cseq").then(|| value.split_whitespace().nth(1))?
            });
            match method {
                Some(method) if method != "INVITE" => format!("{} ({method})", clean(status)),
                _ => clean(status),
            }
        }
        None => clean(first.trim_end_matches(" SIP/2.0")),
    }
}

fn has_sdp(row: &TraceRow) -> bool {
    row.text.contains("\nv=0")
}

/// One line of life for us, one for each other side, in the order in which they appear.
fn ladder(all: &[TraceRow], screen: &Screen) -> String {
    let packets = rtp::told(all).into_iter().filter(|row| matches!(row, Told::Packets(_)));
    let streams: String = packets.map(|row| line(&row, all.first().map_or(0, |row| row.at), false)).collect();
    let rows: Vec<&TraceRow> = all.iter().filter(|row| row.rtp.is_none()).collect();
    let mut peers: Vec<SocketAddr> = Vec::new();
    for row in &rows {
        if !peers.contains(&row.peer) {
            peers.push(row.peer);
        }
    }
    let lives = |cross: &dyn Fn(usize) -> Option<String>| {
        let mut line = String::new();
        let mut column = 0;
        while column <= peers.len() {
            let text = cross(column);
            line.push_str(text.as_deref().unwrap_or("│"));
            let used = text.as_deref().map_or(1, UnicodeWidthStr::width);
            column += if used > 1 { used / APART } else { 1 };
            if used == 1 && column <= peers.len() {
                line.push_str(&" ".repeat(APART - 1));
            }
        }
        line
    };
    let mut text = format!("{:11}{:<APART$}", "", screen.lang.of("交换机", "switchboard"));
    for peer in &peers {
        let _ = write!(text, "{:<APART$}", peer.to_string());
    }
    text = text.trim_end().to_owned();
    text.push('\n');
    let first = rows.first().map_or(0, |row| row.at);
    for row in rows {
        let at = peers.iter().position(|peer| *peer == row.peer).unwrap_or(0) + 1;
        let span = APART * at - 1;
        let (mut words, sdp) = (headline(row), if has_sdp(row) { " [SDP]" } else { "" });
        // The arrow runs over the lines of those between.
        while words.width() > span.saturating_sub(4 + sdp.len()) {
            words.pop();
        }
        words.push_str(sdp);
        let dashes = "─".repeat(span - 2 - words.width());
        let arrow = if row.sent { format!("─{words}{dashes}▶") } else { format!("◀{words}{dashes}─") };
        let line = lives(&|column| match column {
            0 => Some(format!("│{arrow}")),
            _ => None,
        });
        let _ = writeln!(text, "{} {}", moment(row, first), line.trim_end());
    }
    text + &streams
}

fn write(path: &Path, rows: &[TraceRow]) -> Result<(), Failure> {
    fs::write(path, pcap(rows)).map_err(|e| {
        let at = path.display();
        Failure::new(Exit::Bad, format!("无法写入 {at}：{e}"), format!("{at} cannot be written: {e}"))
    })
}

/// A capture of link type RAW: IP and UDP heads around each message.
fn pcap(rows: &[TraceRow]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(0xA1B2_C3D4u32.to_le_bytes());
    out.extend(2u16.to_le_bytes());
    out.extend(4u16.to_le_bytes());
    out.extend([0; 8]);
    out.extend(262_144u32.to_le_bytes());
    out.extend(101u32.to_le_bytes());
    for row in rows {
        let (from, to) = if row.sent { (row.local, row.peer) } else { (row.peer, row.local) };
        // Of RTP there is the header, as in a capture that cuts short what is long.
        let (kept, left_out) = match &row.rtp {
            Some(packet) => (rtp::header(packet).to_vec(), usize::from(packet.length)),
            None => (row.text.clone().into_bytes(), 0),
        };
        let packet = packet(from, to, &kept, left_out);
        let at = row.at.max(0).unsigned_abs();
        let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        let was = length.saturating_add(u32::try_from(left_out).unwrap_or(0));
        for word in [(at / 1_000_000) as u32, (at % 1_000_000) as u32, length, was] {
            out.extend(word.to_le_bytes());
        }
        out.extend(packet);
    }
    out
}

/// A datagram of which the last bytes are left out.
fn packet(from: SocketAddr, to: SocketAddr, message: &[u8], left_out: usize) -> Vec<u8> {
    // A message by TCP may be longer than a datagram can be: cut, as a capture may cut it.
    let message = message.get(..message.len().min(65_000)).unwrap_or_default();
    let udp = u16::try_from(message.len() + left_out + 8).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(message.len() + 48);
    match (from.ip(), to.ip()) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            out.extend([0x45, 0]);
            out.extend((udp + 20).to_be_bytes());
            out.extend([0, 0, 0, 0, 64, 17, 0, 0]);
            out.extend(source.octets());
            out.extend(target.octets());
            let sum = checksum(&out);
            out.splice(10..12, sum.to_be_bytes());
        }
        (source, target) => {
            let long = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            };
            out.extend([0x60, 0, 0, 0]);
            out.extend(udp.to_be_bytes());
            out.extend([17, 64]);
            out.extend(long(source));
            out.extend(long(target));
        }
    }
    out.extend(from.port().to_be_bytes());
    out.extend(to.port().to_be_bytes());
    out.extend(udp.to_be_bytes());
    out.extend([0, 0]); // no checksum (RFC 768)
    out.extend(message);
    out
}

/// Of an IPv4 head (RFC 1071).
fn checksum(head: &[u8]) -> u16 {
    let mut sum: u32 =
        head.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |b| u32::from(*b))).sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Lang;

    fn row(seq: u64, sent: bool, peer: &str, text: &str) -> TraceRow {
        TraceRow {
            seq,
            at: 1_639_533_600_000_000 + 12_000 * seq.cast_signed(),
            sent,
            transport: "udp".into(),
            local: "127.0.0.1:5070".parse().unwrap(),
            peer: peer.parse().unwrap(),
            call_id: "x".into(),
            text: text.into(),
            rtp: None,
        }
    }

    fn talk() -> Vec<TraceRow> {
        vec![
            row(1, false, "127.0.0.10:5060", "INVITE sip:12345@h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"),
            row(2, true, "127.0.0.10:5060", "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n"),
            row(3, true, "127.0.0.60:4001", "INVITE sip:8001@h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"),
            row(4, false, "127.0.0.60:4001", "SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n"),
        ]
    }

    #[test]
    fn a_ladder_has_a_line_of_life_for_each_side() {
        let screen = Screen { lang: Lang::En, json: false, color: false };
        let drawn = ladder(&talk(), &screen);
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines[0].contains("switchboard") && lines[0].contains("127.0.0.10:5060"), "{drawn}");
        assert!(lines[1].contains("│◀INVITE sip:12345@h [SDP]─") && lines[1].ends_with('│'), "{drawn}");
        assert!(lines[2].contains("─100 Trying─") && lines[2].contains("▶│"), "{drawn}");
        assert!(lines[4].contains("◀200 OK (BYE)─"), "{drawn}");
        let widths: Vec<usize> = lines[1..].iter().map(|line| line.width()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{drawn}\n{widths:?}");
    }

    #[test]
    fn a_capture_is_what_readers_of_pcap_expect() {
        let bytes = pcap(&talk());
        assert_eq!(
            (&bytes[..4], u32::from_le_bytes(bytes[20..24].try_into().unwrap())),
            (&[0xD4, 0xC3, 0xB2, 0xA1][..], 101)
        );
        let packet = &bytes[40..];
        assert_eq!((packet[0], packet[9], checksum(&packet[..20])), (0x45, 17, 0), "IPv4, UDP, a right checksum");
        assert_eq!(&packet[12..20], [127, 0, 0, 10, 127, 0, 0, 1]);
        assert!(packet[28..].starts_with(b"INVITE"));
    }
}
