//! What each address takes: the fields of its body and its query. The API's document is made of it, and a test sends each field with a
//! value that no field takes, so that what stands here is what is read.

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// It must be there.
    pub required: bool,
    /// What it says, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A moment: µs since the epoch, or a local time like `2021-12-15T08:00`.
    Moment,
    /// Texts.
    Texts,
    /// Files of a plan: `[{"name": …, "text": …}]`.
    Files,
    /// One of some words.
    Word(&'static [&'static str]),
}

use Kind::{Files, Flag, Moment, Number, Text, Texts, Word};

const fn may(name: &'static str, kind: Kind, zh: &'static str, en: &'static str) -> Field {
    Field { name, kind, required: false, zh, en }
}

const fn must(name: &'static str, kind: Kind, zh: &'static str, en: &'static str) -> Field {
    Field { name, kind, required: true, zh, en }
}

const BY: Field = may("by", Text, "由谁下令（程序代人时写）", "who orders it, where a program acts for somebody");
const NOTE: Field = may("note", Text, "说明", "a note");
const WHY: Field = must("why", Text, "缘由，记入审计", "why; it is kept in the trail");
const LIMIT: Field = may("limit", Number, "每页行数，1 到 500", "rows of a page, 1 to 500");
const AFTER: Field = may("after", Text, "上一页的 next", "the next of the page before");
const SINCE: Field = may("since", Moment, "从何时起", "from when on");
const UNTIL: Field = may("until", Moment, "到何时止", "until when");
const LANG: Field = may("lang", Word(&["zh", "en"]), "回答的语言", "the language of the answer");
const FILTER: Field = may("filter", Text, "筛选文字", "a text to be found");
const AT: Field = may("at", Moment, "按哪一时刻，默认此刻", "at which moment, by default now");
const TEXTS: Field =
    may("files", Files, "计划文本，默认文件夹中的", "the plan's texts, by default those of the folder");
const PASSWORD: Field = must("old", Text, "本人的口令", "one's password");
const GO_ON: Field = may("since", Number, "从这个 seq 之后继续", "goes on behind this seq");
const WAIT: Field = may("wait_s", Number, "等结果的秒数，1 到 60", "waits for the end, 1 to 60 s");
const ROLES: Field = must(
    "roles",
    Texts,
    "角色：agent supervisor department operator manager auditor admin",
    "roles: agent, supervisor, department, operator, manager, auditor, admin",
);

/// Fields of an account, as one is made and changed.
const PERSON: [Field; 5] = [
    may("title", Text, "姓名", "the person's name"),
    may("unit", Text, "单位", "the department"),
    may("groups", Texts, "管理的坐席组，空为全部", "the groups that he supervises; none: all"),
    may("agent", Text, "工号", "his work number"),
    may("seat", Text, "班长话机（坐席号）", "his own seat"),
];

/// Of which address: method, path, fields of its query, fields of its body.
type Row = (&'static str, &'static str, &'static [Field], &'static [Field]);

const FIGURES: [Field; 3] = [
    must("by", Word(&["line", "group", "department", "person", "traffic", "hour"]), "按什么统计", "by what"),
    may("from", Moment, "从哪个整点起", "from which hour on"),
    may("to", Moment, "到哪个整点止", "until which hour"),
];

const ROW: Field = must("by", Word(&["line", "group", "department", "person", "traffic"]), "按什么统计", "by what");

const SEARCH: [Field; 16] = [
    LIMIT,
    AFTER,
    SINCE,
    UNTIL,
    may("number", Text, "来电人、拨打的号码或编号", "the caller, the number dialled, or a reference"),
    may("outcome", Text, "结果", "how it ended"),
    may("codes", Word(&["yes", "no"]), "是否包括坐席拨的功能码", "also keys' codes that seats dialled"),
    may("line", Text, "拨打的号码", "the number dialled"),
    may("group", Text, "坐席组", "a group"),
    may("department", Text, "单位", "a department"),
    may("person", Text, "工号", "a work number"),
    may("rang", Word(&["answered", "rang_out", "missed"]), "振铃的结果", "how the ringing ended"),
    may("traffic", Word(&["city", "province"]), "市内或省内", "city or province"),
    may("visit", Word(&["answered", "overflowed", "abandoned", "ended"]), "排队的结果", "how its waiting ended"),
    may("transfer", Text, "转到的号码", "the number that it was passed to"),
    may("transfer_fate", Word(&["any", "joined", "returned", "caller_gone", "lost"]), "转接的结果", "what came of it"),
];

const WHY_NUMBER: [Field; 6] = [
    must("number", Text, "号码", "the number"),
    AT,
    may("caller", Text, "来电人", "the caller"),
    may("from", Text, "中继或坐席", "a trunk or a seat"),
    may("seats", Number, "空闲坐席数", "seats that are free"),
    LANG,
];

const SEAT: [Field; 4] = [
    may("agent", Text, "签入的工号", "who signs in"),
    may("state", Word(&["ready", "break", "wrap-up", "out"]), "状态", "the state"),
    may("reason", Text, "原因", "why"),
    BY,
];

const TRANSFER: [Field; 5] = [
    must("to", Text, "目录中的号码", "a number of the directory"),
    may("way", Word(&["on_answer", "three_way", "consult", "blind"]), "转接方式", "how"),
    may("reason", Text, "告诉对方的缘由", "why, for whoever is called"),
    may("location", Text, "地点", "where it is"),
    BY,
];

const THREE_WAY: [Field; 4] = [
    must("to", Text, "目录中的号码", "a number of the directory"),
    may("reason", Text, "告诉对方的缘由", "why, for whoever is called"),
    may("location", Text, "地点", "where it is"),
    BY,
];

const PLAIN: [Field; 2] = [may("why", Text, "缘由", "why"), BY];
const SUPERVISE: [Field; 3] = [must("seat", Text, "班长的话机", "the supervisor's seat"), WHY, BY];

/// All that take anything.
#[rustfmt::skip]
const FIELDS: &[Row] = &[
    ("GET", "/api/v1/accounts", &[LIMIT, AFTER, FILTER], &[]),
    ("POST", "/api/v1/accounts", &[], &[must("name", Text, "账号", "the account"), ROLES, PERSON[0], PERSON[1], PERSON[2], PERSON[3], PERSON[4]]),
    ("PATCH", "/api/v1/accounts/{name}", &[], &[Field { required: false, ..ROLES }, PERSON[0], PERSON[1], PERSON[2], PERSON[3], PERSON[4], may("disabled", Flag, "停用", "nobody signs in by it")]),
    ("POST", "/api/v1/accounts/{name}/token", &[], &[must("note", Text, "用途", "what it is for")]),
    ("GET", "/api/v1/alarms", &[LIMIT, AFTER], &[]),
    ("POST", "/api/v1/alarms/{id}/acknowledge", &[], &[NOTE]),
    ("POST", "/api/v1/seats/{seat}/message", &[], &[must("text", Text, "内容", "the text")]),
    ("GET", "/api/v1/audit", &[LIMIT, AFTER, SINCE, may("who", Text, "账号", "an account"), may("what", Text, "做了什么", "what was done")], &[]),
    ("GET", "/api/v1/audit/export", &[WHY, SINCE, may("who", Text, "账号", "an account"), may("what", Text, "做了什么", "what was done")], &[]),
    ("POST", "/api/v1/callbacks/{ref}/done", &[], &[NOTE, BY]),
    ("POST", "/api/v1/callbacks/{ref}/take", &[], &[must("seat", Text, "由哪个坐席", "by which seat"), BY]),
    ("DELETE", "/api/v1/calls/{ref}", &[], &[may("why", Text, "缘由", "why")]),
    ("GET", "/api/v1/desk/live", &[GO_ON], &[]),
    ("GET", "/api/v1/live", &[GO_ON], &[]),
    ("GET", "/api/v1/figures", &FIGURES, &[]),
    ("GET", "/api/v1/figures/transfers", &[may("from", Moment, "从何时起", "from when on"), may("to", Moment, "到何时止", "until when")], &[]),
    ("GET", "/api/v1/figures/trend", &[ROW, may("of", Text, "哪一行，默认没有名字的", "of which row, by default the one without a name")], &[]),
    ("GET", "/api/v1/journeys", &SEARCH, &[]),
    ("POST", "/api/v1/journeys/{ref}/unmask", &[], &[WHY]),
    ("GET", "/api/v1/journeys/{ref}/recording", &[WHY], &[]),
    ("GET", "/api/v1/journeys/{ref}/waveform", &[WHY], &[]),
    ("POST", "/api/v1/groups/{group}", &[], &[must("disaster", Word(&["on", "off"]), "灾备模式", "disaster mode"), may("reason", Text, "缘由", "why"), BY]),
    ("POST", "/api/v1/phone", &[], &[must("seat", Text, "坐席", "the seat"), may("holder", Text, "上次得到的 holder", "the holder that was given before")]),
    ("GET", "/api/v1/plan", &[LIMIT, AFTER], &[]),
    ("GET", "/api/v1/plan/history", &[LIMIT, AFTER], &[]),
    ("GET", "/api/v1/plan/numbers", &[LIMIT, AFTER, FILTER, AT], &[]),
    ("GET", "/api/v1/plan/duties", &[AT], &[]),
    ("GET", "/api/v1/plan/why", &WHY_NUMBER, &[]),
    ("POST", "/api/v1/plan/apply", &[LANG], &[NOTE, BY]),
    ("POST", "/api/v1/plan/check", &[LANG], &[TEXTS]),
    ("POST", "/api/v1/plan/compare", &[LANG], &[TEXTS]),
    ("POST", "/api/v1/plan/diff", &[LANG], &[TEXTS]),
    ("POST", "/api/v1/plan/write", &[LANG], &[Field { required: true, ..TEXTS }, must("base", Text, "改自哪个版本", "the version that they were edited from"), NOTE, BY]),
    ("POST", "/api/v1/plan/rollback", &[LANG], &[must("version", Text, "版本", "the version"), NOTE, BY]),
    ("POST", "/api/v1/seats/{seat}", &[], &SEAT),
    ("POST", "/api/v1/session/lang", &[], &[must("lang", Word(&["zh", "en"]), "语言", "the language")]),
    ("POST", "/api/v1/session/password", &[], &[PASSWORD, must("new", Text, "新口令", "the new one")]),
    ("POST", "/api/v1/session/secrecy", &[], &[must("agreed", Flag, "同意", "agreed")]),
    ("POST", "/api/v1/session/second", &[], &[PASSWORD, must("code", Text, "验证器里的数字", "what the app shows")]),
    ("POST", "/api/v1/session/second/off", &[], &[PASSWORD]),
    ("POST", "/api/v1/calls/{ref}/three-way", &[WAIT], &THREE_WAY),
    ("POST", "/api/v1/calls/{ref}/transfer", &[WAIT], &TRANSFER),
    ("POST", "/api/v1/calls/{ref}/hold", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/resume", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/mute", &[], &[may("muted", Flag, "静音", "muted"), PLAIN[0], BY]),
    ("POST", "/api/v1/calls/{ref}/leave", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/cancel", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/swap", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/together", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/back", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/monitor", &[], &SUPERVISE),
    ("POST", "/api/v1/calls/{ref}/whisper", &[], &SUPERVISE),
    ("POST", "/api/v1/calls/{ref}/barge", &[], &SUPERVISE),
    ("POST", "/api/v1/calls/{ref}/takeover", &[], &SUPERVISE),
    ("POST", "/api/v1/calls/{ref}/dismiss", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/survey", &[], &PLAIN),
    ("POST", "/api/v1/calls/{ref}/record", &[], &[must("do", Word(&["start", "pause", "continue"]), "录音", "the recording"), PLAIN[0], BY]),
    ("POST", "/api/v1/calls/{ref}/digits", &[], &[must("digits", Text, "按键：0-9 * # A-D", "keys: 0-9 * # A-D"), may("seat", Text, "谁按的，默认坐席", "who presses them, by default the agent"), BY]),
    ("POST", "/api/v1/calls/{ref}/release", &[], &[may("seat", Text, "谁的一方，默认坐席", "whose leg, by default the agent's"), BY]),
];

/// The fields of an address: of its query, and of its body.
#[must_use]
pub fn of(method: &str, path: &str) -> (&'static [Field], &'static [Field]) {
    let row = FIELDS.iter().find(|(m, p, ..)| *m == method && *p == path);
    row.map_or((&[], &[]), |(_, _, query, body)| (query, body))
}

/// Every address that has some, with both.
pub fn all() -> impl Iterator<Item = Row> {
    FIELDS.iter().copied()
}
