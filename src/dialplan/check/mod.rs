//! From text to a plan, or to every mistake in it.
//!
//! Passes run one after another and all of them run; only the `[[expect]]` tests wait for a plan without errors,
//! because there is nothing to ask before. Nothing here repairs a plan or guesses what was meant.

mod code;
mod compile;
mod diagnostic;
mod expect;
mod guide;
mod lines;
mod names;
mod numbers;
mod overflow;
mod place;
mod render;
mod sarif;
mod sense;

pub use code::Code;
pub use diagnostic::{Diagnostic, Label, Lang, Severity, Span, Text, Told, told};
pub use guide::Guide;
pub(super) use lines::foreign;
pub use place::Places;
pub use render::render;
pub use sarif::sarif;

use super::calendar::Zone;
use super::format::{self, CityWritten, LineWritten, Written};
use super::number::{Digits, Numbering};
use super::{Known, Plan, Source};
use jiff::civil::Date;
use names::Names;

/// Clauses of the city's plan (榕政办〔2021〕104号) that diagnostics cite.
pub(super) mod clause {
    pub(in crate::dialplan) const NEVER_RESTORED: (&str, &str) =
        ("方案二（一）：已经取消的热线号码不再恢复", "plan, part 2 (1): a cancelled hotline number is never restored");
    pub(in crate::dialplan) const EMERGENCY: (&str, &str) = (
        "方案一（一）：110、119、120、122 等紧急热线不归并",
        "plan, part 1 (1): 110, 119, 120 and 122 are never merged",
    );
    pub(in crate::dialplan) const THREE_MONTHS: (&str, &str) = (
        "方案三（七）：整体并入的，要设置 3 个月过渡期电话语音提示",
        "plan, part 3 (7): merged lines have a voice prompt for a transition of 3 months",
    );
    pub(in crate::dialplan) const ALL_DAY: (&str, &str) = (
        "方案二（二）（三）：保留座席和设分中心的，提供“7×24 小时”全天候人工服务",
        "plan, part 2 (2) and (3): kept seats and sub-centres are staffed 7x24",
    );
    pub(in crate::dialplan) const DEADLINE: (&str, &str) =
        ("方案三（三）：11 月底前完成热线归并工作", "plan, part 3 (3): the merging is finished by the end of November");
    pub(in crate::dialplan) const POOLED: (&str, &str) = (
        "方案二（二）：取消座席的，由 12345 热线座席统一接听、按责转办",
        "plan, part 2 (2): where seats are cancelled, 12345's seats answer",
    );
}

/// What the passes share.
pub(super) struct Checked<'w> {
    pub(super) written: &'w Written,
    pub(super) names: Names<'w>,
    pub(super) known: &'w Known,
    pub(super) city: Option<&'w CityWritten>,
    pub(super) numbering: Option<Numbering>,
    pub(super) zone: Option<Zone>,
    pub(super) issued: Option<Date>,
    /// The one line of class hub.
    pub(super) hub: Option<&'w LineWritten>,
}

/// See [`Plan::load`].
pub(super) fn load(sources: &[Source], known: &Known) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let written = format::read(sources, &mut mistakes);
    let checked = prepare(&written, known, &mut mistakes);
    names::references(&checked, &mut mistakes);
    let table = numbers::check(&checked, &mut mistakes);
    lines::check(&checked, &mut mistakes);
    overflow::check(&checked, &mut mistakes);
    sense::check(&checked, &mut mistakes);
    if mistakes.iter().all(|m| m.severity == Severity::Warning) {
        let plan = compile::plan(&checked, sources, table);
        expect::run(&plan, &checked, &mut mistakes);
        sort(&mut mistakes);
        if mistakes.iter().all(|m| m.severity == Severity::Warning) {
            return Ok((plan, mistakes));
        }
    }
    sort(&mut mistakes);
    Err(mistakes)
}

/// In the order of the files; what has no place comes first.
fn sort(mistakes: &mut [Diagnostic]) {
    mistakes.sort_by_key(|m| (m.primary.as_ref().map(|l| l.span), m.code));
}

fn prepare<'w>(written: &'w Written, known: &'w Known, mistakes: &mut Vec<Diagnostic>) -> Checked<'w> {
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

fn numbering(city: &CityWritten, mistakes: &mut Vec<Diagnostic>) -> Option<Numbering> {
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

fn zone(city: Option<&CityWritten>, mistakes: &mut Vec<Diagnostic>) -> Option<Zone> {
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

/// The nearest of the known words, if one is near enough to have been meant.
pub(super) fn did_you_mean<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, k)| k)
}
