//! Every address that takes more than a file: its method, the right it asks for, and what it does. The guard reads this table, so that
//! an address without a row is closed; so do the document of the API and the test that goes through every address and role.

use crate::access::Right;

/// One address.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Its method.
    pub method: &'static str,
    /// Its path, with `{ref}` and the like in it.
    pub path: &'static str,
    /// What one must be allowed.
    pub right: Right,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

const fn door(method: &'static str, path: &'static str, right: Right, zh: &'static str, en: &'static str) -> Door {
    Door { method, path, right, zh, en }
}

/// All of them, by path. The orders about a call, `/api/v1/calls/{ref}/{word}`, are those of [`super::Action`].
#[rustfmt::skip]
pub const DOORS: [Door; 65] = [
    door("GET", "/api/v1/accounts", Right::Accounts, "账号列表", "accounts"),
    door("POST", "/api/v1/accounts", Right::Accounts, "新建账号，回一次性链接", "a new account, answered with a one-time link"),
    door("PATCH", "/api/v1/accounts/{name}", Right::Accounts, "修改或停用账号", "changes or disables an account"),
    door("POST", "/api/v1/accounts/{name}/reset", Right::Accounts, "收回口令，重发链接", "takes the password back, gives a new link"),
    door("POST", "/api/v1/accounts/{name}/token", Right::Accounts, "程序令牌，只显示一次", "a token for a program, shown once"),
    door("DELETE", "/api/v1/accounts/{name}/tokens/{program}", Right::Accounts, "收回程序令牌", "takes a program's token back"),
    door("GET", "/api/v1/alarms", Right::Alarms, "告警，新的在前", "alarms, the latest first"),
    door("POST", "/api/v1/alarms/{id}/acknowledge", Right::Acknowledge, "已处置一条告警", "somebody has seen to an alarm"),
    door("GET", "/api/v1/wall", Right::Wall, "大屏指标", "the wallboard's figures"),
    door("POST", "/api/v1/seats/{seat}/message", Right::Message, "给坐席页面发一句话", "a word to a seat's page"),
    door("GET", "/api/v1/audit", Right::Audit, "审计记录", "the trail"),
    door("GET", "/api/v1/audit/export", Right::Audit, "导出审计记录（带水印）", "the trail as a table, watermarked"),
    door("GET", "/api/v1/callbacks", Right::Callbacks, "待回电", "callers who are to be called back"),
    door("POST", "/api/v1/callbacks/{ref}/done", Right::Callbacks, "了结一个待回电", "one of them need not be called back any more"),
    door("POST", "/api/v1/callbacks/{ref}/take", Right::Callbacks, "由一个坐席回电", "a seat calls one of them back"),
    door("GET", "/api/v1/calls", Right::Calls, "进行中的通话", "live calls"),
    door("GET", "/api/v1/calls/{ref}", Right::Calls, "一个通话", "one live call"),
    door("DELETE", "/api/v1/calls/{ref}", Right::HangUp, "挂断通话", "ends a call"),
    door("GET", "/api/v1/calls/{ref}/why", Right::Calls, "为何还在排队", "why a call waits"),
    door("GET", "/api/v1/desk/live", Right::Desk, "坐席的实时数据（WebSocket 或事件流）", "an agent's feed (WebSocket, or server-sent events)"),
    door("GET", "/api/v1/desk/day", Right::Desk, "本人今天的工作量", "what one has done today"),
    door("POST", "/api/v1/desk/messages/{id}/seen", Right::Desk, "收起一条消息", "a word that was said has been read"),
    door("GET", "/api/v1/desk/words", Right::Desk, "小休原因、可签入的坐席", "what a break may be for, and the seats"),
    door("GET", "/api/v1/figures", Right::Figures, "已结束通话的指标", "figures over ended calls"),
    door("GET", "/api/v1/figures/transfers", Right::Figures, "各单位承接转办的情况", "how departments have taken what was passed to them"),
    door("GET", "/api/v1/figures/trend", Right::Figures, "一行指标今天与上周同日每小时的走势", "one row hour by hour, today and the same day a week ago"),
    door("GET", "/api/v1/calls/{ref}/earlier", Right::Calls, "同一来电人的历史来电", "earlier calls of the same caller"),
    door("GET", "/api/v1/journeys", Right::Journeys, "通话记录", "records of ended calls"),
    door("GET", "/api/v1/journeys/{ref}", Right::Journeys, "一条通话记录", "one record with its facts"),
    door("POST", "/api/v1/journeys/{ref}/unmask", Right::Unmask, "查看完整号码，须写明缘由", "the caller's whole number, to who says why"),
    door("GET", "/api/v1/journeys/{ref}/ladder", Right::Ladder, "信令阶梯（不含内容）", "the ladder of its signalling, without content"),
    door("GET", "/api/v1/journeys/{ref}/recording", Right::Recording, "录音", "its sound"),
    door("GET", "/api/v1/journeys/{ref}/waveform", Right::Recording, "录音波形，每方一条", "who spoke when, as a picture"),
    door("GET", "/api/v1/groups", Right::Floor, "坐席组", "groups"),
    door("POST", "/api/v1/groups/{group}", Right::Group, "灾备模式", "disaster mode of a group"),
    door("GET", "/api/v1/health", Right::Health, "运行状况：脉搏、中继、队列、磁盘、检查", "how the switchboard is: pulse, trunks, queues, disks, checks"),
    door("GET", "/api/v1/live", Right::Calls, "全部实时数据（WebSocket 或事件流）", "everything as it changes (WebSocket, or server-sent events)"),
    door("POST", "/api/v1/phone", Right::Phone, "网页电话的短期凭据", "a short-lived credential for the phone in the page"),
    door("GET", "/api/v1/plan", Right::Plan, "正在生效的拨号计划和历史", "the dialplan in force, and its history"),
    door("POST", "/api/v1/plan/apply", Right::PlanChange, "使文件夹中的计划生效", "puts the folder's plan in force"),
    door("POST", "/api/v1/plan/check", Right::PlanChange, "检查文件夹中的计划", "whether the folder's plan has mistakes"),
    door("POST", "/api/v1/plan/compare", Right::PlanChange, "文件夹中的计划与正在生效的有何不同", "what would differ under the folder's plan"),
    door("POST", "/api/v1/plan/diff", Right::PlanChange, "同 compare", "the same as compare"),
    door("GET", "/api/v1/plan/duties", Right::Plan, "附件对照表", "the annex of the city's plan as a check-list"),
    door("GET", "/api/v1/plan/files", Right::PlanChange, "文件夹中的计划文本", "the texts of the folder's plan"),
    door("POST", "/api/v1/plan/write", Right::PlanChange, "写入计划文本并生效", "writes texts of the plan and puts them in force"),
    door("GET", "/api/v1/plan/history", Right::Plan, "历次生效", "every coming into force"),
    door("GET", "/api/v1/plan/numbers", Right::Plan, "号码、过渡期、每天来电", "numbers with their lives and their calls a day"),
    door("POST", "/api/v1/plan/rollback", Right::PlanChange, "回退到早先的版本", "puts an earlier version in force"),
    door("GET", "/api/v1/plan/why", Right::Plan, "拨这个号码会怎样，为什么", "what happens to a call to a number, and why"),
    door("GET", "/api/v1/seats", Right::Floor, "坐席", "seats"),
    door("POST", "/api/v1/seats/{seat}", Right::Seat, "签入签出、示闲、小休", "signs in and out, sets the state"),
    door("DELETE", "/api/v1/session", Right::Session, "签退", "signs out"),
    door("GET", "/api/v1/session", Right::Session, "本人是谁", "who one is"),
    door("POST", "/api/v1/session/lang", Right::Session, "语言", "one's language"),
    door("POST", "/api/v1/session/password", Right::Session, "修改口令", "another password"),
    door("POST", "/api/v1/session/secrecy", Right::Session, "同意保密协议", "agrees to secrecy"),
    door("GET", "/api/v1/session/second", Right::Session, "本人的两步验证", "one's second factor"),
    door("POST", "/api/v1/session/second", Right::Session, "启用或更换两步验证", "takes a second factor, or another one"),
    door("POST", "/api/v1/session/second/off", Right::Session, "停用两步验证", "has no second factor any more"),
    door("GET", "/api/v1/status", Right::Floor, "总体状态", "how the exchange stands"),
    door("GET", "/api/v1/trunks", Right::Health, "中继", "trunks"),
    door("GET", "/metrics", Right::Health, "Prometheus 指标", "measurements for Prometheus"),
    door("GET", "/api/v1/openapi.json", Right::Session, "本文档", "this document"),
    door("POST", "/api/v1/calls/{ref}/{word}", Right::Order, "对通话的指令", "orders about a call"),
];

/// The row of an address, by its pattern.
#[must_use]
pub fn of(method: &str, path: &str) -> Option<&'static Door> {
    // What can be read can be looked at (RFC 9110 §9.3.2).
    let method = if method == "HEAD" { "GET" } else { method };
    DOORS.iter().find(|door| door.method == method && door.path == path)
}
