//! `call`: one real call as a test caller. The ladder as it happens, what was heard at the end.

use super::args::{self, Global};
use super::exit::{Done, Exit, Failure};
use super::hearing::{Found, Hearing, Kind, Piece};
use super::ladder::{self, Ladder};
use super::line::{self, Happened, Line, Place};
use super::place;
use super::screen::Screen;
use super::voice::{Sound, Voice};
use crate::audio::wav;
use crate::clock::SECOND;
use crate::fact::Lang;
use crate::phone::{Event, is_number};
use crate::sip::dialog::SessionId;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What must come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expect {
    /// This final status of the INVITE.
    Status(u16),
    /// This prompt, from its first syllable to its last.
    Prompt(String, PathBuf),
}

/// A prompt counts as heard when so much of it came as it is.
const WHOLE: f64 = 0.98;

/// How the call went.
#[derive(Debug)]
struct Course {
    ladder: Ladder,
    hearing: Hearing,
    local: SocketAddr,
    began: u64,
    /// µs after the begin.
    answered: Option<u64>,
    ended: u64,
    status: Option<u16>,
    q850: Option<u8>,
    nobody: bool,
}

/// Places the call.
pub(super) fn call(global: &Global, args: &args::Call, screen: &Screen) -> Result<Done, Failure> {
    let uri = uri(&args.number, args.at)?;
    let expects = args.expect.iter().map(|text| expectation(text, global)).collect::<Result<Vec<_>, _>>()?;
    let sound = sound(&args.say)?;
    check_keys(args)?;
    check_caller(&args.from)?;
    // Before the call: a recording that cannot be kept is no reason to have called.
    let out = args.out.as_deref().map(create).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let course = runtime.and_then(|r| r.block_on(place_call(args, &uri, sound, screen))).map_err(|e| {
        Failure::new(Exit::Bad, format!("无法打开套接字：{e}"), format!("the sockets cannot be opened: {e}"))
    })?;
    if course.nobody {
        let (zh, en) = (format!("{} 没有交换机应答", args.at), format!("no switchboard answers at {}", args.at));
        return Err(Failure::new(Exit::Unreachable, zh, en));
    }
    if let Some((file, path)) = out {
        wav::write(BufWriter::new(file), course.hearing.alaw()).map_err(|e| {
            Failure::new(Exit::Bad, format!("{}：{}", path.display(), e.chinese()), format!("{}: {e}", path.display()))
        })?;
    }
    report(args, &course, &expects, screen)
}

/// The caller's number stands in From.
fn check_caller(from: &str) -> Result<(), Failure> {
    if is_number(from) {
        return Ok(());
    }
    let (zh, en) = (format!("\"{from}\" 不能作主叫"), format!("\"{from}\" cannot be a caller"));
    Err(Failure::new(Exit::Usage, zh, en))
}

/// `12345` → `sip:12345@127.0.0.1:5070`; a URI stays what it is.
fn uri(number: &str, at: SocketAddr) -> Result<String, Failure> {
    let harmful = |c: char| c.is_control() || c.is_whitespace() || "<>\"".contains(c);
    if number.is_empty() || number.len() > 256 || number.contains(harmful) {
        let (zh, en) = (format!("\"{number}\" 不能拨"), format!("\"{number}\" cannot be dialled"));
        return Err(Failure::new(Exit::Usage, zh, en));
    }
    let is_uri = ["sip:", "sips:", "tel:", "urn:"].iter().any(|scheme| number.to_ascii_lowercase().starts_with(scheme));
    Ok(if is_uri { number.to_owned() } else { format!("sip:{number}@{at}") })
}

fn expectation(text: &str, global: &Global) -> Result<Expect, Failure> {
    if let Some(name) = text.strip_prefix("prompt:") {
        let path = place::dialplan(global)?.join("prompts").join(format!("{name}.wav"));
        if !path.is_file() {
            let at = path.display();
            return Err(Failure::new(Exit::Usage, format!("没有提示音文件 {at}"), format!("there is no prompt {at}")));
        }
        return Ok(Expect::Prompt(name.to_owned(), path));
    }
    match text.parse::<u16>() {
        Ok(status) if (200..700).contains(&status) => Ok(Expect::Status(status)),
        _ => {
            let zh = format!("--expect 应为最终状态码（200 到 699）或 prompt:名称，而不是 \"{text}\"");
            let en = format!("--expect takes a final status (200 to 699) or prompt:NAME, not \"{text}\"");
            Err(Failure::new(Exit::Usage, zh, en))
        }
    }
}

/// What `--say` names.
fn sound(text: &str) -> Result<Sound, Failure> {
    if let Some(hertz) = text.strip_prefix("tone:") {
        return match hertz.parse::<f64>() {
            Ok(hertz) if (50.0..=3900.0).contains(&hertz) => Ok(Sound::Tone(hertz)),
            _ => Err(Failure::new(
                Exit::Usage,
                format!("音调应为 50 到 3900 Hz，而不是 \"{hertz}\""),
                format!("a tone is 50 to 3900 Hz, not \"{hertz}\""),
            )),
        };
    }
    let path = Path::new(text);
    read_wav(path).map(|alaw| Sound::Clip(alaw.into(), 0))
}

pub(super) fn read_wav(path: &Path) -> Result<Vec<u8>, Failure> {
    let at = path.display();
    let file = File::open(path)
        .map_err(|e| Failure::new(Exit::Usage, format!("无法读取 {at}：{e}"), format!("{at} cannot be read: {e}")))?;
    wav::read(BufReader::new(file))
        .map_err(|e| Failure::new(Exit::Usage, format!("{at}：{}", e.chinese()), format!("{at}: {e}")))
}

fn check_keys(args: &args::Call) -> Result<(), Failure> {
    let strange =
        args.dtmf.iter().flat_map(|keys| keys.chars()).find(|k| crate::rtp::telephone_event::code(*k).is_none());
    strange.map_or(Ok(()), |key| {
        let (zh, en) = (format!("没有按键 '{key}'：0-9 * # A-D"), format!("there is no key '{key}': 0-9 * # A-D"));
        Err(Failure::new(Exit::Usage, zh, en))
    })
}

fn create(path: &Path) -> Result<(File, PathBuf), Failure> {
    let at = path.display();
    File::create(path)
        .map(|file| (file, path.to_owned()))
        .map_err(|e| Failure::new(Exit::Bad, format!("无法写入 {at}：{e}"), format!("{at} cannot be written: {e}")))
}

async fn place_call(args: &args::Call, uri: &str, sound: Sound, screen: &Screen) -> io::Result<Course> {
    let local = SocketAddr::new(args.local.unwrap_or_else(|| line::usual_local(args.at)), 0);
    let place = Place { user: args.from.clone(), password: None, local, server: args.at };
    let ssrc = u32::from_le_bytes(line::seed()?.first_chunk().copied().unwrap_or_default());
    let mut line = Line::open(place, Voice::new(sound, ssrc)).await?;
    let began = line.now().mono;
    let mut course = Course {
        ladder: Ladder::default(),
        hearing: Hearing::new(args.seconds + 10),
        local: line.local(),
        began,
        answered: None,
        ended: 0,
        status: None,
        q850: None,
        nobody: false,
    };
    let call = line.dial(uri);
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    let mut keys = args.dtmf.clone();
    let mut until = began + u64::from(args.seconds) * SECOND;
    let mut hung_up = false;
    loop {
        // Keys a second after the answer: by then a bridge, if there is one, stands.
        let press = course.answered.filter(|_| keys.is_some()).map(|at| began + at + SECOND);
        let wake = press.map_or(until, |at| at.min(until));
        let happened = tokio::select! {
            happened = line.next(wake) => happened,
            _ = &mut interrupt, if !hung_up => { until = line.now().mono; None }
        };
        let now = line.now().mono;
        if let Some(happened) = happened {
            if course.take(happened, call, now, screen) {
                // A moment for what is still under way: the ACK, the answer to a BYE.
                (until, hung_up) = (until.min(now + SECOND / 5), true);
            }
        } else if press.is_some_and(|at| at <= now) {
            line.voice.press(&keys.take().unwrap_or_default());
        } else if hung_up {
            break;
        } else {
            hung_up = true;
            course.ended = now - began;
            line.hang_up(call);
            until = now + 2 * SECOND;
        }
        let over = course.ladder.answered("BYE") || (course.answered.is_none() && course.ladder.answered("INVITE"));
        if course.nobody {
            break;
        }
        if hung_up && over {
            until = until.min(now + SECOND / 5);
        }
    }
    course.status = course.status.or(course.ladder.final_status());
    Ok(course)
}

impl Course {
    /// Takes what happened; true when the call is over.
    fn take(&mut self, happened: Happened, call: SessionId, now: u64, screen: &Screen) -> bool {
        let since = now - self.began;
        match happened {
            Happened::Sent(bytes) => screen.line(&ladder::line(self.ladder.add(since / 1000, true, &bytes))),
            Happened::Received(bytes) => screen.line(&ladder::line(self.ladder.add(since / 1000, false, &bytes))),
            Happened::Heard(header, payload) => self.hearing.hear(header, &payload, now),
            Happened::Nobody => self.nobody = self.ladder.rungs().iter().all(|r| r.sent),
            Happened::Phone(Event::Connected { call: c }) if c == call => {
                self.answered.get_or_insert(since);
                self.status = Some(200);
            }
            Happened::Phone(Event::Failed { call: c, status, q850, .. }) if c == call => {
                (self.status, self.q850, self.ended) = (Some(status), q850, since);
                return true;
            }
            Happened::Phone(Event::Ended { call: c, q850, .. }) if c == call => {
                (self.q850, self.ended) = (q850, since);
                return true;
            }
            Happened::Phone(_) => {}
        }
        false
    }
}

/// One expectation, and whether it came.
struct Met {
    text: String,
    met: bool,
    found: Option<Found>,
}

fn judge(expects: &[Expect], course: &Course) -> Result<Vec<Met>, Failure> {
    let one = |expect: &Expect| {
        Ok(match expect {
            Expect::Status(status) => {
                Met { text: status.to_string(), met: course.status == Some(*status), found: None }
            }
            Expect::Prompt(name, path) => {
                let found = course.hearing.find(&read_wav(path)?);
                let met = found.is_some_and(|f| f.share >= WHOLE && f.from_ms >= -20);
                Met { text: format!("prompt:{name}"), met, found }
            }
        })
    };
    expects.iter().map(one).collect()
}

fn report(args: &args::Call, course: &Course, expects: &[Expect], screen: &Screen) -> Result<Done, Failure> {
    let met = judge(expects, course)?;
    let pieces = course.hearing.pieces();
    let good = if met.is_empty() { course.status.is_some_and(|s| s < 300) } else { met.iter().all(|m| m.met) };
    let unreadable = course.ladder.rungs().iter().filter(|r| r.unreadable.is_some()).count();
    let expected: Vec<Value> =
        met.iter().map(|m| json!({ "expect": m.text, "met": m.met, "found": m.found })).collect();
    let first = course.hearing.first.map(|at| (at - course.began) / 1000);
    let result = json!({
        "number": args.number, "at": args.at.to_string(), "local": course.local.to_string(), "from": args.from,
        "status": course.status, "q850": course.q850, "answered_ms": course.answered.map(|us| us / 1000),
        "ended_ms": course.ended / 1000, "ladder": course.ladder.rungs(), "unreadable": unreadable,
        "heard": {
            "first_ms": first, "packets": course.hearing.packets, "streams": course.hearing.streams,
            "seconds": course.hearing.alaw().len() as f64 / 8000.0, "dbfs": course.hearing.dbfs(), "pieces": pieces,
        },
        "expect": expected, "out": args.out,
    });
    let mut text = heard(course, &pieces, first, screen.lang);
    text.push_str(&ending(course, screen.lang));
    for m in &met {
        text.push_str(&verdict(m, screen.lang));
    }
    if let Some(out) = &args.out {
        text.push_str(&format!("{}{}\n", screen.lang.of("录音  ", "sound in  "), out.display()));
    }
    Ok(Done { text, result, exit: if good { Exit::Ok } else { Exit::Bad } })
}

fn heard(course: &Course, pieces: &[Piece], first: Option<u64>, lang: Lang) -> String {
    let Some(first) = first else {
        return lang.of("\n没有听到任何声音（没有 RTP）\n", "\nnothing was heard (no RTP)\n").to_owned();
    };
    let mut text = lang.of("\n听到\n", "\nheard\n").to_owned();
    for piece in pieces {
        let seconds = |ms: u64| (first + ms) as f64 / 1000.0;
        let what = match (piece.kind, piece.hertz) {
            (Kind::Gap, _) => lang.of("断（没有包）", "gap (no packets)").to_owned(),
            (Kind::Silence, _) => lang.of("静音", "silence").to_owned(),
            (Kind::Tone, Some(hertz)) => format!("{} {hertz:.0} Hz", lang.of("单音", "tone")),
            (Kind::Tone, None) => lang.of("单音", "tone").to_owned(),
            (Kind::Voice, _) => lang.of("语音", "voice").to_owned(),
        };
        let level = piece.dbfs.map_or_else(String::new, |db| format!("  {db:.1} dBFS"));
        text.push_str(&format!("{:>8.1} – {:.1} s  {what}{level}\n", seconds(piece.from_ms), seconds(piece.to_ms)));
    }
    let (packets, seconds) = (course.hearing.packets, course.hearing.alaw().len() as f64 / 8000.0);
    let streams = course.hearing.streams;
    text.push_str(&match lang {
        Lang::Zh => format!("  共 {seconds:.1} s，{packets} 个包，{streams} 个流\n"),
        Lang::En => format!("  {seconds:.1} s in all, {packets} packets, {streams} stream(s)\n"),
    });
    text
}

fn ending(course: &Course, lang: Lang) -> String {
    let cause = course.q850.map_or_else(String::new, |c| format!(" · Q.850 {c}"));
    let status = course.status.map_or_else(|| lang.of("无最终应答", "no final answer").to_owned(), |s| s.to_string());
    let talk = course.answered.map_or_else(String::new, |at| {
        let (at, lasted) = (at as f64 / 1e6, course.ended.saturating_sub(at) as f64 / 1e6);
        match lang {
            Lang::Zh => format!(" · {at:.1} s 接通，通话 {lasted:.1} s"),
            Lang::En => format!(" · answered after {at:.1} s, talked {lasted:.1} s"),
        }
    });
    format!("{}{status}{cause}{talk}\n", lang.of("结果  ", "result  "))
}

fn verdict(met: &Met, lang: Lang) -> String {
    let mark = if met.met { "✓" } else { "✗" };
    let found = met.found.map_or_else(String::new, |f| {
        let (percent, from) = ((f.share * 100.0).floor(), f.from_ms as f64 / 1000.0);
        match lang {
            Lang::Zh => format!("：从听到的第 {from:.1} s 起，{percent}% 逐样本相同"),
            Lang::En => format!(": from {from:.1} s of what was heard, {percent}% of it sample for sample"),
        }
    });
    format!("{}{mark} {}{found}\n", lang.of("期望  ", "expected  "), met.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_a_uri_and_a_uri_stays_one() {
        let at: SocketAddr = "127.0.0.1:5070".parse().unwrap();
        assert_eq!(uri("12345", at).unwrap(), "sip:12345@127.0.0.1:5070");
        assert_eq!(uri("+8659112345", at).unwrap(), "sip:+8659112345@127.0.0.1:5070");
        assert_eq!(uri("tel:12345;phone-context=+86591", at).unwrap(), "tel:12345;phone-context=+86591");
        for bad in ["", "1 2", "1\r\nX: y", "<sip:1>"] {
            assert_eq!(uri(bad, at).unwrap_err().exit, 2, "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_expected_or_said_is_a_mistake_of_usage() {
        let sounds =
            ["tone:450", "tone:49", "tone:x", "/nonexistent.wav"].map(|s| sound(s).map_err(|f| f.exit).is_ok());
        assert_eq!(sounds, [true, false, false, false]);
        let global = Global { json: false, lang: None, config: None, state: None, socket: None, dialplan: None };
        assert_eq!(expectation("410", &global).unwrap(), Expect::Status(410));
        for bad in ["ok", "183", "700", ""] {
            assert_eq!(expectation(bad, &global).unwrap_err().exit, 2, "{bad}");
        }
    }
}
