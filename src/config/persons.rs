//! `[[persons]]`: agents by their work numbers, each with a PIN, groups and skills, many at a time.

use super::mistake::{Mistake, Severity, Spot};
use super::reader::{Document, Table};
use super::seats::{groups, numbers, others_may_read};
use super::sections::Sip;
use crate::acd::LEVELS;
use crate::call::Pin;
use crate::id::{AgentId, GroupId, SkillId};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// Most persons in one configuration.
const MOST: usize = 50_000;
/// Fewest and most digits of a PIN.
const PIN: std::ops::RangeInclusive<usize> = 4..=12;

/// One person.
#[derive(Debug, Clone)]
pub struct Person {
    /// The groups that he serves wherever he sits, each with the place where that is written. None: those of his seat.
    pub groups: Vec<(GroupId, Spot)>,
    /// What he is trained for, each with his level, 1 to [`LEVELS`].
    pub skills: BTreeMap<SkillId, u8>,
    /// 0 serves at once, higher tiers after the delays of the group.
    pub tier: u8,
    /// What he proves himself by at a telephone.
    pub pin: Pin,
    /// Where he is defined.
    pub defined: Spot,
}

pub(super) fn read(
    document: &Document<'_>,
    value: Option<&Spanned<DeValue<'_>>>,
    sip: &Sip,
) -> BTreeMap<AgentId, Person> {
    let mut all = BTreeMap::new();
    let Some(value) = value else { return all };
    let Some(tables) = value.get_ref().as_array() else {
        document.error(value.span(), "人员应写作 [[persons]]", "persons are written as [[persons]]");
        return all;
    };
    for value in tables.iter() {
        let table = Table::new(document, "[[persons]]", Some(value));
        block(&table, sip, &mut all);
        table.finish();
    }
    all
}

/// One `[[persons]]` table.
fn block(table: &Table<'_, '_>, sip: &Sip, all: &mut BTreeMap<AgentId, Person>) {
    let document = table.document;
    let numbers = numbers(table, ("工号", "work number"), MOST);
    let (groups, skills) = (groups(table), skills(table));
    let tier = table.number_or("tier", 0..=15, 0u8);
    let pins = Pins::read(table, sip);
    for (number, span) in numbers {
        let spot = document.spot(&span);
        if let Some(before) = all.get(number.as_str()) {
            let first = &before.defined;
            let zh = format!("工号 {number} 已在 {first} 定义");
            document.error(span, zh, format!("person {number} is already defined at {first}"));
            continue;
        }
        if all.len() >= MOST {
            document.error(span, format!("人员超过 {MOST} 个"), format!("more than {MOST} persons"));
            return;
        }
        // Without a PIN the mistake is told; the person stays so that others about him are told as well.
        let pin = pins.as_ref().and_then(|p| p.of(&number, &span, document)).unwrap_or_default();
        let (groups, skills) = (groups.clone(), skills.clone());
        all.insert(number.into(), Person { groups, skills, tier, pin, defined: spot });
    }
}

/// `skills = ["社保", "英语:3"]`: a name, and a level behind a colon; 1 without.
fn skills(table: &Table<'_, '_>) -> BTreeMap<SkillId, u8> {
    let mut all = BTreeMap::new();
    for (text, span) in table.texts("skills").unwrap_or_default() {
        let (name, level) = text.split_once(':').unwrap_or((text, "1"));
        match level.trim().parse::<u8>().ok().filter(|level| (1..=LEVELS).contains(level)) {
            Some(level) if !name.trim().is_empty() => {
                all.insert(SkillId::from(name.trim()), level);
            }
            _ => {
                let zh = format!("\"{text}\" 不是技能：应写作 \"英语\" 或 \"英语:3\"，级别 1 到 {LEVELS}");
                let en = format!("\"{text}\" is no skill: write \"英语\" or \"英语:3\", levels 1 to {LEVELS}");
                table.document.error(span, zh, en);
            }
        }
    }
    all
}

/// Where the PINs of one block come from.
enum Pins {
    /// One text, `{person}` in it is the number.
    Pattern(String),
    /// A file's lines.
    File(String, BTreeMap<String, String>),
}

impl Pins {
    fn read(table: &Table<'_, '_>, sip: &Sip) -> Option<Self> {
        let document = table.document;
        match (table.text("pin"), table.text("pins_file")) {
            (None, None) => {
                table.missing("密码：pin 或 pins_file", "a PIN: pin or pins_file");
                None
            }
            (Some(_), Some((_, span))) => {
                document.error(span, "pin 与 pins_file 只能写一个", "pin and pins_file exclude each other");
                None
            }
            (Some((text, span)), None) => {
                if text.contains("{person}") && !sip.only_loopback() {
                    let zh = "密码由工号推出，外人一猜即中：请用 pins_file（仅监听 127.0.0.1 的实验配置除外）";
                    let en = "the PIN follows from the number, so anybody can guess it: use pins_file (only a loopback lab may do this)";
                    document.error(span, zh, en);
                }
                Some(Self::Pattern(text.to_owned()))
            }
            (None, Some((name, span))) => file(document, name, span),
        }
    }

    fn of(&self, number: &str, span: &Range<usize>, document: &Document<'_>) -> Option<Pin> {
        let (pin, zh, en) = match self {
            Self::Pattern(text) => (
                Some(text.replace("{person}", number)),
                format!("工号 {number} 的密码应为 4 到 12 位数字"),
                format!("the PIN of person {number} should be 4 to 12 digits"),
            ),
            Self::File(name, lines) => (
                lines.get(number).cloned(),
                format!("{name} 中没有工号 {number} 的密码，或不是 4 到 12 位数字"),
                format!("{name} has no PIN of 4 to 12 digits for person {number}"),
            ),
        };
        let good = |pin: &String| PIN.contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit());
        let pin = pin.filter(good);
        if pin.is_none() {
            document.error(span.clone(), zh, en);
        }
        pin.map(|pin| Pin::new(&pin))
    }
}

/// Lines of `number PIN`; `#` begins a comment line.
fn file(document: &Document<'_>, name: &str, span: Range<usize>) -> Option<Pins> {
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
    for (index, line) in text.lines().enumerate().map(|(i, line)| (i, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let spot = Spot { file: shown.clone(), line: index + 1, column: 1 };
        let say = |zh: String, en: String| document.add(Mistake { spot, severity: Severity::Error, zh, en });
        match line.split_once(char::is_whitespace) {
            Some((number, pin)) => {
                if lines.insert(number.to_owned(), pin.trim().to_owned()).is_some() {
                    say(format!("工号 {number} 重复"), format!("person {number} stands here twice"));
                }
            }
            None => say("应为“工号 密码”".into(), "a line is: number PIN".into()),
        }
    }
    Some(Pins::File(shown, lines))
}
