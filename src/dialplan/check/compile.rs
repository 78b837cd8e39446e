//! A plan without errors becomes its checked types: steps by date, groups, trunks and the table.
//!
//! Called only when every pass was content, so a value that is absent here has a default.

use super::Span;
use super::checked::Checked;
use super::place::line_starts;
use crate::calendar::{Calendar, Hours, Shifts, Zone};
use crate::dialplan::digits::Digits;
use crate::dialplan::entry::{Access, City, Class, Entry, Group, Record, Role, Strategy, Trunk};
use crate::dialplan::format::{At, EmergencyWritten, GroupWritten, HoursWritten, LineWritten, Target, TrunkWritten};
use crate::dialplan::life::{Life, Merged};
use crate::dialplan::number::Spelling;
use crate::dialplan::route::{Origin, Origins, Route, Step};
use crate::dialplan::table::Table;
use crate::dialplan::window::Window;
use crate::dialplan::{Emergency, Plan, Source, version_of};
use crate::id::{GroupId, PromptId, TrunkId};
use ecow::{EcoString, eco_format};
use jiff::ToSpan;
use jiff::civil::Date;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Kept seats ring so long before 12345 takes over: the 15 s of GB/T 33358 can still be met.
const KEPT_RING_MS: u32 = 10_000;
/// A hub seat rings so long before the next one.
const SEAT_RING_MS: u32 = 8_000;
const WRAP_UP_MS: u32 = 30_000;
const MAX_WAIT_MS: u32 = 600_000;
/// A trained seat is waited for so long before a lower level may take the call: the 15 s must still be met.
const WIDEN_MS: u32 = 5_000;
/// The next tier of agents is asked after so long.
const TIER_WAIT_MS: u32 = 10_000;
const MAX_SIZE: u32 = 1_000;
/// One message so often to who waits.
const MESSAGE_EVERY_MS: u32 = 60_000;
const TRUNK_TIMEOUT_MS: u32 = 30_000;
const TRUNK_PROGRESS_MS: u32 = 5_000;
/// No 1xx in 2 s: the next emergency trunk (product §5.9).
const EMERGENCY_PROGRESS_MS: u32 = 2_000;
/// Timer C is over 3 minutes (RFC 3261 §16.6 step 11).
const EMERGENCY_TIMEOUT_MS: u32 = 180_000;

/// Byte offsets of the lines of each source.
struct Lines {
    starts: Vec<Vec<u32>>,
    /// The line that was asked for last: the next place is nearly always on it or soon after.
    last: Cell<(u16, usize)>,
}

impl Lines {
    fn of(sources: &[Source]) -> Self {
        Self { starts: sources.iter().map(line_starts).collect(), last: Cell::default() }
    }

    fn origin(&self, span: Span) -> Origin {
        let starts = self.starts.get(span.file as usize).map(Vec::as_slice).unwrap_or_default();
        let (file, last) = self.last.get();
        let known = if file == span.file && starts.get(last).is_some_and(|s| *s <= span.start) { last } else { 0 };
        let after = starts.get(known..).unwrap_or_default();
        let near = after.iter().take(8).take_while(|s| **s <= span.start).count();
        let line = known + if near < 8 { near } else { after.partition_point(|s| *s <= span.start) };
        self.last.set((span.file, line.saturating_sub(1)));
        Origin { file: span.file, line: u32::try_from(line).unwrap_or(u32::MAX) }
    }
}

/// Lists of steps by the targets that they come from and the time to ring.
type Shared<'w> = HashMap<(SmallVec<[&'w Target; 1]>, u32), Arc<[Step]>, foldhash::fast::FixedState>;

struct Compiler<'c, 'w> {
    checked: &'c Checked<'w>,
    lines: Lines,
    shared: RefCell<Shared<'w>>,
    /// Each trunk as the only one of a step.
    alone: BTreeMap<&'w str, Arc<[TrunkId]>>,
    zone: Zone,
    issued: Date,
}

/// Compiles a plan that has no errors.
pub(super) fn plan(checked: &Checked<'_>, sources: &[Source], table: Table) -> Plan {
    let zone = checked.zone.clone().unwrap_or_else(Zone::utc);
    let issued = checked.issued.unwrap_or(Date::ZERO);
    let alone = checked.names.trunks.keys().map(|name| (*name, Arc::from([TrunkId::from(*name)]))).collect();
    let compiler =
        Compiler { checked, lines: Lines::of(sources), shared: RefCell::default(), alone, zone: zone.clone(), issued };
    let numbering = checked.numbering.clone().unwrap_or_default();
    let calendars = compiler.calendars();
    let groups =
        checked.names.groups.values().map(|g| compiler.group(g, &calendars)).map(|g| (g.id.clone(), Arc::new(g)));
    let trunks = checked.names.trunks.values().map(|t| compiler.trunk(t)).map(|t| (t.id.clone(), Arc::new(t)));
    Plan {
        version: version_of(sources),
        files: sources.iter().map(|s| s.file.as_str().into()).collect(),
        groups: groups.collect(),
        trunks: trunks.collect(),
        entries: checked.written.lines.iter().map(|l| Arc::new(compiler.entry(l))).collect(),
        emergency: Emergency::ALL.map(|e| Arc::new(compiler.emergency(e))),
        table,
        city: City {
            name: checked.city.and_then(|c| c.name.as_ref()).map_or_else(Box::default, |n| n.value.as_str().into()),
            calendars,
            hub: checked.hub.and_then(|h| Digits::parse(&h.number.value)).unwrap_or_default(),
            issued,
            callers: checked.city.map_or(&[][..], |c| &c.callers).iter().map(|r| r.value.as_str().into()).collect(),
        },
        zone,
        numbering,
    }
}

fn value<T: Clone>(at: Option<&At<T>>, default: T) -> T {
    at.map_or(default, |a| a.value.clone())
}

fn boxed(at: Option<&At<String>>) -> Box<str> {
    at.map_or_else(Box::default, |t| t.value.as_str().into())
}

fn words(at: Option<&At<String>>) -> EcoString {
    at.map_or_else(EcoString::new, |t| t.value.as_str().into())
}

fn prompt(at: Option<&At<String>>) -> Option<PromptId> {
    at.map(|p| PromptId::from(p.value.as_str()))
}

impl<'w> Compiler<'_, 'w> {
    fn calendars(&self) -> BTreeMap<Box<str>, Arc<Calendar>> {
        let days = |dates: &[At<Date>]| dates.iter().map(|d| d.value).collect();
        let build = |(name, c): (&&str, &&crate::dialplan::format::CalendarWritten)| {
            let calendar = Calendar { holidays: days(&c.holidays), workdays: days(&c.workdays) };
            (Box::from(*name), Arc::new(calendar))
        };
        self.checked.names.calendars.iter().map(build).collect()
    }

    fn group(&self, g: &GroupWritten, calendars: &BTreeMap<Box<str>, Arc<Calendar>>) -> Group {
        let hours = match g.hours.as_ref().map(|h| &h.value) {
            Some(HoursWritten::Workdays { calendar, from, to }) => Hours::Workdays {
                calendar: calendars.get(calendar.value.as_str()).cloned().unwrap_or_default(),
                from: *from,
                to: *to,
            },
            Some(HoursWritten::Always) | None => Hours::Always,
        };
        let at = self.lines.origin(g.name.span);
        let own = GroupId::from(g.name.value.as_str());
        let targets = |written: &[At<Target>]| {
            let mut steps = self.targets(written, KEPT_RING_MS, None, None);
            for (step, _) in &mut steps {
                // In its own line, not the hub's.
                if let Step::CallBack { group } = step {
                    group.clone_from(&own);
                }
            }
            steps
        };
        let mut overflow = targets(&g.overflow);
        let disaster = targets(&g.disaster);
        let days = g.shift_calendar.as_ref().and_then(|c| calendars.get(c.value.as_str()));
        if overflow.is_empty() {
            overflow.push((Step::Release { status: 480, q850: 19 }, at));
        }
        Group {
            id: own,
            title: boxed(g.title.as_ref()),
            hours,
            ring_ms: value(g.ring.as_ref(), SEAT_RING_MS),
            wrap_up_ms: value(g.wrap_up.as_ref(), WRAP_UP_MS),
            welcome: prompt(g.welcome.as_ref()),
            waiting: prompt(g.waiting.as_ref()),
            record: value(g.record.as_ref(), Record::default()),
            recording_notice: prompt(g.recording_notice.as_ref()),
            position_every_ms: g.position_every.as_ref().map(|p| p.value),
            max_wait_ms: value(g.max_wait.as_ref(), MAX_WAIT_MS),
            max_size: value(g.max_size.as_ref(), MAX_SIZE),
            weight: value(g.weight.as_ref(), 1),
            strategy: value(g.strategy.as_ref(), Strategy::default()),
            widen_ms: value(g.widen.as_ref(), WIDEN_MS),
            tier_wait_ms: value(g.tier_wait.as_ref(), TIER_WAIT_MS),
            max_estimate_ms: g.max_estimate.as_ref().map(|p| p.value),
            sticky_days: g.sticky_days.as_ref().map(|p| p.value),
            repeat_within_ms: g.repeat_within.as_ref().map(|p| p.value),
            least_seats: value(g.least_seats.as_ref(), 0),
            shifts: Shifts {
                calendar: days.cloned().unwrap_or_default(),
                all: g.shifts.iter().map(|s| s.value).collect(),
            },
            callback: value(g.callback.as_ref(), false),
            survey: value(g.survey.as_ref(), false),
            messages: g.messages.iter().map(|p| PromptId::from(p.value.as_str())).collect(),
            message_every_ms: value(g.message_every.as_ref(), MESSAGE_EVERY_MS),
            disaster: (!disaster.is_empty()).then(|| Route::new(disaster)),
            trusted: value(g.trusted.as_ref(), false),
            overflow: Route::new(overflow),
            at,
        }
    }

    fn trunk(&self, t: &TrunkWritten) -> Trunk {
        Trunk {
            id: TrunkId::from(t.name.value.as_str()),
            title: boxed(t.title.as_ref()),
            role: value(t.role.as_ref(), Role::Carrier),
            number_out: value(t.number_out.as_ref(), Spelling::Local),
            number_in: t.number_in.iter().map(|s| s.value).collect(),
            province: value(t.province.as_ref(), false),
            may_transfer: value(t.may_transfer.as_ref(), false),
            timeout_ms: value(t.timeout.as_ref(), TRUNK_TIMEOUT_MS),
            progress_ms: value(t.progress.as_ref(), TRUNK_PROGRESS_MS),
            at: self.lines.origin(t.name.span),
        }
    }

    fn emergency(&self, emergency: Emergency) -> Entry {
        let digits = emergency.digits();
        let section = self.checked.written.emergencies.first();
        let trunks = section.map_or(&[][..], |s: &EmergencyWritten| &s.trunks);
        let step = Step::Trunk {
            trunks: trunks.iter().map(|t| TrunkId::from(t.value.as_str())).collect(),
            number: digits,
            progress_ms: value(section.and_then(|s| s.progress.as_ref()), EMERGENCY_PROGRESS_MS),
            timeout_ms: EMERGENCY_TIMEOUT_MS,
        };
        let at = trunks.first().map_or_else(Origin::default, |t| self.lines.origin(t.span));
        Entry {
            address: eco_format!("emergency.{digits}"),
            number: eco_format!("{digits}"),
            title: emergency.title().into(),
            owner: EcoString::new(),
            class: Class::Emergency,
            kept: false,
            access: Access::Anyone,
            feed: false,
            knowledge: false,
            province: false,
            life: Life::Kept(Route::new(vec![(step, at)])),
            at,
        }
    }

    fn entry(&self, line: &'w LineWritten) -> Entry {
        let class = match (&line.class, line.table) {
            (Some(class), _) => class.value,
            (None, "utility") => Class::Utility,
            (None, _) => Class::Route,
        };
        let access = if class == Class::Utility { Access::Seats } else { Access::Anyone };
        let kept = class == Class::Branch || value(line.kept.as_ref(), false);
        let number = &line.number.value;
        Entry {
            address: [line.table, ".", number].into_iter().collect(),
            number: number.clone(),
            title: words(line.title.as_ref()),
            owner: words(line.owner.as_ref()),
            class,
            kept,
            access: value(line.access.as_ref(), access),
            feed: value(line.feed.as_ref(), false),
            knowledge: value(line.knowledge.as_ref(), false),
            province: value(line.province.as_ref(), false),
            life: self.life(line, class, kept),
            at: self.lines.origin(line.number.span),
        }
    }

    fn life(&self, line: &'w LineWritten, class: Class, kept: bool) -> Life {
        let digits = Digits::parse(&line.number.value);
        let steps = match class {
            Class::Merged => return Life::Merged(Box::new(self.merged(line))),
            Class::Hub => vec![self.hub_queue(line)],
            Class::Parallel if !kept => vec![self.hub_queue(line)],
            Class::Parallel | Class::Branch => {
                let mut steps = self.own(line, value(line.ring.as_ref(), KEPT_RING_MS));
                if line.overflow.is_empty() {
                    steps.push(self.hub_queue(line));
                } else {
                    steps.extend(self.targets(&line.overflow, KEPT_RING_MS, digits, line.skill.as_ref()));
                }
                steps
            }
            Class::Utility | Class::Emergency => self.own(line, KEPT_RING_MS),
            Class::Route => return Life::Kept(self.route(line, value(line.ring.as_ref(), KEPT_RING_MS), digits)),
        };
        Life::Kept(Route::new(steps))
    }

    /// The route of an ordinary number; those that lead the same way share their steps.
    ///
    /// A trunk is told the very number, so that what leads to one shares nothing but the trunk's name.
    fn route(&self, line: &'w LineWritten, ring_ms: u32, digits: Option<Digits>) -> Route {
        let dials = digits.is_some() && line.to.iter().any(|t| matches!(t.value, Target::Trunk(_)));
        match &*line.to {
            [only] if dials => {
                let steps = Arc::from([self.end(&only.value, digits, None)]);
                return Route { steps, origins: Origins::One(self.lines.origin(only.span)) };
            }
            all if dials => return Route::new(self.targets(all, ring_ms, digits, None)),
            _ => {}
        }
        let key = (line.to.iter().map(|t| &t.value).collect(), ring_ms);
        let known = self.shared.borrow().get(&key).cloned();
        if let Some(steps) = known {
            return Route { steps, origins: line.to.iter().map(|t| self.lines.origin(t.span)).collect() };
        }
        let route = Route::new(self.targets(&line.to, ring_ms, None, None));
        self.shared.borrow_mut().insert(key, route.steps.clone());
        route
    }

    fn merged(&self, line: &LineWritten) -> Merged {
        let (cutover, from) = match &line.cutover {
            Some(at) => (at.value, at.span),
            None => (self.assumed_cutover(), line.stopped.as_ref().map_or(line.number.span, |s| s.span)),
        };
        let last = line.until.as_ref().map_or_else(|| Window::last_day(cutover, 3), |u| u.value);
        let number = &line.number.value;
        let play = |written: Option<&At<String>>, folder: &str, early: bool| {
            let prompt = prompt(written).unwrap_or_else(|| PromptId::from(format!("{folder}/{number}")));
            (Step::Prompt { prompt, early }, self.lines.origin(written.map_or(from, |w| w.span)))
        };
        let before = self.own_queue(line);
        Merged {
            window: Window::new(cutover, last, &self.zone),
            assumed: line.cutover.is_none(),
            before: (!before.is_empty()).then(|| Route::new(before)),
            transition: Route::new(vec![
                play(line.transition.as_ref(), "transition", value(line.early.as_ref(), true)),
                self.hub_queue(line),
            ]),
            cancelled: Route::new(vec![
                play(line.cancelled.as_ref(), "cancelled", true),
                (Step::Release { status: 410, q850: 22 }, self.lines.origin(from)),
            ]),
        }
    }

    /// Where the operator gave no date: the window that ended on the eve of the day of issue.
    fn assumed_cutover(&self) -> Date {
        let eve = self.issued.yesterday().unwrap_or(self.issued);
        eve.checked_sub(3.months()).unwrap_or(eve)
    }

    fn hub_group(&self) -> GroupId {
        GroupId::from(self.checked.hub.and_then(|h| h.group.as_ref()).map_or("", |g| g.value.as_str()))
    }

    /// The queue of the hub, asking for the line's skill.
    fn hub_queue(&self, line: &LineWritten) -> (Step, Origin) {
        let here = line.group.as_ref().filter(|_| line.class.as_ref().is_some_and(|c| c.value == Class::Hub));
        let span = line.skill.as_ref().map(|s| s.span).or(here.map(|g| g.span)).or(line.class.as_ref().map(|c| c.span));
        let skill = line.skill.as_ref().map(|s| Arc::from(s.value.as_str()));
        (Step::Queue { group: self.hub_group(), skill }, self.lines.origin(span.unwrap_or(line.number.span)))
    }

    /// Before its cutover a merged line's own group is a queue like another.
    fn own_queue(&self, line: &LineWritten) -> Vec<(Step, Origin)> {
        let mut steps = self.own(line, KEPT_RING_MS);
        if let (Some(group), None) = (&line.group, &line.trunk) {
            let queue = Step::Queue { group: GroupId::from(group.value.as_str()), skill: None };
            steps = vec![(queue, self.lines.origin(group.span))];
        }
        steps
    }

    /// The line's own seats: its group rings, then its trunk is tried.
    fn own(&self, line: &LineWritten, ring_ms: u32) -> Vec<(Step, Origin)> {
        let ring = line.group.as_ref().map(|g| {
            let step = Step::Ring { group: GroupId::from(g.value.as_str()), timeout_ms: ring_ms };
            (step, self.lines.origin(g.span))
        });
        let trunk = line.trunk.as_ref().map(|t| {
            let number = Digits::parse(&line.number.value).unwrap_or_default();
            let limit = line.ring.as_ref().map(|r| r.value);
            (self.dial(&t.value, number, limit), self.lines.origin(t.span))
        });
        ring.into_iter().chain(trunk).collect()
    }

    fn dial(&self, trunk: &str, number: Digits, timeout_ms: Option<u32>) -> Step {
        let written = self.checked.names.trunks.get(trunk);
        let own = written.and_then(|t| t.timeout.as_ref()).map(|t| t.value);
        Step::Trunk {
            trunks: self.alone.get(trunk).cloned().unwrap_or_else(|| [TrunkId::from(trunk)].into()),
            number,
            progress_ms: value(written.and_then(|t| t.progress.as_ref()), TRUNK_PROGRESS_MS),
            timeout_ms: timeout_ms.or(own).unwrap_or(TRUNK_TIMEOUT_MS),
        }
    }

    /// Targets as steps: the last group is a queue, an earlier one rings.
    fn targets(
        &self,
        targets: &[At<Target>],
        ring_ms: u32,
        number: Option<Digits>,
        skill: Option<&At<String>>,
    ) -> Vec<(Step, Origin)> {
        let last = targets.len().saturating_sub(1);
        let step = |(i, target): (usize, &At<Target>)| {
            let step = match &target.value {
                Target::Group(name) if i < last => {
                    Step::Ring { group: GroupId::from(name.as_str()), timeout_ms: ring_ms }
                }
                target => self.end(target, number, skill),
            };
            (step, self.lines.origin(target.span))
        };
        targets.iter().enumerate().map(step).collect()
    }

    /// The step of a last target.
    fn end(&self, target: &Target, number: Option<Digits>, skill: Option<&At<String>>) -> Step {
        match target {
            Target::Group(name) => {
                let skill = skill.map(|s| Arc::from(s.value.as_str()));
                Step::Queue { group: GroupId::from(name.as_str()), skill }
            }
            Target::Trunk(name) => self.dial(name, number.unwrap_or_default(), None),
            Target::Prompt(name) => Step::Prompt { prompt: PromptId::from(name.as_str()), early: true },
            Target::CallBack => Step::CallBack { group: self.hub_group() },
            Target::Release(status, q850) => Step::Release { status: *status, q850: *q850 },
        }
    }
}
