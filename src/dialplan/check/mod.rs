//! From text to a plan, or to every mistake in it.
//!
//! Passes run one after another and all of them run; only the `[[expect]]` tests wait for a plan without errors,
//! because there is nothing to ask before. Nothing here repairs a plan or guesses what was meant.

mod checked;
mod clause;
mod code;
mod compile;
mod diagnostic;
mod expect;
mod guide;
mod lines;
mod mistakes;
mod names;
mod numbers;
mod overflow;
mod place;
mod references;
mod render;
mod sarif;
mod sense;
mod span;
mod told;

pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Label, Text};
pub use guide::Guide;
pub(super) use lines::foreign;
pub(super) use mistakes::Mistakes;
pub use place::Places;
pub use render::render;
pub use sarif::sarif;
pub use span::Span;
pub use told::{Told, told};

use super::digits::Digits;
use super::format::{self, CityWritten, Written};
use super::number::Numbering;
use super::plan::Plan;
use super::source::{Known, Source};
use crate::calendar::Zone;
use checked::Checked;
use names::Names;

impl Plan {
    /// Reads, checks and compiles a plan, then runs its `[[expect]]` tests. Beside the plan stand its warnings.
    ///
    /// # Errors
    /// All mistakes, in the order of the files, warnings among them; of one kind no more than the first
    /// [`Diagnostic::MOST`], the last of which says how many more there are.
    pub fn load(sources: &[Source], known: &Known) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        load(sources, known)
    }
}

fn load(sources: &[Source], known: &Known) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut mistakes = Mistakes::default();
    let written = format::read(sources, &mut mistakes);
    let checked = prepare(&written, known, &mut mistakes);
    references::check(&checked, &mut mistakes);
    let table = numbers::check(&checked, &mut mistakes);
    lines::check(&checked, &mut mistakes);
    overflow::check(&checked, &mut mistakes);
    sense::check(&checked, &mut mistakes);
    if mistakes.are_warnings() {
        let plan = compile::plan(&checked, sources, table);
        expect::run(&plan, &checked, &mut mistakes);
        if mistakes.are_warnings() {
            return Ok((plan, mistakes.in_order()));
        }
    }
    Err(mistakes.in_order())
}

fn prepare<'w>(written: &'w Written, known: &'w Known, mistakes: &mut Mistakes) -> Checked<'w> {
    let names = Names::collect(written, mistakes);
    let city = written.cities.first();
    if city.is_none() {
        let title = Text::new("没有 [city]：不知道区号和印发日期", "no [city]: area code and day of issue are unknown");
        mistakes.push(
            Diagnostic::new(Code::MissingKey, title)
                .help("加上 [city]，写明 name、area、issued", "add [city] with name, area and issued"),
        );
    }
    let numbering = city.and_then(|c| numbering(c, mistakes));
    let zone = zone(city, mistakes);
    let issued = city.and_then(|c| c.issued.as_ref()).map(|d| d.value);
    let hub = lines::hub(written, mistakes);
    Checked { written, names, known, city, numbering, zone, issued, hub }
}

fn numbering(city: &CityWritten, mistakes: &mut Mistakes) -> Option<Numbering> {
    let mut read = |written: Option<&format::At<String>>, default: &str, longest: u32| match written {
        None => Digits::parse(default),
        Some(at) => {
            let digits = Digits::parse(&at.value).filter(|d| d.len() <= longest);
            if digits.is_none() {
                let title =
                    Text::new("区号、国家号和号段只能是数字", "area and country codes and number ranges are digits");
                mistakes.push(Diagnostic::new(Code::WrongValue, title).at(at.span, "不是数字", "not digits"));
            }
            digits
        }
    };
    for range in &city.callers {
        let _ = read(Some(range), "", Digits::MAX);
    }
    let country = read(city.country.as_ref(), "86", 3);
    let area = read(city.area.as_ref(), "", 5);
    let contexts = city.contexts.iter().map(|c| c.value.as_str().into()).collect();
    Numbering::new(country?, area?, city.subscriber.as_ref().map_or(8, |s| s.value), contexts)
}

fn zone(city: Option<&CityWritten>, mistakes: &mut Mistakes) -> Option<Zone> {
    let Some(written) = city.and_then(|c| c.timezone.as_ref()) else { return Zone::named("Asia/Shanghai") };
    let zone = Zone::named(&written.value);
    if zone.is_none() {
        let title =
            Text::new(format!("没有时区 {}", written.value), format!("there is no time zone {}", written.value));
        mistakes.push(
            Diagnostic::new(Code::WrongValue, title)
                .at(written.span, "不认识", "unknown")
                .help("写 IANA 名，如 \"Asia/Shanghai\"", "write an IANA name such as \"Asia/Shanghai\""),
        );
    }
    zone
}
