//! `dialplan duties`: the annex of the city's plan as a check-list.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::files::load;
use super::screen::Screen;
use super::{moment, place, table};
use crate::clock::Clock;
use crate::dialplan::duties::{COLUMNS, Duty, Sum, Verdict};
use crate::dialplan::{Annex, Duties, state_word};
use crate::fact::Lang;
use serde_json::json;
use std::path::Path;

/// `dialplan duties [--at TIME] [--annex FILE] [--long]`.
pub(super) fn duties(
    global: &Global,
    at: Option<i64>,
    annex: Option<&Path>,
    long: bool,
    screen: &Screen,
) -> Result<Done, Failure> {
    let wall = at.unwrap_or_else(|| Clock::system().now().wall);
    let annex = read(annex)?;
    let plan = load(&place::dialplan(global)?, wall)?;
    let duties = plan.duties(&annex, wall);
    let Sum { demands, met, declared } = duties.sum();
    let mut result = json!(duties);
    result["demands"] = demands.into();
    result["met"] = met.into();
    result["declared"] = declared.into();
    result["not_met"] = (demands - met - declared).into();
    result["at"] = moment::shown(wall).into();
    // What is declared and not served is not done.
    let exit = if demands == met { Exit::Ok } else { Exit::Bad };
    Ok(Done { text: text(&duties, long, screen.lang), result, exit })
}

fn read(file: Option<&Path>) -> Result<Annex, Failure> {
    let wrong = |name: &str, why: &dyn std::fmt::Display| {
        let en = format!("the annex {name} cannot be read: {why}");
        Failure::new(Exit::Config, format!("无法读取附件 {name}：{why}"), en)
    };
    match file {
        None => Annex::fuzhou().map_err(|e| wrong("annex.toml", &e)),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|e| wrong(&name, &e))?;
            Annex::parse(&text).map_err(|e| wrong(&name, &e))
        }
    }
}

fn text(duties: &Duties, long: bool, lang: Lang) -> String {
    let mut rows = vec![heading(lang)];
    rows.extend(duties.rows.iter().map(|duty| line(duty, lang)));
    let mut text = format!("{}\n{}", duties.annex, table::aligned(&rows));
    duties.rows.iter().for_each(|duty| reasons(&mut text, duty, long, lang));
    let Sum { demands, met, declared } = duties.sum();
    let (rows, not_met) = (duties.rows.len(), demands - met - declared);
    text.push_str(&match lang {
        Lang::Zh => {
            format!("{rows} 条，{demands} 项要求，{met} 项达到，{declared} 项已声明、未提供，{not_met} 项未达到\n")
        }
        Lang::En => format!(
            "{rows} rows, {demands} demands, {met} met, {declared} declared but not served, {not_met} not met\n"
        ),
    });
    declared_only(&mut text, duties, lang);
    for (number, annex, plan) in &duties.owners {
        text.push_str(&match lang {
            Lang::Zh => format!("注意：{number} 的责任单位，附件是{annex}，计划写的是{plan}\n"),
            Lang::En => format!("note: {number} is {annex}'s by the annex, {plan}'s by the plan\n"),
        });
    }
    if !duties.beyond.is_empty() {
        let beyond = duties.beyond.join(" ");
        text.push_str(&format!("{}{beyond}\n", lang.of("附件没有提到：", "of these the annex says nothing: ")));
    }
    text
}

/// Each reason for which a declared demand is not served, with the lines that declare it.
fn declared_only(text: &mut String, duties: &Duties, lang: Lang) {
    let mut told: Vec<(&Verdict, Vec<&str>)> = Vec::new();
    for duty in &duties.rows {
        for verdict in duty.verdicts.iter().filter(|v| v.declared) {
            match told.iter_mut().find(|(first, _)| first.demand == verdict.demand && first.because == verdict.because)
            {
                Some((_, numbers)) => numbers.push(&duty.number),
                None => told.push((verdict, vec![&duty.number])),
            }
        }
    }
    for (verdict, numbers) in told {
        let (zh, en) = verdict.demand.word();
        let because = lang.of(&verdict.because.zh, &verdict.because.en);
        let (colon, numbers) = (lang.of("：", ": "), numbers.join(" "));
        text.push_str(&format!("{} {}{colon}{because}{colon}{numbers}\n", mark(verdict), lang.of(zh, en)));
    }
}

/// Number, owner, state, the columns, the place.
const WIDTH: usize = COLUMNS.len() + 4;

fn heading(lang: Lang) -> [String; WIDTH] {
    let words = ["线路", "责任单位", "状态"].iter().zip(["line", "owner", "state"]);
    let words = words.map(|(zh, en)| lang.of(zh, en));
    let columns = COLUMNS.iter().map(|(zh, en, _)| lang.of(zh, en));
    collect(words.chain(columns).chain([lang.of("出处", "place")]).map(str::to_owned))
}

fn line(duty: &Duty, lang: Lang) -> [String; WIDTH] {
    let state = duty.state.as_ref().map_or_else(|| lang.of("没有", "missing").to_owned(), |s| state_word(s, lang));
    let cell = |demands: &[_]| match duty.verdicts.iter().find(|v| demands.contains(&v.demand)) {
        None => "-",
        Some(verdict) => mark(verdict),
    };
    let columns = COLUMNS.iter().map(|(_, _, demands)| cell(demands).to_owned());
    let place = duty.place.clone().unwrap_or_default();
    collect([duty.number.clone(), duty.owner.clone(), state].into_iter().chain(columns).chain([place]))
}

/// Met, declared but not served, not met.
fn mark(verdict: &Verdict) -> &'static str {
    match (verdict.met, verdict.declared) {
        (true, _) => "✓",
        (false, true) => "○",
        (false, false) => "✗",
    }
}

/// As many cells as there are columns.
fn collect(cells: impl Iterator<Item = String>) -> [String; WIDTH] {
    let mut row: [String; WIDTH] = Default::default();
    row.iter_mut().zip(cells).for_each(|(to, from)| *to = from);
    row
}

/// What meets or fails each demand of a row; where one fails, the annex's own words. What is only declared is told below, once.
fn reasons(text: &mut String, duty: &Duty, long: bool, lang: Lang) {
    let word = |v: &Verdict| lang.of(v.demand.word().0, v.demand.word().1);
    let number = &duty.number;
    let mut told: Vec<(&Verdict, String)> = Vec::new();
    for verdict in duty.verdicts.iter().filter(|v| long || !(v.met || v.declared)) {
        match told.last_mut() {
            // What has the same reason in the same place is told once.
            Some((last, words)) if last.because == verdict.because && last.place == verdict.place => {
                words.push_str(lang.of("、", ", "));
                words.push_str(word(verdict));
            }
            _ => told.push((verdict, word(verdict).to_owned())),
        }
    }
    for (verdict, words) in told {
        let mark = mark(verdict);
        let because = lang.of(&verdict.because.zh, &verdict.because.en);
        let line = format!("{mark} {number} {words}{}{because}  {}", lang.of("：", ": "), verdict.place);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if duty.verdicts.iter().any(|v| !v.met && !v.declared) {
        text.push_str(&format!("    {}{}\n", lang.of("附件：", "the annex: "), duty.text));
    }
}
