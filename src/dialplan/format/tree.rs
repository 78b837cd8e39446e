//! One file, or a piece of one, read as one tree.

use super::reader::{Context, Section};
use super::syntax;
use super::tables::{calendar, city, emergency, expect, group, line, trunk};
use super::written::{At, LineWritten, Target, Written};
use crate::dialplan::check::{Code, Diagnostic, Mistakes, Text};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The tables there are.
pub(super) const TABLES: [&str; 9] =
    ["city", "emergency", "hotline", "utility", "route", "group", "trunk", "calendar", "expect"];

/// Reads one file as one tree, whatever it holds.
pub(super) fn whole(file: u16, text: &str, written: &mut Written, mistakes: &mut Mistakes) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let broken = syntax::report(file, text, &errors, mistakes);
    let mut context = Context { file, base: 0, broken, mistakes, told: None };
    in_order(root.get_ref()).into_iter().for_each(|(key, value)| table(&mut context, written, key, value));
}

pub(super) type Pair<'r, 'i> = (&'r Spanned<std::borrow::Cow<'i, str>>, &'r Spanned<DeValue<'i>>);

/// The pairs of a table in the order of the file.
pub(super) fn in_order<'r, 'i>(table: &'r DeTable<'i>) -> Vec<Pair<'r, 'i>> {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
}

pub(super) fn table(
    context: &mut Context<'_>,
    written: &mut Written,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) {
    let name = key.get_ref().as_ref();
    let Some(known) = TABLES.into_iter().find(|t| *t == name) else {
        return context.unknown(key.span(), name, "", &TABLES);
    };
    match (known, value.get_ref()) {
        ("city", DeValue::Table(t)) => written.cities.push(city(Section::new(context, name.to_owned(), key.span(), t))),
        ("emergency", DeValue::Table(t)) => {
            written.emergencies.push(emergency(Section::new(context, name.to_owned(), key.span(), t)));
        }
        ("expect", DeValue::Array(items)) => {
            for item in items.iter() {
                match item.get_ref() {
                    DeValue::Table(t) => {
                        written.expects.push(expect(Section::new(context, name.to_owned(), item.span(), t)));
                    }
                    _ => context.wrong(item.span(), "一张表", "a table"),
                }
            }
        }
        (_, DeValue::Table(t)) => in_order(t).into_iter().for_each(|(k, v)| named(context, written, known, k, v)),
        ("expect", _) => context.wrong(key.span(), " [[expect]]，双方括号", "[[expect]] with double brackets"),
        _ => context.wrong(key.span(), "一张表", "a table"),
    }
}

/// One `[kind.NAME]`.
pub(super) fn named(
    context: &mut Context<'_>,
    written: &mut Written,
    kind: &'static str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) {
    let span = context.span(key.span());
    let t = match value.get_ref() {
        DeValue::Table(t) => t,
        DeValue::String(_) if kind == "route" && context.is_broken(&key.span()) => return,
        DeValue::String(text) if kind == "route" => {
            match Target::parse(text) {
                Some(target) => {
                    let to = At { value: target, span: context.span(value.span()) };
                    let number = At { value: key.get_ref().as_ref().into(), span };
                    written.lines.push(LineWritten::leading(number, to));
                }
                None => context.unreadable(value, ("去向，如 \"group:main\"", "a target such as \"group:main\"")),
            }
            return;
        }
        _ => return context.wrong(value.span(), "一张表", "a table"),
    };
    let address = format!("{kind}.{}", key.get_ref());
    if let Some(deeper) = nested(kind, t) {
        return unquoted(context, &address, key.span(), deeper);
    }
    let section = Section::new(context, address, key.span(), t);
    let name = At { value: key.get_ref().to_string(), span };
    match kind {
        "group" => written.groups.push(group(section, name)),
        "trunk" => written.trunks.push(trunk(section, name)),
        "calendar" => written.calendars.push(calendar(section, name)),
        _ => written.lines.push(line(section, kind, At { value: name.value.into(), span })),
    }
}

/// `[trunk.branch.12366]` written without quotes: a table whose only content are tables.
fn nested<'r>(kind: &str, table: &'r DeTable<'_>) -> Option<&'r str> {
    let only_tables = !table.is_empty() && table.iter().all(|(_, v)| matches!(v.get_ref(), DeValue::Table(_)));
    let first = table.iter().next().map(|(k, _)| k.get_ref().as_ref());
    first.filter(|k| only_tables && *k != "hours" && kind != "expect")
}

fn unquoted(context: &mut Context<'_>, address: &str, key: Range<usize>, deeper: &str) {
    let (kind, name) = address.split_once('.').unwrap_or((address, ""));
    let span = context.span(key);
    let title = Text::new(
        format!("名字里的点要加引号：`{address}.{deeper}`"),
        format!("a name with a dot needs quotes: `{address}.{deeper}`"),
    );
    let help = format!("[{kind}.\"{name}.{deeper}\"]");
    let mistake = Diagnostic::new(Code::UnknownKey, title)
        .at(span, "TOML 把它读成了两层表", "TOML reads this as two tables, one in the other")
        .help(format!("写成 {help}"), format!("write {help}"));
    context.mistakes.push(mistake);
}
