//! `dialplan why`: the decision of the hot path with its reasons, for a person and as facts for a program.

use super::admission::{Side, admit};
use super::entry::{Access, Class, Entry, Trunk};
use super::explain::{Decision, Reason, Refusal, Routed, decide, place};
use super::life::Life;
use super::number::{Dialled, NumberError, Spelling};
use super::phrase::{later, met, named, no_number, phrase, reason, refused_text, row, spelling, state, takes};
use super::route::Step;
use super::visit::{Hop, Meets, hops};
use super::{Plan, segment};
use crate::fact::Lang;
use serde::Serialize;
use std::fmt::Write;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// A request-URI, or the bare user part of one.
    pub number: &'q [u8],
    /// The moment, µs since the epoch.
    pub wall: i64,
    /// Where the call comes from; nowhere in particular when absent: then nobody is turned away for what he is.
    pub side: Option<Side<'q>>,
    /// The caller's number.
    pub caller: Option<&'q str>,
    /// So many seats are signed in to every group.
    pub seats: Option<u32>,
}

impl<'q> Question<'q> {
    /// A number at a moment, and nothing else.
    #[must_use]
    pub fn new(number: &'q [u8], wall: i64) -> Self {
        Self { number, wall, side: None, caller: None, seats: None }
    }
}

/// The answer: a decision with its reasons.
#[derive(Debug)]
pub struct Why<'p> {
    plan: &'p Plan,
    question: Question<'p>,
    found: Result<(Dialled, Decision<'p>), NumberError>,
    reasons: Vec<Reason>,
}

/// Where a call is counted (product §2), and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Whether as the province's; else as the city's.
    pub province: bool,
    /// `trunk`, `callers`, or nothing where neither tells.
    pub by: Option<&'static str>,
}

/// The answer as facts. What does not apply is absent.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the document of `--json`, told on the operators' page")]
pub struct Facts {
    pub dialled: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
    pub routed: bool,
    pub reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q850: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<TrunkFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    #[serde(flatten)]
    pub entry: Option<EntryFacts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Hop>,
}

/// The trunk of the question.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the document of `--json`, told on the operators' page")]
pub struct TrunkFacts {
    pub trunk: String,
    pub title: String,
    pub takes: Vec<Spelling>,
    pub province: bool,
    pub place: String,
}

/// The entry that was found.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the document of `--json`, told on the operators' page")]
pub struct EntryFacts {
    pub address: String,
    pub entry: String,
    pub title: String,
    pub owner: String,
    pub class: Class,
    pub access: Access,
    pub province: bool,
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutover: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
    pub place: String,
}

impl Plan {
    /// What `dialplan why` prints: the decision of [`Plan::decide`], by the same code, with its reasons.
    #[must_use]
    pub fn why(&self, request_uri: &[u8], wall: i64, lang: Lang) -> String {
        self.ask(Question::new(request_uri, wall)).text(lang)
    }

    /// Asks why a call would go where it goes: by the code of the hot path, with an observer that writes the reasons down.
    #[must_use]
    pub fn ask<'p>(&'p self, question: Question<'p>) -> Why<'p> {
        ask(self, question)
    }
}

/// Asks: by the code of the hot path, with an observer that writes the reasons down.
pub(super) fn ask<'p>(plan: &'p Plan, question: Question<'p>) -> Why<'p> {
    let mut reasons = Vec::new();
    let found = plan.normalise(question.number).map(|dialled| {
        let decision = match question.side {
            Some(side) => admit(plan, dialled, side, question.wall, &mut reasons),
            None => decide(plan, dialled, question.wall, &mut reasons),
        };
        (dialled, decision)
    });
    Why { plan, question, found, reasons }
}

impl<'p> Why<'p> {
    /// The decision; absent where there is no number.
    #[must_use]
    pub fn decision(&self) -> Option<Decision<'p>> {
        self.found.ok().map(|(_, decision)| decision)
    }

    fn trunk(&self) -> Option<&'p Trunk> {
        match self.question.side {
            Some(Side::Trunk(trunk)) => trunk,
            Some(Side::Seat) | None => None,
        }
    }

    /// Where the call is counted; absent where neither a trunk nor a caller was given.
    fn counted(&self) -> Option<Counted> {
        let asked = self.question.side.is_some() || self.question.caller.is_some();
        if !asked || self.question.side == Some(Side::Seat) {
            return None;
        }
        if self.trunk().is_some_and(|t| t.province) {
            return Some(Counted { province: true, by: Some("trunk") });
        }
        let ours = segment::is_of_city(&self.plan.city.callers, self.question.caller.unwrap_or_default());
        Some(Counted { province: ours == Some(false), by: ours.map(|_| "callers") })
    }

    /// For a program: everything.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let Question { number, wall, caller, seats, .. } = self.question;
        let has = |reason| self.reasons.contains(&reason);
        let (mut status, mut q850, mut entry, mut steps, mut reason) = (None, None, None, Vec::new(), "entry");
        match self.found {
            Err(error) => (status, reason) = (Some(error.status(number)), "no_number"),
            Ok((dialled, Decision::Routed(routed))) => {
                if dialled.emergency.is_some() {
                    reason = "emergency_layer";
                } else if routed.entry.number.contains('x') {
                    reason = "pattern";
                }
                entry = Some(routed.entry);
                steps = hops(self.plan, routed.route, wall, seats);
            }
            Ok((_, Decision::Refused(refusal))) => {
                (status, q850, entry) = (Some(refusal.status), Some(refusal.q850), refusal.entry);
                reason = match () {
                    () if has(Reason::SpellingNotTaken) => "spelling_not_taken",
                    () if has(Reason::SeatsOnly) => "seats_only",
                    () if has(Reason::NotInPlan) => "not_in_plan",
                    () => "before_cutover",
                };
            }
        }
        Facts {
            dialled: String::from_utf8_lossy(number).into_owned(),
            number: self.found.ok().map(|(d, _)| d.digits.to_string()),
            spelling: self.found.ok().map(|(d, _)| d.spelling),
            routed: matches!(self.found, Ok((_, Decision::Routed(_)))),
            reason,
            status,
            q850,
            trunk: self.trunk().map(|t| trunk_facts(self.plan, t)),
            caller: caller.map(str::to_owned),
            counted: self.counted(),
            entry: entry.map(|e| entry_facts(self.plan, e, wall)),
            steps,
        }
    }

    /// For a person.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let shown = String::from_utf8_lossy(self.question.number);
        let (dialled, decision) = match self.found {
            Ok(found) => found,
            Err(error) => return no_number(&shown, error, error.status(self.question.number), lang),
        };
        let mut out = String::new();
        let digits = dialled.digits.to_string();
        if shown != digits {
            let _ = writeln!(out, "{shown} → {digits}（{}）", spelling(dialled.spelling, lang));
        }
        match decision {
            Decision::Routed(routed) => self.routed(&mut out, &digits, routed, lang),
            Decision::Refused(refusal) => self.refused(&mut out, dialled, refusal, lang),
        }
        out
    }

    fn routed(&self, out: &mut String, digits: &str, routed: Routed<'_>, lang: Lang) {
        let entry = routed.entry;
        let class = if lang == Lang::Zh { entry.class.zh() } else { entry.class.en() };
        let by = self.reasons.iter().filter_map(|r| reason(*r, entry, lang)).collect::<String>();
        let _ = writeln!(out, "{} · {class}{by}{}", named(digits, entry), state(entry, routed.state, lang));
        self.came_from(out, entry, lang);
        let route = hops(self.plan, routed.route, self.question.wall, self.question.seats);
        for (i, hop) in route.iter().enumerate() {
            self.hop(out, 2, &format!("{} ", i + 1), hop, lang);
        }
        if let Life::Merged(merged) = &entry.life {
            later(out, merged, routed.state, lang);
        }
    }

    /// The trunk or seat, and how the call is counted on a line that carries the province's traffic.
    fn came_from(&self, out: &mut String, entry: &Entry, lang: Lang) {
        let zh = lang == Lang::Zh;
        match (self.question.side, self.trunk()) {
            (_, Some(trunk)) => {
                let takes = takes(trunk, lang);
                let text = if zh {
                    format!("来自中继 {} {}，{takes}", trunk.id, trunk.title)
                } else {
                    format!("from trunk {} {}, {takes}", trunk.id, trunk.title)
                };
                row(out, 2, &text, &self.plan.place(trunk.at));
            }
            (Some(Side::Seat), None) => row(out, 2, if zh { "坐席拨打" } else { "dialled by a seat" }, ""),
            (Some(Side::Trunk(_)) | None, None) => {}
        }
        let Some(counted) = self.counted().filter(|_| entry.province) else { return };
        let caller = self.question.caller.unwrap_or_default();
        let text = match (counted.by, counted.province, zh) {
            (Some("trunk"), _, true) => "计入全省话务：这条中继 province = true".to_owned(),
            (Some("trunk"), _, false) => "counted as the province's: this trunk has province = true".to_owned(),
            (Some(_), true, true) => format!("计入全省话务：主叫 {caller} 不在本市号段（[city] callers）里"),
            (Some(_), true, false) => {
                format!("counted as the province's: caller {caller} is in none of the city's ranges ([city] callers)")
            }
            (Some(_), false, true) => format!("计入本市话务：主叫 {caller} 在本市号段（[city] callers）里"),
            (Some(_), false, false) => {
                format!("counted as the city's: caller {caller} is in the city's ranges ([city] callers)")
            }
            (None, _, true) if self.plan.city.callers.is_empty() => {
                "计入本市话务：[city] 没有写 callers（本市号段），主叫不作区分".to_owned()
            }
            (None, _, false) if self.plan.city.callers.is_empty() => {
                "counted as the city's: [city] has no callers (number ranges), callers are not told apart".to_owned()
            }
            (None, _, true) => "计入本市话务：没有主叫号码".to_owned(),
            (None, _, false) => "counted as the city's: no caller's number".to_owned(),
        };
        row(out, 2, &text, "");
    }

    /// One step, and below it what is met there: where seats were asked for, or the group is closed.
    fn hop(&self, out: &mut String, indent: usize, head: &str, hop: &Hop, lang: Lang) {
        let text = phrase(self.plan, &hop.of, self.question.wall, lang);
        row(out, indent, &format!("{head}{text}"), &hop.place);
        let below = indent + 2;
        if let (Step::Trunk { trunks, .. }, Some(from)) = (&hop.of, self.trunk())
            && trunks.contains(&from.id)
        {
            let text =
                if lang == Lang::Zh { "来自这条中继，跳过" } else { "comes from this trunk: passed over" };
            row(out, below, text, "");
        }
        let Some(visit) = &hop.visit else { return };
        if hop.too_many {
            let text = if lang == Lang::Zh { "溢出次数过多：释放" } else { "one overflow too many: released" };
            return row(out, below, text, "");
        }
        if visit.meets != Meets::Closed && visit.seats.is_none() {
            return;
        }
        row(out, below, &met(visit, matches!(hop.of, Step::Ring { .. }), lang), &visit.place);
        for (i, hop) in visit.overflow.iter().enumerate() {
            let word = if lang == Lang::Zh { "溢出" } else { "overflow" };
            self.hop(out, below, &format!("{word} {} ", i + 1), hop, lang);
        }
    }

    fn refused(&self, out: &mut String, dialled: Dialled, refusal: Refusal<'_>, lang: Lang) {
        let zh = lang == Lang::Zh;
        if let (true, Some(trunk)) = (self.reasons.contains(&Reason::SpellingNotTaken), self.trunk()) {
            let (form, takes, place) =
                (spelling(dialled.spelling, lang), takes(trunk, lang), self.plan.place(trunk.at));
            let (id, Refusal { status, q850, .. }) = (&trunk.id, refusal);
            let _ = if zh {
                writeln!(out, "{} 是{form}，中继 {id} {takes}：{status} + Q.850 cause {q850}  {place}", dialled.digits)
            } else {
                writeln!(
                    out,
                    "{} is in {form}, trunk {id} {takes}: {status} + Q.850 cause {q850}  {place}",
                    dialled.digits
                )
            };
            return;
        }
        let seats_only = self.reasons.contains(&Reason::SeatsOnly);
        refused_text(out, self.plan, &dialled.digits.to_string(), refusal, seats_only, lang);
    }
}

fn trunk_facts(plan: &Plan, trunk: &Trunk) -> TrunkFacts {
    TrunkFacts {
        trunk: trunk.id.to_string(),
        title: trunk.title.to_string(),
        takes: trunk.number_in.to_vec(),
        province: trunk.province,
        place: plan.place(trunk.at),
    }
}

fn entry_facts(plan: &Plan, entry: &Entry, wall: i64) -> EntryFacts {
    let window = entry.life.window();
    EntryFacts {
        address: entry.address.to_string(),
        entry: entry.number.to_string(),
        title: entry.title.to_string(),
        owner: entry.owner.to_string(),
        class: entry.class,
        access: entry.access,
        province: entry.province,
        state: entry.life.at(wall).0.to_string(),
        cutover: window.map(|w| w.cutover.to_string()),
        last_day: window.map(|w| w.last.to_string()),
        place: place(plan, entry.at),
    }
}
