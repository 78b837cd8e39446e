//! `[[seats]]`: numbers, groups and passwords of the seats, many at a time.

use super::codecs::codecs;
use super::mistake::{Mistake, Severity, Spot};
use super::reader::{Document, Found, Table};
use super::sections::{Sip, secret};
use super::secured::srtp;
use crate::codec::Menu;
use crate::id::{GroupId, SeatId};
use crate::key::Srtp;
use crate::sip::auth::Password;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// Most seats in one configuration.
const MOST: usize = 10_000;
/// Shortest password that goes without a warning, characters.
const SHORT: usize = 8;

/// One seat.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The groups it serves, each with the place where that is written. None: it can be dialled directly only.
    pub groups: Vec<(GroupId, Spot)>,
    /// 班长: the groups whose calls it may listen to, whisper into, barge into and take over, each with its place.
    pub supervises: Vec<(GroupId, Spot)>,
    /// Its password.
    pub password: Password,
    /// How it is signed in.
    pub sign_in: SignIn,
    /// Whether its media is encrypted.
    pub srtp: Srtp,
    /// What their phones may speak; `None`: the house's, or a browser's.
    pub codecs: Option<Menu>,
    /// Where it is defined.
    pub defined: Spot,
}

/// How a seat is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// With the registration of its phone; it is ready at once.
    OnRegister,
    /// By somebody: a key, the command line, the API.
    Manual,
}

pub(super) fn read(document: &Document<'_>, value: Option<&Spanned<DeValue<'_>>>, sip: &Sip) -> BTreeMap<SeatId, Seat> {
    let mut all = BTreeMap::new();
    let Some(value) = value else { return all };
    let Some(tables) = value.get_ref().as_array() else {
        document.error(value.span(), "坐席应写作 [[seats]]", "seats are written as [[seats]]");
        return all;
    };
    for value in tables.iter() {
        let table = Table::new(document, "[[seats]]", Some(value));
        block(&table, sip, &mut all);
        table.finish();
    }
    all
}

/// One `[[seats]]` table.
fn block(table: &Table<'_, '_>, sip: &Sip, all: &mut BTreeMap<SeatId, Seat>) {
    let document = table.document;
    let numbers = numbers(table, ("坐席号", "seat number"), MOST);
    let groups = groups(table);
    let supervises = named(table, "supervises");
    let words = [("on-register", SignIn::OnRegister), ("manual", SignIn::Manual)];
    let sign_in = table.choice("sign_in", &words, SignIn::OnRegister);
    let (srtp, codecs) = (srtp(table, sip, None), codecs(table));
    let passwords = Passwords::read(table, sip, numbers.len());
    for (number, span) in numbers {
        let spot = document.spot(&span);
        if let Some(before) = all.get(number.as_str()) {
            let (seat, first) = (&number, &before.defined);
            let zh = format!("坐席 {seat} 已在 {first} 定义");
            document.error(span, zh, format!("seat {seat} is already defined at {first}"));
            continue;
        }
        if all.len() >= MOST {
            document.error(span, format!("坐席超过 {MOST} 个"), format!("more than {MOST} seats"));
            return;
        }
        // Without a password the mistake is told; the seat stays so that others about it are told as well.
        let password = passwords.as_ref().and_then(|p| p.of(&number, &span, document));
        let password = password.unwrap_or(Password::Ha1 { md5: None, sha256: None });
        let (groups, supervises) = (groups.clone(), supervises.clone());
        all.insert(number.into(), Seat { groups, supervises, password, sign_in, srtp, codecs, defined: spot });
    }
}

/// `numbers`: single ones and ranges, of three to six digits. `what` they are, in sentences; no range gives more than `most`.
pub(super) fn numbers(table: &Table<'_, '_>, what: (&str, &str), most: usize) -> Vec<Found<String>> {
    let mut all = Vec::new();
    if table.value("numbers").is_none() {
        table.missing("numbers，例如 numbers = \"8001-8049\"", "numbers, e.g. numbers = \"8001-8049\"");
    }
    for (text, span) in table.texts("numbers").unwrap_or_default() {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (first.trim(), last.trim());
        let digits = |t: &str| (3..=6).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        let ends = (first.parse::<u32>(), last.parse::<u32>());
        match ends {
            (Ok(from), Ok(to)) if digits(first) && first.len() == last.len() && digits(last) && from <= to => {
                let width = first.len();
                let range = (from..=to).take(most + 1);
                all.extend(range.map(|n| (format!("{n:0width$}"), span.clone())));
            }
            _ => {
                let (zh, en) = what;
                let zh = format!("\"{text}\" 不是{zh}：应写作 \"8001\" 或 \"8001-8049\"，3 到 6 位数字");
                let en = format!("\"{text}\" is no {en}: write \"8001\" or \"8001-8049\", 3 to 6 digits");
                table.document.error(span, zh, en);
            }
        }
    }
    all
}

pub(super) fn groups(table: &Table<'_, '_>) -> Vec<(GroupId, Spot)> {
    if let (Some(_), Some(second)) = (table.value("group"), table.value("groups")) {
        table.document.error(second.span(), "group 与 groups 只能写一个", "group and groups exclude each other");
    }
    match table.text("group") {
        Some((name, span)) => vec![(GroupId::from(name), table.document.spot(&span))],
        None => named(table, "groups"),
    }
}

/// Groups by their names, each with its place.
pub(super) fn named(table: &Table<'_, '_>, key: &'static str) -> Vec<(GroupId, Spot)> {
    let texts = table.texts(key).unwrap_or_default();
    texts.into_iter().map(|(name, span)| (GroupId::from(name), table.document.spot(&span))).collect()
}

/// Where the passwords of one block come from.
enum Passwords {
    /// One text, `{seat}` in it is the number.
    Pattern(String),
    /// A stored hash, for a single seat.
    Hash(Password),
    /// A file's lines.
    File(String, BTreeMap<String, String>),
}

impl Passwords {
    fn read(table: &Table<'_, '_>, sip: &Sip, seats: usize) -> Option<Self> {
        let document = table.document;
        let given: Vec<_> = ["password", "password_env", "ha1", "passwords_file"]
            .into_iter()
            .filter_map(|key| table.value(key))
            .collect();
        match given.as_slice() {
            [] => {
                let zh = "口令（password、password_env、ha1、passwords_file 之一）";
                table.missing(zh, "a password: one of password, password_env, ha1, passwords_file");
            }
            [_] => {}
            [_, second, ..] => {
                let zh = "password、password_env、ha1、passwords_file 只能写一个";
                document.error(second.span(), zh, "password, password_env, ha1 and passwords_file exclude each other");
            }
        }
        if let Some((text, span)) = secret(table, "password", "password_env") {
            judge(document, &text, &span, sip, seats);
            return Some(Self::Pattern(text));
        }
        if let Some((text, span)) = table.text("ha1") {
            return hash(document, text, span, seats);
        }
        let (name, span) = table.text("passwords_file")?;
        file(document, name, span, sip.only_loopback())
    }

    fn of(&self, number: &str, span: &Range<usize>, document: &Document<'_>) -> Option<Password> {
        match self {
            Self::Pattern(text) => Some(Password::Plain(text.replace("{seat}", number))),
            Self::Hash(password) => Some(password.clone()),
            Self::File(name, lines) => {
                let found = lines.get(number).cloned().map(Password::Plain);
                if found.is_none() {
                    let zh = format!("{name} 中没有坐席 {number} 的口令");
                    document.error(span.clone(), zh, format!("{name} has no password for seat {number}"));
                }
                found
            }
        }
    }
}

fn hash(document: &Document<'_>, text: &str, span: Range<usize>, seats: usize) -> Option<Passwords> {
    let password = Password::from_hex(text);
    if password.is_none() {
        let zh = "ha1 应为 32 位（MD5）或 64 位（SHA-256）十六进制数";
        document.error(span, zh, "ha1 should be 32 (MD5) or 64 (SHA-256) hexadecimal digits");
    } else if seats > 1 {
        let zh = "ha1 含有坐席号，只能用于一个坐席；多个坐席请用 passwords_file";
        document.error(span, zh, "ha1 holds the seat's number, so it serves one seat: use passwords_file for several");
    }
    password.map(Passwords::Hash)
}

/// Weak passwords let strangers call at the city's cost.
fn judge(document: &Document<'_>, text: &str, span: &Range<usize>, sip: &Sip, seats: usize) {
    if text.is_empty() || sip.only_loopback() {
        return;
    }
    let rest = text.replace("{seat}", "");
    if seats > 1 && rest != text {
        let zh = "口令由坐席号推出，外人一猜即中：请用 passwords_file（仅监听 127.0.0.1 的实验配置除外）";
        let en = "the password follows from the number, so anybody can guess it: use passwords_file (only a loopback lab may do this)";
        document.error(span.clone(), zh, en);
    } else if guessable(text, "{seat}") {
        let zh = "口令只有数字或含坐席号，太容易猜到";
        document.error(span.clone(), zh, "the password is only digits or holds the number: too easy to guess");
    } else if rest.chars().count() < SHORT {
        let zh = format!("口令少于 {SHORT} 个字符");
        document.warning(span.clone(), zh, format!("the password has fewer than {SHORT} characters"));
    } else if seats > 1 {
        let zh = format!("{seats} 个坐席共用一个口令");
        document.warning(span.clone(), zh, format!("{seats} seats share one password"));
    }
}

fn guessable(password: &str, seat: &str) -> bool {
    password.contains(seat) || password.bytes().all(|b| b.is_ascii_digit())
}

/// Lines of `number password`; `#` begins a comment line.
fn file(document: &Document<'_>, name: &str, span: Range<usize>, loopback: bool) -> Option<Passwords> {
    let path = document.path(name);
    let shown = path.display().to_string();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            document.error(span, format!("无法读取 {shown}：{error}"), format!("{shown} cannot be read: {error}"));
            return None;
        }
    };
    if others_may_read(&path) {
        let zh = format!("{shown} 其他用户也能读取：chmod 600");
        document.warning(span, zh, format!("{shown} can be read by other users: chmod 600"));
    }
    let mut lines = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let spot = Spot { file: shown.clone(), line: index + 1, column: 1 };
        let say =
            |zh: String, en: String| document.add(Mistake { spot: spot.clone(), severity: Severity::Error, zh, en });
        match line.split_once(char::is_whitespace) {
            Some((seat, password)) => {
                let password = password.trim();
                if !loopback && guessable(password, seat) {
                    say(
                        format!("坐席 {seat} 的口令只有数字或含坐席号，太容易猜到"),
                        format!("the password of seat {seat} is only digits or holds the number: too easy to guess"),
                    );
                }
                if lines.insert(seat.to_owned(), password.to_owned()).is_some() {
                    say(format!("坐席 {seat} 重复"), format!("seat {seat} stands here twice"));
                }
            }
            None => say("应为“坐席号 口令”".into(), "a line is: number password".into()),
        }
    }
    Some(Passwords::File(shown, lines))
}

pub(super) fn others_may_read(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0)
}
