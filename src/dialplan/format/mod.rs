//! The TOML of a dialplan becomes values. Nothing is judged here but their type; unknown keys are refused.
//!
//! It is read by hand and not by derive, because a derived reader stops at the first mistake and all are wanted.

mod lane;
mod reader;
mod syntax;
mod tables;
mod tree;
mod written;

#[cfg(test)]
mod tests;

pub(super) use reader::{Kind, Told};
pub(super) use written::{
    At, CalendarWritten, CityWritten, EmergencyWritten, GroupWritten, HoursWritten, LineWritten, Target, TrunkWritten,
    Written,
};

use super::check::{Diagnostic, Mistakes, Span};
use super::source::Source;
use ecow::EcoString;
use reader::{Context, Section};
use tables::{calendar, city, emergency, expect, group, line, trunk};
use toml::de::DeTable;
use tree::TABLES;

/// Reads all files; mistakes of syntax, type and unknown keys go to `mistakes`.
pub(super) fn read(sources: &[Source], mistakes: &mut Mistakes) -> Written {
    let mut written = Written::default();
    for (index, source) in sources.iter().enumerate() {
        let file = u16::try_from(index).unwrap_or(u16::MAX);
        let quick = source.text.len() >= LARGE && lane::read(file, &source.text, &mut written, mistakes);
        if !quick {
            tree::whole(file, &source.text, &mut written, mistakes);
        }
    }
    written
}

/// The mistakes of syntax of one file alone, as its first.
pub(super) fn syntax(source: &Source) -> Vec<Diagnostic> {
    let (_, errors) = DeTable::parse_recoverable(&source.text);
    let mut mistakes = Mistakes::default();
    let _covered = syntax::report(0, &source.text, &errors, &mut mistakes);
    mistakes.in_order()
}

/// What every reader asks for, told by the readers themselves over empty tables.
pub(super) fn told() -> Vec<Told> {
    let mut mistakes = Mistakes::default();
    let mut context = Context { file: 0, broken: Vec::new(), base: 0, mistakes: &mut mistakes, told: Some(Vec::new()) };
    let (empty, _) = DeTable::parse_recoverable("");
    let (with_hours, _) = DeTable::parse_recoverable("hours = {}");
    let name = || At { value: String::new(), span: Span::default() };
    for kind in TABLES {
        let section = Section::new(&mut context, kind.to_owned(), 0..0, empty.get_ref());
        match kind {
            "city" => drop(city(section)),
            "emergency" => drop(emergency(section)),
            "expect" => drop(expect(section)),
            "group" => {
                drop(group(section, name()));
                let again = Section::new(&mut context, kind.to_owned(), 0..0, with_hours.get_ref());
                drop(group(again, name()));
            }
            "trunk" => drop(trunk(section, name())),
            "calendar" => drop(calendar(section, name())),
            _ => drop(line(section, kind, At { value: EcoString::new(), span: Span::default() })),
        }
    }
    context.told.unwrap_or_default()
}

/// Text in full-width characters, written in ASCII; `None` when there are none in it.
pub(super) fn narrowed(text: &str) -> Option<String> {
    syntax::narrowed(text)
}

/// From this size on, in bytes, a file goes by [`lane`]: a smaller one is read faster than anybody notices.
const LARGE: usize = 256 * 1024;
