//! What the demo prints when it is ready.

use super::guests::{self, Link};
use super::setting::{FLOOD, GUEST, PORT, ROBOTS, Setting, desks};
use crate::cli::{moment, run};
use crate::daemon::Ready;
use crate::fact::Lang;
use serde_json::{Value, json};

/// As a document.
#[must_use]
pub fn document(ready: &Ready, setting: &Setting, links: &[Link]) -> Value {
    let mut document = run::document(ready);
    if let Some(fields) = document.as_object_mut() {
        let hall: Vec<String> = desks(setting.callers).into_iter().map(|desk| desk.seat).collect();
        let robots = if hall.is_empty() { ROBOTS.map(str::to_owned).to_vec() } else { hall };
        fields.insert("robots".into(), json!(robots));
        fields.insert("guest".into(), json!({ "seat": GUEST, "password": setting.secret }));
        fields.insert("callers".into(), json!(setting.callers));
        fields.insert("seed".into(), json!(setting.seed));
        fields.insert("links".into(), guests::document(links));
        fields.insert("http_token".into(), json!(setting.token));
    }
    document
}

/// For a person.
#[must_use]
pub fn text(ready: &Ready, setting: &Setting, links: &[Link], (as_of, lang): (i64, Lang)) -> String {
    let (sip, secret) = (setting.sip, &setting.secret);
    let program = std::env::args().next().unwrap_or_else(|| "switchboard".into());
    let at = if sip.port() == PORT { String::new() } else { format!(" --at {sip}") };
    let to = if sip.port() == PORT { String::new() } else { format!(" --to {sip}") };
    let clock = moment::shown(as_of);
    let (hall, api, links) = (hall(setting, &program, lang), api(ready, setting, lang), guests::text(links, lang));
    let seats = FLOOD.1.parse::<u32>().unwrap_or(0) + 1 - FLOOD.0.parse::<u32>().unwrap_or(0);
    match lang {
        Lang::Zh => format!(
            "演示已就绪：福州 12345，时钟从 {clock} 走起，一切只在本机\n\n\
             {links}{hall}\n\
             在另一个终端里试试：\n\
             \x20 {program} call 12345 --out a.wav{at}     坐席接听\n\
             \x20 {program} call 12333 --out a.wav{at}     过渡期：先放提示音，再由坐席接听\n\
             \x20 {program} call 12318 --out a.wav{at}     已取消的号码：播提示，410\n\
             \x20 {program} call 12366{at}                 分中心（单音代替）\n\
             \x20 {program} call 119{at}                   紧急号码（单音代替，不会拨出本机）\n\
             \x20 {program} flood 12345 --rate 20 --for 30s --talk 2s --seats {seats}{to}   压力测试\n\
             \x20 {program} dialplan why 12333 --at 2022-03-01\n\
             \x20 {program} status    calls ls    seats ls    trunks ls\n\n\
             用自己的 SIP 话机（UDP、TCP）：账号 {GUEST}@{sip}，口令 {secret}（只在这一次有效），拨 12345\n\
             {api}Ctrl-C 结束，数据随之删除\n\n"
        ),
        Lang::En => format!(
            "The demo is ready: Fuzhou's 12345, its clock runs on from {clock}; nothing leaves this machine\n\n\
             {links}{hall}\n\
             Try in another terminal:\n\
             \x20 {program} call 12345 --out a.wav{at}     a seat answers\n\
             \x20 {program} call 12333 --out a.wav{at}     in transition: its prompt, then a seat\n\
             \x20 {program} call 12318 --out a.wav{at}     a cancelled number: an announcement, 410\n\
             \x20 {program} call 12366{at}                 a sub-centre (a tone stands for it)\n\
             \x20 {program} call 119{at}                   emergency (a tone stands for it; nothing leaves this machine)\n\
             \x20 {program} flood 12345 --rate 20 --for 30s --talk 2s --seats {seats}{to}   a load test\n\
             \x20 {program} dialplan why 12333 --at 2022-03-01\n\
             \x20 {program} status    calls ls    seats ls    trunks ls\n\n\
             With a SIP phone of your own (UDP, TCP): account {GUEST}@{sip}, password {secret} (for this once), dial 12345\n\
             {api}Ctrl-C ends it and removes its state\n\n"
        ),
    }
}

/// Who is there: three robots that wait for the user's calls, or a hall that is alive.
fn hall(setting: &Setting, program: &str, lang: Lang) -> String {
    let Setting { callers, seed, .. } = setting;
    let desks = desks(*callers).len();
    let [one, two, three] = ROBOTS;
    match lang {
        _ if *callers == 0 => {
            let zh = format!("三个会说话的机器坐席：{one} {two} {three}\n");
            let en = format!("Three robot seats that talk: {one} {two} {three}\n");
            lang.of(&zh, &en).to_owned()
        }
        Lang::Zh => format!(
            "大厅里有 {desks} 个机器坐席，约 {callers} 个机器来电人同时在线（随机种子 {seed}，--callers 0 则安静）。在终端里看大厅：\n\
             \x20 {program} calls ls --watch\n\
             \x20 {program} seats ls --watch\n\
             \x20 {program} groups ls --live --watch\n"
        ),
        Lang::En => format!(
            "{desks} robot seats and about {callers} robot callers at a time (seed {seed}; --callers 0 for quiet). The hall in a terminal:\n\
             \x20 {program} calls ls --watch\n\
             \x20 {program} seats ls --watch\n\
             \x20 {program} groups ls --live --watch\n"
        ),
    }
}

/// Where programs come, and what opens it.
fn api(ready: &Ready, setting: &Setting, lang: Lang) -> String {
    let Some(at) = ready.http else { return String::new() };
    let token = &setting.token;
    match lang {
        Lang::Zh => format!("程序接口 http://{at}/api/v1，文档 /api/v1/openapi.json，令牌 {token}（只在这一次有效）\n"),
        Lang::En => {
            format!("API http://{at}/api/v1, its document /api/v1/openapi.json, token {token} (for this once)\n")
        }
    }
}
