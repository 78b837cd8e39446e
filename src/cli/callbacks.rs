//! `callbacks ls|take|done`: callers who are to be called back.

use super::args::{Callbacks, Global};
use super::exit::{Done, Exit, Failure};
use super::moment::shown;
use super::orders::name;
use super::records::reference;
use super::screen::Screen;
use super::{ask, table};
use crate::admin;
use crate::exchange::{Answer, CallbackRow, Command};
use crate::fact::{Lang, Missed};
use crate::id::SeatId;
use serde_json::json;

/// One of its commands.
pub(super) fn callbacks(global: &Global, words: &Callbacks, screen: &Screen) -> Result<Done, Failure> {
    let (callback, command, (zh, en)) = match words {
        Callbacks::Ls => return list(global, screen),
        Callbacks::Take { callback, seat, by } => {
            let callback = reference(callback)?;
            let seat = SeatId::from(seat.as_str());
            (callback, Command::TakeCallback { callback, seat, by: name(by) }, ("正在振铃坐席", "the seat is rung"))
        }
        Callbacks::Done { callback, note, by } => {
            let callback = reference(callback)?;
            let command = Command::EndCallback { callback, by: name(by), note: note.clone() };
            (callback, command, ("已了结", "closed"))
        }
    };
    match ask::ask(global, &command)? {
        Answer::Done => {
            let text = format!("{}\n", screen.lang.of(zh, en));
            Ok(Done::well(text, json!({ "callback": callback, "done": true })))
        }
        Answer::Unknown => {
            let zh = format!("没有待回电 {callback}");
            Err(Failure::new(Exit::Bad, zh, format!("nobody is to be called back for {callback}")))
        }
        Answer::Conflict { why } => {
            let (zh, en) = admin::callback_words(why);
            Err(Failure::new(Exit::Bad, zh, en))
        }
        _ => Err(ask::strange()),
    }
}

fn list(global: &Global, screen: &Screen) -> Result<Done, Failure> {
    let Answer::Callbacks { callbacks } = ask::ask(global, &Command::Callbacks)? else { return Err(ask::strange()) };
    let heading = match screen.lang {
        Lang::Zh => ["编号", "号码", "所拨", "坐席组", "位次时间", "原因", "已呼", "状态"],
        Lang::En => ["callback", "number", "dialled", "group", "place", "why", "tries", "state"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(callbacks.iter().map(|row| {
        let CallbackRow { callback, number, dialled, group, place, why, tries, last, call } = row;
        let state = match (call, last) {
            (Some(call), _) => format!("{} {call}", screen.lang.of("进行中", "under way in")),
            (None, Some(cause)) => crate::call::cause::seen(*cause).to_owned(),
            (None, None) => "-".to_owned(),
        };
        let why = missed(*why, screen.lang).to_owned();
        let (callback, tries) = (callback.to_string(), tries.to_string());
        [callback, number.clone(), dialled.clone(), group.clone(), shown(*place), why, tries, state]
    }));
    Ok(Done::well(table::aligned(&rows), json!({ "callbacks": callbacks })))
}

fn missed(why: Missed, lang: Lang) -> &'static str {
    match why {
        Missed::Asked => lang.of("预约", "asked for"),
        Missed::Abandoned => lang.of("放弃", "gave up"),
        Missed::Shed => lang.of("拒接", "shed"),
        Missed::Interrupted => lang.of("中断", "interrupted"),
    }
}
