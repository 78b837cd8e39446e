//! `calls transfer|hold|supervise …|hangup`: orders about a live call, each with one outcome.

use super::args::{Calls, Global, Mode, OfCall, RecordOrder, SetSeat, Way, Who};
use super::exit::{Done, Exit, Failure};
use super::records::reference;
use super::screen::Screen;
use super::{ask, change};
use crate::admin;
use crate::call::Unfit;
use crate::exchange::{Answer, Command, SeatSet, Verb};
use crate::fact::{self, Brief, Supervision};
use crate::id::{AgentId, CallRef, SeatId};
use serde_json::json;
use std::path::Path;

/// An order, and what is said of it once it is done.
struct Asked {
    call: CallRef,
    command: Command,
    /// Whom it is about, if not the call.
    about: String,
    zh: &'static str,
    en: &'static str,
}

/// Done, or one clear reason why not.
pub(super) fn order(global: &Global, words: &Calls, screen: &Screen) -> Result<Done, Failure> {
    let Some(asked) = read(words) else { return Err(ask::strange()) };
    let Asked { call, command, about, zh, en } = asked?;
    let said = format!("{}{about}\n", screen.lang.of(zh, en));
    let failed = |exit, (zh, en): (String, String)| Err(Failure::new(exit, zh, en));
    match ask::ask(global, &command)? {
        Answer::Done => Ok(Done::well(said, json!({ "call": call, "done": true }))),
        Answer::Asked { transfer } => Ok(Done::well(said, json!({ "call": call, "transfer": transfer }))),
        Answer::Unknown => failed(Exit::Bad, admin::unknown_words(call)),
        Answer::NotReachable => failed(Exit::Forbidden, admin::unreachable_words(&about)),
        Answer::Forbidden => {
            let (zh, en) = admin::forbidden_words();
            Err(Failure::new(Exit::Forbidden, zh, en))
        }
        Answer::Conflict { why } => {
            let (zh, en) = admin::conflict_words(why);
            Err(Failure::new(Exit::Bad, zh, en))
        }
        _ => Err(ask::strange()),
    }
}

/// `seats set`.
pub(super) fn set_seat(global: &Global, set: &SetSeat, screen: &Screen) -> Result<Done, Failure> {
    let word = set.state.as_deref().and_then(Path::to_str);
    let state = word.and_then(|word| SeatSet::ALL.into_iter().find(|state| state.word() == word));
    // Its --state is the seat's.
    let global = &Global { state: None, ..global.clone() };
    let command = Command::Seat {
        seat: SeatId::from(set.seat.as_str()),
        agent: set.agent.as_deref().map(AgentId::from),
        state,
        reason: set.reason.clone(),
        by: name(&set.by),
    };
    match ask::ask(global, &command)? {
        Answer::Done => {
            let (seat, state) = (&set.seat, state.map_or("in", SeatSet::word));
            let (zh, en) = (format!("坐席 {seat}：{state}\n"), format!("seat {seat}: {state}\n"));
            Ok(Done::well(screen.lang.of(&zh, &en).to_owned(), json!({ "seat": seat, "state": state, "done": true })))
        }
        Answer::Unfit { why } => {
            let (zh, en) = admin::unfit_words(why);
            let exit = if matches!(why, Unfit::NotHim) { Exit::Forbidden } else { Exit::Bad };
            Err(Failure::new(exit, zh, en))
        }
        _ => Err(ask::strange()),
    }
}

/// `None`: the words are no order.
fn read(words: &Calls) -> Option<Result<Asked, Failure>> {
    let plain = |of: &OfCall, verb, zh, en| Some(conference(of, verb, zh, en));
    match words {
        Calls::Ls { .. } | Calls::Why { .. } | Calls::Show { .. } | Calls::Recording { .. } => None,
        Calls::Hangup { call } => Some(hang_up(call)),
        Calls::Transfer { call, to, way, reason, location, by } => {
            let brief = Brief { reason: reason.clone(), location: location.clone() };
            Some(transfer(call, to, *way, brief, by))
        }
        Calls::Supervise { call, seat, mode, why, by } => Some(supervise(call, seat, *mode, why, by)),
        Calls::Record { of, order: RecordOrder::Start } => plain(of, Verb::Record, "开始录音", "recording has begun"),
        Calls::Record { of, order: RecordOrder::Pause } => plain(of, Verb::Pause, "录音已暂停", "recording is paused"),
        Calls::Record { of, order: RecordOrder::Continue } => {
            plain(of, Verb::Continue, "录音继续", "recording goes on")
        }
        Calls::Leave(of) => plain(of, Verb::Leave, "坐席已退出", "the agent has left"),
        Calls::Cancel(of) => plain(of, Verb::Cancel, "已取消", "cancelled"),
        Calls::Hold(of) => plain(of, Verb::Hold, "坐席已暂离", "the agent is on hold"),
        Calls::Resume(of) => plain(of, Verb::Resume, "坐席已回到通话", "the agent is back in the talk"),
        Calls::Mute(of) => plain(of, Verb::Mute, "坐席已静音", "the agent is muted"),
        Calls::Unmute(of) => plain(of, Verb::Unmute, "已取消静音", "the agent is heard again"),
        Calls::Swap(of) => plain(of, Verb::Swap, "已切换", "swapped"),
        Calls::Together(of) => plain(of, Verb::Together, "三方同时通话", "all three talk"),
        Calls::Back(of) => plain(of, Verb::Back, "已回到来电人", "back with the caller"),
        Calls::Survey(of) => plain(of, Verb::Survey, "已转评价", "the caller is asked how he was served"),
        Calls::Dismiss(of) => plain(of, Verb::Dismiss, "班长已退出", "the supervisor has left"),
    }
}

fn conference(of: &OfCall, verb: Verb, zh: &'static str, en: &'static str) -> Result<Asked, Failure> {
    let call = reference(&of.call)?;
    let command = Command::Conference { call, verb, by: name(&of.by), why: of.why.clone() };
    Ok(Asked { call, command, about: String::new(), zh, en })
}

fn transfer(call: &str, to: &str, way: Way, brief: Brief, by: &Who) -> Result<Asked, Failure> {
    let call = reference(call)?;
    let way = match way {
        Way::Together => fact::Way::ThreeWay,
        Way::OnAnswer => fact::Way::OnAnswer,
        Way::Consult => fact::Way::Consult,
        Way::Blind => fact::Way::Blind,
    };
    let command = Command::Transfer { call, to: to.to_owned(), way, brief, by: name(by) };
    Ok(Asked { call, command, about: to.to_owned(), zh: "正在呼叫 ", en: "calling " })
}

fn supervise(call: &str, seat: &str, mode: Mode, why: &str, by: &Who) -> Result<Asked, Failure> {
    let call = reference(call)?;
    let mode = match mode {
        Mode::Listen => Supervision::Listen,
        Mode::Whisper => Supervision::Whisper,
        Mode::Barge => Supervision::Barge,
        Mode::TakeOver => Supervision::TakeOver,
    };
    let command =
        Command::Supervise { call, seat: SeatId::from(seat), mode, by: name(by), why: why.to_owned(), granted: false };
    // Who is there already is not called again; the sentence holds for both.
    Ok(Asked {
        call, command, about: seat.to_owned(), zh: "已通知班长坐席 ", en: "asked the supervisor's seat "
    })
}

fn hang_up(call: &str) -> Result<Asked, Failure> {
    let call = reference(call)?;
    Ok(Asked { call, command: Command::HangUp { call }, about: call.to_string(), zh: "已挂断 ", en: "ended " })
}

/// Who orders: as he says, or as the system does.
pub(super) fn name(who: &Who) -> String {
    let name = who.by.clone().or_else(change::user).unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(admin::NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::super::args::{Cli, Command as Word};
    use super::*;
    use clap::Parser;

    fn command(line: &str) -> Result<Command, String> {
        let words = ["switchboard", "calls"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        let Word::Calls(calls) = cli.command else { return Err("no order".into()) };
        read(&calls).ok_or("no order")?.map(|asked| asked.command).map_err(|f| f.en)
    }

    #[test]
    fn each_word_is_its_command() {
        let call = CallRef::parse("5bhd7pq5c01").unwrap();
        let (by, why) = (String::from("王五"), String::from("投诉"));
        let verbs = [
            ("leave", Verb::Leave),
            ("cancel", Verb::Cancel),
            ("hold", Verb::Hold),
            ("resume", Verb::Resume),
            ("mute", Verb::Mute),
            ("unmute", Verb::Unmute),
            ("swap", Verb::Swap),
            ("together", Verb::Together),
            ("back", Verb::Back),
            ("dismiss", Verb::Dismiss),
        ];
        let orders = [("start", Verb::Record), ("pause", Verb::Pause), ("continue", Verb::Continue)];
        let lines = verbs.map(|(word, verb)| (format!("{word} 5bhd7pq5c01"), verb)).into_iter();
        for (line, verb) in lines.chain(orders.map(|(order, verb)| (format!("record 5bhd7pq5c01 {order}"), verb))) {
            let expected = Command::Conference { call, verb, by: by.clone(), why: why.clone() };
            assert_eq!(command(&format!("{line} --by 王五 --why 投诉")), Ok(expected), "{line}");
        }
        let ways = [
            ("three-way", fact::Way::ThreeWay),
            ("on-answer", fact::Way::OnAnswer),
            ("consult", fact::Way::Consult),
            ("blind", fact::Way::Blind),
        ];
        for (word, way) in ways {
            let brief = Brief { reason: "个税".into(), location: "鼓楼".into() };
            let expected = Command::Transfer { call, to: "12366".into(), way, brief, by: by.clone() };
            let line = format!("transfer 5bhd7pq5c01 12366 --way {word} --reason 个税 --location 鼓楼 --by 王五");
            assert_eq!(command(&line), Ok(expected));
        }
        let modes = [
            ("listen", Supervision::Listen),
            ("whisper", Supervision::Whisper),
            ("barge", Supervision::Barge),
            ("take-over", Supervision::TakeOver),
        ];
        for (word, mode) in modes {
            let expected = Command::Supervise {
                call,
                seat: "8050".into(),
                mode,
                by: by.clone(),
                why: why.clone(),
                granted: false,
            };
            let line = format!("supervise 5bhd7pq5c01 --seat 8050 --mode {word} --why 投诉 --by 王五");
            assert_eq!(command(&line), Ok(expected));
        }
        assert_eq!(command("hangup 5bhd7pq5c01"), Ok(Command::HangUp { call }));
    }

    #[test]
    fn a_supervisor_says_why_and_texts_have_their_length() {
        assert!(command("supervise 5bhd7pq5c01 --seat 8050 --mode listen").unwrap_err().contains("--why"));
        assert!(command("supervise 5bhd7pq5c01 --seat 8050 --mode listen --why=").unwrap_err().contains("empty"));
        let long = "长".repeat(admin::NOTE + 1);
        assert!(command(&format!("hold 5bhd7pq5c01 --why {long}")).unwrap_err().contains("longer than 200"));
        assert!(command("hold 5bhd7pq5c01 --by a\u{7}b").unwrap_err().contains("control"));
        assert!(command("hold 5bhd7pq5c0").unwrap_err().contains("no call reference"));
        assert!(command("ls").is_err());
    }
}
