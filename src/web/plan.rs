//! The operator's dialplan: what is in force and how it came there, why a call goes where it goes, what would differ; and what puts
//! another plan in force. The planner carries it out and the words are those of the command line; nothing here reads a plan.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::limits::WAIT;
use super::paging::Page;
use super::query::{Query, wrong};
use super::visitor::Visitor;
use crate::access::Outcome as Deed;
use crate::admin::{By, NAME, NOTE, Order, Outcome, Refusal, Text, give};
use crate::calendar::moment;
use crate::dialplan::duties::Sum;
use crate::dialplan::{Annex, Plan, Question, Side, seat_text};
use crate::fact::Lang;
use crate::id::SeatId;
use crate::store::plans::Record;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json as object};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

type Desk = State<Arc<Backend>>;

/// Longest number or name that is asked about, characters.
const ASKED: usize = 64;
/// Longest version, characters.
const VERSION: usize = 64;
/// Most seats that may be supposed to be at work.
const SEATS: u32 = 100_000;

/// The form of a moment in a query.
pub(super) const MOMENT: (&str, &str) = (
    "时间，如 2021-12-15T10:00（北京时间）或带时区的 RFC 3339",
    "a time like 2021-12-15T10:00 (Asia/Shanghai), or RFC 3339 with an offset",
);

/// The moment that is asked about, `at`; now, where none is.
pub(super) fn moment_of(backend: &Backend, query: &mut Query<'_>) -> Result<i64, Fault> {
    let at = query.read_as("at", MOMENT, |text| moment::parse(text).ok())?;
    Ok(at.unwrap_or_else(|| backend.views.clock.now().wall))
}

/// In which language a text is told: as `lang` asks, else that of the person's account, else Chinese.
fn language(backend: &Backend, visitor: &Visitor, query: &mut Query<'_>) -> Result<Lang, Fault> {
    let read = |text: &str| match text {
        "zh" => Some(Lang::Zh),
        "en" => Some(Lang::En),
        _ => None,
    };
    let asked = query.read_as("lang", (" zh 或 en", "zh or en"), read)?;
    let own = || visitor.session().and_then(|(_, session)| backend.people.account(&session.account));
    Ok(asked.or_else(|| own().and_then(|account| read(&account.lang))).unwrap_or(Lang::Zh))
}

/// `GET /plan`: what is in force, and the last page of what was.
pub(super) async fn in_force(State(backend): Desk, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let page = Page::read(&mut query)?;
    query.finish()?;
    let Outcome::History { records, kept, now, folder } = asked(&backend, Order::History).await? else {
        return Err(Fault::strange());
    };
    let since = records.iter().rev().take_while(|record| record.version == now).last().map(|record| record.at);
    let by = if backend.views.house.plan_by_pages { "pages" } else { "files" };
    let (history, next) = past(&records, &kept, &page)?;
    let (path, edited) = folder;
    let differs = edited.as_ref().is_some_and(|edited| *edited != now);
    let told = object!({
        "version": now,
        "edited_by": by,
        "since": since,
        "folder": { "path": path, "version": edited, "differs": differs },
        "history": history,
        "next": next,
    });
    Ok(json(StatusCode::OK, &told))
}

/// `GET /plan/history`: every coming into force, the latest first.
pub(super) async fn history(State(backend): Desk, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let page = Page::read(&mut query)?;
    query.finish()?;
    let Outcome::History { records, kept, .. } = asked(&backend, Order::History).await? else {
        return Err(Fault::strange());
    };
    let (items, next) = past(&records, &kept, &page)?;
    Ok(json(StatusCode::OK, &object!({ "items": items, "next": next })))
}

/// One page of the history: those before a number.
fn past(records: &[Record], kept: &[String], page: &Page) -> Result<(Vec<Value>, Option<String>), Fault> {
    let before = page.before()?;
    let older = records.iter().rev().filter(|record| before.is_none_or(|before| record.number < before));
    let rows: Vec<&Record> = older.take(page.limit).collect();
    let next = page.next(&rows, |last| last.number);
    let item = |record: &&Record| {
        object!({
            "number": record.number,
            "version": record.version,
            "at": record.at,
            "by": record.author,
            "uid": record.uid,
            "note": record.note,
            "change": record.how,
            "base": record.base,
            "set_aside": record.set_aside,
            "kept": kept.contains(&record.version),
        })
    };
    Ok((rows.iter().map(item).collect(), next))
}

/// `GET /plan/why`: the words of `switchboard dialplan why`, and the facts behind them. `from` is a trunk, or a seat that dials.
pub(super) async fn why(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let wall = moment_of(&backend, &mut query)?;
    let lang = language(&backend, &visitor, &mut query)?;
    let number = text(&mut query, "number")?.ok_or_else(|| {
        wrong("number", "number 缺失：拨的号码".to_owned(), "number is missing: what is dialled".to_owned())
    })?;
    let (caller, from) = (text(&mut query, "caller")?, text(&mut query, "from")?);
    let whole = |text: &str| text.parse().ok().filter(|n| *n <= SEATS);
    let seats = query.read_as("seats", (" 0 到 100000 的整数", "a whole number, 0 to 100000"), whole)?;
    query.finish()?;
    let plan = Arc::clone(&backend.views.plan.load().plan);
    let is_seat = |name: &str| backend.views.board.seat(&SeatId::from(name)).is_some();
    let side = match from.as_deref() {
        None => None,
        Some(seat) if is_seat(seat) => Some(Side::Seat),
        Some(name) => Some(Side::Trunk(Some(trunk(&plan, name)?))),
    };
    let dialled = plan.normalise(number.as_bytes()).ok().map(|dialled| dialled.digits.to_string());
    if let (Some(Side::Seat), Some(seat)) = (side, dialled.filter(|digits| is_seat(digits))) {
        let facts =
            object!({ "dialled": number, "number": seat, "routed": true, "reason": "seat", "at": moment::shown(wall) });
        return Ok(json(StatusCode::OK, &said(|lang| seat_text(&seat, lang), lang, &facts)));
    }
    let question = Question { side, caller: caller.as_deref(), seats, ..Question::new(number.as_bytes(), wall) };
    let why = plan.ask(question);
    let mut facts = object!(why.facts());
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("at".into(), moment::shown(wall).into());
    }
    Ok(json(StatusCode::OK, &said(|lang| why.text(lang), lang, &facts)))
}

/// A text in the language that was asked for and in both, and facts.
fn said(text: impl Fn(Lang) -> String, lang: Lang, facts: &Value) -> Value {
    object!({ "text": text(lang), "zh": text(Lang::Zh), "en": text(Lang::En), "facts": facts })
}

/// A parameter that is a short text of visible characters; nothing, where it is empty or not there.
fn text(query: &mut Query<'_>, name: &str) -> Result<Option<String>, Fault> {
    let Some(text) = query.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > ASKED || text.chars().any(char::is_control) {
        let zh = format!("{name} 不超过 {ASKED} 个字符，不含控制字符");
        return Err(wrong(name, zh, format!("{name} has at most {ASKED} characters, and no control characters")));
    }
    Ok(Some(text))
}

fn trunk<'p>(plan: &'p Plan, name: &str) -> Result<&'p crate::dialplan::Trunk, Fault> {
    plan.trunks().find(|trunk| trunk.id.as_str() == name).map(|trunk| &**trunk).ok_or_else(|| {
        let all = plan.trunks().map(|trunk| trunk.id.to_string()).collect::<Vec<_>>().join(" ");
        let zh = format!("没有坐席 {name}，计划里也没有这条中继。有：{all}");
        wrong("from", zh, format!("there is no seat {name}, and the plan has no such trunk. There are: {all}"))
    })
}

/// `GET /plan/duties`: the annex of the city's plan as a check-list.
pub(super) async fn duties(State(backend): Desk, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let wall = moment_of(&backend, &mut query)?;
    query.finish()?;
    let annex = Annex::fuzhou().map_err(|_| Fault::strange())?;
    let plan = Arc::clone(&backend.views.plan.load().plan);
    // Beside everything else: each row looks through the whole plan.
    let work = tokio::task::spawn_blocking(move || plan.duties(&annex, wall));
    let duties = work.await.map_err(|_| Fault::strange())?;
    let Sum { demands, met, declared } = duties.sum();
    let mut told = object!(duties);
    if let Some(told) = told.as_object_mut() {
        told.insert("demands".into(), demands.into());
        told.insert("met".into(), met.into());
        told.insert("declared".into(), declared.into());
        told.insert("not_met".into(), (demands - met - declared).into());
        told.insert("at".into(), moment::shown(wall).into());
    }
    Ok(json(StatusCode::OK, &told))
}

/// `GET /plan/files`: what stands in the folder, to be edited.
pub(super) async fn files(State(backend): Desk, request: Request) -> Told {
    Query::read(request.uri().query()).finish()?;
    match asked(&backend, Order::Folder).await? {
        Outcome::Texts { version, files } => Ok(json(StatusCode::OK, &object!({ "version": version, "files": files }))),
        outcome => Ok(json(StatusCode::OK, &document(&outcome, Lang::Zh))),
    }
}

/// `POST /plan/write`: files of the folder, as somebody has edited them, are written and come into force, if they have no mistake.
pub(super) async fn write(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let fields = |mut fields: Fields| {
        let files =
            texts(&mut fields)?.ok_or_else(|| wrong("files", "files 缺失".into(), "files is missing".into()))?;
        let (base, by) = (fields.required("base", VERSION)?, fields.text("by", NAME)?);
        let note = fields.text("note", NOTE)?;
        fields.finish().map(|()| (files, base, note, by))
    };
    let (lang, (files, base, note, by)) = read(&backend, &visitor, request, fields).await?;
    let by = By { author: visitor.signs(by), note };
    let deed = ("plan_apply", String::new(), by.note.clone());
    changed(&backend, visitor, Order::Write { files, base, by }, deed, lang).await
}

/// The files that a body has, each named as one of a plan is: in the folder itself, and seen.
fn texts(fields: &mut Fields) -> Result<Option<Vec<Text>>, Fault> {
    let Some(value) = fields.value("files") else { return Ok(None) };
    let files: Vec<Text> = serde_json::from_value(value).map_err(|error| {
        wrong(
            "files",
            format!("files 应为 [{{name, text}}]：{error}"),
            format!("files is a list of name and text: {error}"),
        )
    })?;
    let fits = |name: &str| {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        name.strip_suffix(".toml").is_some_and(|stem| !stem.is_empty())
            && !name.starts_with('.')
            && name.chars().count() <= 64
            && name.chars().all(plain)
    };
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if files.is_empty() || names.len() < files.len() || !names.iter().all(|name| fits(name)) {
        let zh = "files 的 name 应为不同的 名.toml，不含路径".to_owned();
        return Err(wrong(
            "files",
            zh,
            "each name in files is another one and ends in .toml, without a path".to_owned(),
        ));
    }
    Ok(Some(files))
}

/// The texts of a body where there are some; else those of the folder are meant.
fn given(mut fields: Fields) -> Result<Option<Vec<Text>>, Fault> {
    let files = texts(&mut fields)?;
    fields.finish().map(|()| files)
}

/// `POST /plan/check`: whether the folder's plan, or these texts, could come into force. Nothing is changed.
pub(super) async fn check(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (lang, files) = read(&backend, &visitor, request, given).await?;
    let outcome = ordered(&backend, Order::Compare { files }).await?;
    let Outcome::Compared { plan, warnings, .. } = &outcome else {
        return Ok(json(StatusCode::OK, &document(&outcome, lang)));
    };
    let text = |lang: Lang| {
        let count = warnings.details.len();
        let summary = match lang {
            Lang::Zh => format!("没有错误，{count} 处提醒。版本 {}\n", plan.version),
            Lang::En => format!("no error, {count} to look at. version {}\n", plan.version),
        };
        format!("{}{summary}", lang.of(&warnings.zh, &warnings.en))
    };
    let told = object!({
        "outcome": "ok", "text": text(lang), "zh": text(Lang::Zh), "en": text(Lang::En),
        "base": plan.base, "version": plan.version, "warnings": warnings,
    });
    Ok(json(StatusCode::OK, &told))
}

/// `POST /plan/compare`: what would differ under the folder's plan, or under these texts. Nothing is changed.
pub(super) async fn compare(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (lang, files) = read(&backend, &visitor, request, given).await?;
    let outcome = ordered(&backend, Order::Compare { files }).await?;
    Ok(json(StatusCode::OK, &document(&outcome, lang)))
}

/// `POST /plan/apply`: the folder's plan comes into force, if it has no mistake.
pub(super) async fn apply(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let fields = |mut fields: Fields| {
        let (note, by) = (fields.text("note", NOTE)?, fields.text("by", NAME)?);
        fields.finish().map(|()| (note, by))
    };
    let (lang, (note, by)) = read(&backend, &visitor, request, fields).await?;
    let by = By { author: visitor.signs(by), note };
    changed(&backend, visitor, Order::Reload(by.clone()), ("plan_apply", String::new(), by.note), lang).await
}

/// `POST /plan/rollback`: an earlier version comes into force.
pub(super) async fn roll_back(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let fields = |mut fields: Fields| {
        let (version, by) = (fields.required("version", VERSION)?, fields.text("by", NAME)?);
        let note = fields.text("note", NOTE)?;
        fields.finish().map(|()| (version, note, by))
    };
    let (lang, (version, note, by)) = read(&backend, &visitor, request, fields).await?;
    let by = By { author: visitor.signs(by), note };
    let deed = ("plan_rollback", version.clone(), by.note.clone());
    changed(&backend, visitor, Order::Rollback { version: Some(version), by }, deed, lang).await
}

/// The language of the answer, and what a body says.
async fn read<T>(
    backend: &Backend,
    visitor: &Visitor,
    request: Request,
    fields: impl FnOnce(Fields) -> Result<T, Fault>,
) -> Result<(Lang, T), Fault> {
    let mut query = Query::read(request.uri().query());
    let lang = language(backend, visitor, &mut query)?;
    query.finish()?;
    Ok((lang, fields(Fields::read(&body(request, backend.limits.arrival).await?)?)?))
}

/// Carries out what changes the plan, and writes it into the trail: also when whoever has asked is gone meanwhile.
async fn changed(
    backend: &Arc<Backend>,
    visitor: Visitor,
    order: Order,
    (what, of, why): (&'static str, String, String),
    lang: Lang,
) -> Told {
    let backend = Arc::clone(backend);
    let work = tokio::spawn(async move {
        let note = |of: &str, outcome| backend.note(&visitor, (what, of, &why), outcome);
        if !backend.views.house.plan_by_pages {
            note(&of, Deed::Refused)?;
            return Err(read_only());
        }
        let outcome = ordered(&backend, order).await;
        match &outcome {
            Ok(Outcome::InForce { record, .. }) => note(&record.version, Deed::Done)?,
            Ok(Outcome::Unchanged { version, .. }) => note(version, Deed::Done)?,
            Ok(_) | Err(_) => note(&of, Deed::Failed)?,
        }
        Ok(json(StatusCode::OK, &document(&outcome?, lang)))
    });
    work.await.map_err(|_| Fault::strange())?
}

fn read_only() -> Fault {
    let words = (
        "拨号计划由文件管理（[plan] edited_by = \"files\"）：请用命令行 switchboard reload 或 dialplan apply、rollback",
        "the dialplan is kept in files ([plan] edited_by = \"files\"): use switchboard reload, dialplan apply or rollback",
    );
    Fault::new(StatusCode::CONFLICT, "read_only", words)
}

/// A question to the planner, in the time of a question.
async fn asked(backend: &Backend, order: Order) -> Result<Outcome, Fault> {
    put(backend, order, backend.limits.patience).await
}

/// An order to the planner: a plan is read, checked and compared, and others' orders come first.
async fn ordered(backend: &Backend, order: Order) -> Result<Outcome, Fault> {
    put(backend, order, Duration::from_secs(WAIT)).await
}

async fn put(backend: &Backend, order: Order, patience: Duration) -> Result<Outcome, Fault> {
    let Some(planner) = &backend.views.planner else { return Err(Refusal::Stopping.into()) };
    give(order, None, planner, patience).await.map_err(Fault::from)
}

/// What came of an order: a word, sentences, and what belongs to it.
fn document(outcome: &Outcome, lang: Lang) -> Value {
    let more = match outcome {
        Outcome::InForce { record, difference, prompts, size: (numbers, groups, trunks), warnings, config } => {
            object!({
                "outcome": "in_force", "version": record.version, "base": record.base, "record": record,
                "difference": difference, "prompts": prompts, "numbers": numbers, "groups": groups, "trunks": trunks,
                "warnings": warnings, "config": config,
            })
        }
        Outcome::Unchanged { version, config } => {
            object!({ "outcome": "unchanged", "version": version, "config": config })
        }
        Outcome::Compared { plan, difference, replayed, warnings } => object!({
            "outcome": "compared", "base": plan.base, "version": plan.version, "difference": difference,
            "replayed": replayed, "warnings": warnings,
        }),
        Outcome::Wrong(said) => object!({ "outcome": "wrong", "mistakes": said.details }),
        Outcome::Moved { base, now } => object!({ "outcome": "moved", "base": base, "version": now }),
        Outcome::NoVersion { version } => object!({ "outcome": "no_version", "version": version }),
        Outcome::Failed { .. } | Outcome::History { .. } | Outcome::Texts { .. } => object!({ "outcome": "failed" }),
    };
    let mut told = object!({ "text": outcome.text(lang), "zh": outcome.text(Lang::Zh), "en": outcome.text(Lang::En) });
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    told
}
