//! Numbers and patterns: well formed, each once, none over an emergency number or a seat, none tied with another.

use super::checked::Checked;
use super::clause;
use super::names::twice;
use super::{Code, Diagnostic, Mistakes, Text};
use crate::dialplan::Emergency;
use crate::dialplan::digits::Digits;
use crate::dialplan::entry::Class;
use crate::dialplan::format::{At, LineWritten, narrowed};
use crate::dialplan::number::Numbering;
use crate::dialplan::table::{Pattern, Table};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Checks all numbers; the table of those that have a pattern, each leading to the index of its line.
pub(super) fn check(checked: &Checked<'_>, mistakes: &mut Mistakes) -> Table {
    let lines = &checked.written.lines;
    let mut keys = Vec::with_capacity(lines.len());
    for (line, index) in lines.iter().zip(0..) {
        if let Some(pattern) = pattern(checked, line, mistakes) {
            shadows_emergency(pattern, line, mistakes);
            keys.push((pattern, index));
        }
    }
    let table = Table::build(&keys);
    if table.len() < keys.len() {
        // Of two equal keys the table has the first.
        keys.retain(|(pattern, index)| {
            let first = table.key(*pattern).filter(|first| first != index).and_then(|i| lines.get(i as usize));
            if let (Some(first), Some(again)) = (first, lines.get(*index as usize)) {
                mistakes.push(defined_twice(first, again));
            }
            first.is_none()
        });
    }
    seats(checked, &table, mistakes);
    overlaps(checked, &keys, mistakes);
    many_shapes(checked, &keys, mistakes);
    table
}

fn pattern(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) -> Option<Pattern> {
    let At { value, span } = &line.number;
    let wrong =
        |zh: String, en: String| Diagnostic::new(Code::NotANumber, Text::new(zh, en)).at(*span, "号码", "number");
    let Some(pattern) = Pattern::parse(value).filter(|p| p.fixed() > 0) else {
        let mistake = wrong(format!("`{value}` 不是号码"), format!("`{value}` is no number"));
        mistakes.push(match narrowed(value) {
            Some(narrow) => mistake.help(
                format!("用了全角字符，改成半角：`{narrow}`"),
                format!("full-width characters: write `{narrow}`"),
            ),
            None => mistake.help(
                "号码是 1 到 16 位数字，模式里可以有 x，至少一位是数字",
                "a number is 1 to 16 digits; a pattern may have x in it and at least one digit",
            ),
        });
        return None;
    };
    let numbering = checked.numbering.as_ref()?;
    if let Ok(dialled) = numbering.normalise(value.as_bytes()) {
        if let Some(emergency) = dialled.emergency.filter(|e| e.digits().packed() != pattern.packed()) {
            mistakes.push(shadow(line, emergency));
        } else if dialled.digits.packed() != pattern.packed() {
            let local = dialled.digits;
            mistakes.push(
                wrong(format!("`{value}` 要写成本地号码"), format!("`{value}` must be written in local form"))
                    .note("呼入号码先去掉区号再匹配", "a dialled number loses its area code before it is matched")
                    .help(format!("写成 `{local}`"), format!("write `{local}`")),
            );
        }
    }
    if let Some(local) = never_dialled(numbering, value) {
        mistakes.push(
            wrong(
                format!("`{value}` 永远不会匹配：区号先被去掉"),
                format!("`{value}` never matches: its area code is taken off first"),
            )
            .help(format!("写成 `{local}`"), format!("write `{local}`")),
        );
    }
    if line.table != "route" && !pattern.is_exact() {
        mistakes.push(
            wrong(
                format!("`{}.{value}` 不能是模式", line.table),
                format!("`{}.{value}` cannot be a pattern", line.table),
            )
            .help("模式写在 [route] 里", "patterns belong in [route]"),
        );
    }
    Some(pattern)
}

/// A pattern whose every number loses a prefix before it is matched; the pattern without that prefix.
fn never_dialled<'v>(numbering: &Numbering, value: &'v str) -> Option<&'v str> {
    let mut shortest = 0;
    for fill in value.contains('x').then_some(b'0'..=b'9')? {
        let mut number = [0u8; Digits::MAX as usize];
        let number = number.get_mut(..value.len())?;
        number.iter_mut().zip(value.bytes()).for_each(|(n, c)| *n = if c == b'x' { fill } else { c });
        let digits = Digits::parse(std::str::from_utf8(number).ok()?)?;
        let read = numbering.normalise(number).ok()?.digits;
        if read == digits {
            return None;
        }
        shortest = shortest.max(read.len() as usize);
    }
    value.get(value.len().checked_sub(shortest)?..)
}

fn shadows_emergency(pattern: Pattern, line: &LineWritten, mistakes: &mut Mistakes) {
    for emergency in Emergency::ALL.into_iter().filter(|e| pattern.matches(e.digits())) {
        mistakes.push(shadow(line, emergency));
    }
}

fn shadow(line: &LineWritten, emergency: Emergency) -> Diagnostic {
    let (number, digits) = (&line.number.value, emergency.digits());
    let title = Text::new(
        format!("`{}.{number}` 遮挡紧急号码 {digits}", line.table),
        format!("`{}.{number}` stands over emergency number {digits}", line.table),
    );
    Diagnostic::new(Code::EmergencyShadowed, title)
        .at(line.number.span, format!("包含 {digits}"), format!("covers {digits}"))
        .note(clause::EMERGENCY.0, clause::EMERGENCY.1)
        .help(
            "紧急号码只由 [emergency] 的中继处理，删去这一条",
            "emergency numbers go by [emergency] alone; delete this entry",
        )
}

fn is_merged(line: &LineWritten) -> bool {
    line.class.as_ref().is_some_and(|c| c.value == Class::Merged)
}

fn defined_twice(first: &LineWritten, again: &LineWritten) -> Diagnostic {
    let number = &again.number.value;
    if is_merged(first) == is_merged(again) {
        let shown = format!("号码 {number} ");
        return twice(&shown, &format!("number {number}"), first.number.span, again.number.span);
    }
    let (merged, other) = if is_merged(first) { (first, again) } else { (again, first) };
    let title = Text::new(
        format!("号码 {number} 整体并入后即取消，不能另有去向"),
        format!("number {number} is merged and cancelled; it cannot be routed elsewhere"),
    );
    Diagnostic::new(Code::CancelledRouted, title)
        .at(other.number.span, "另设的去向", "the other route")
        .also(merged.number.span, "在这里整体并入", "merged here")
        .note(clause::NEVER_RESTORED.0, clause::NEVER_RESTORED.1)
        .help("删去另设的去向", "delete the other route")
}

fn seats(checked: &Checked<'_>, table: &Table, mistakes: &mut Mistakes) {
    // One seat is enough to tell of: the first.
    let mut taken: BTreeMap<u32, Digits> = BTreeMap::new();
    for seat in checked.known.seats.iter().flatten().filter_map(|s| Digits::parse(s.as_str())) {
        for index in table.matching(seat) {
            taken.entry(index).or_insert(seat);
        }
    }
    for (index, seat) in taken {
        if let Some(line) = checked.written.lines.get(index as usize) {
            let number = &line.number.value;
            let title = Text::new(
                format!("`{number}` 占用了坐席 {seat} 的号码"),
                format!("`{number}` takes the number of seat {seat}"),
            );
            mistakes.push(Diagnostic::new(Code::SeatTaken, title).at(line.number.span, "坐席号码", "a seat's number"));
        }
    }
}

/// Most shapes of one length without a word. A number that matches none of them is held against each in turn, most exact first:
/// measured 8 ns a shape in a table of 33 numbers, 65 ns (a miss of the cache each) in one of a million. So 32 shapes cost 0.25 to
/// 2 µs, up to 1 % of the 0.3 ms that a whole call set-up takes; 4,000 shapes would cost as much as the call.
const SHAPES: usize = 32;

/// More than [`SHAPES`] shapes of one length. Patterns with `x` in the same places are of one shape, however many they are.
fn many_shapes(checked: &Checked<'_>, keys: &[(Pattern, u32)], mistakes: &mut Mistakes) {
    let mut lengths: BTreeMap<u32, (BTreeSet<u64>, Option<u32>)> = BTreeMap::new();
    for (pattern, index) in keys.iter().filter(|(p, _)| !p.is_exact()) {
        let (shapes, beyond) = lengths.entry(pattern.len()).or_default();
        if shapes.insert(pattern.mask()) && shapes.len() > SHAPES {
            beyond.get_or_insert(*index);
        }
    }
    for (length, (shapes, beyond)) in lengths {
        let Some(line) = beyond.and_then(|index| checked.written.lines.get(index as usize)) else { continue };
        let count = shapes.len();
        let title = Text::new(
            format!("{length} 位的号码模式有 {count} 种形状，查号会变慢"),
            format!("patterns of {length} places have {count} shapes: look-ups become slow"),
        );
        mistakes.push(
            Diagnostic::new(Code::ManyShapes, title)
                .at(line.number.span, format!("第 {} 种", SHAPES + 1), format!("number {}", SHAPES + 1))
                .note(
                    "x 的位置相同的模式算一种形状；不在计划里的号码要逐种比较",
                    "patterns with x in the same places share one shape; a number not in the plan is compared with every shape",
                )
                .help("把 x 都写在末尾，按号段列出", "put x at the end only and list the ranges"),
        );
    }
}

/// Two patterns of one length and as many fixed digits tie when they agree wherever both are fixed.
///
/// Patterns are joined by shape, so a million of them cost a few passes and not a million squared.
fn overlaps(checked: &Checked<'_>, keys: &[(Pattern, u32)], mistakes: &mut Mistakes) {
    let mut shapes: BTreeMap<(u32, u32, u64), Vec<(Pattern, u32)>> = BTreeMap::new();
    for (pattern, index) in keys.iter().filter(|(p, _)| !p.is_exact()) {
        shapes.entry((pattern.len(), pattern.fixed(), pattern.mask())).or_default().push((*pattern, *index));
    }
    let shapes: Vec<_> = shapes.into_iter().collect();
    for (i, ((len, fixed, mask), one)) in shapes.iter().enumerate() {
        let ties = shapes.iter().skip(i + 1).take_while(|((l, f, _), _)| (l, f) == (len, fixed));
        for ((_, _, other_mask), other) in ties {
            join(checked, mask & other_mask, one, other, mistakes);
        }
    }
}

fn join(checked: &Checked<'_>, common: u64, one: &[(Pattern, u32)], other: &[(Pattern, u32)], mistakes: &mut Mistakes) {
    // One partner is enough to tell of: the first.
    let mut by_common: HashMap<u64, u32, foldhash::fast::FixedState> = HashMap::default();
    for (pattern, index) in one {
        by_common.entry(pattern.packed() & common).or_insert(*index);
    }
    for (pattern, index) in other {
        if let Some(first) = by_common.get(&(pattern.packed() & common)) {
            let (a, b) = (checked.written.lines.get(*first as usize), checked.written.lines.get(*index as usize));
            if let (Some(a), Some(b)) = (a, b) {
                let (earlier, later) = if a.number.span <= b.number.span { (a, b) } else { (b, a) };
                mistakes.push(overlap(earlier, later));
            }
        }
    }
}

fn overlap(earlier: &LineWritten, later: &LineWritten) -> Diagnostic {
    let (a, b) = (&earlier.number.value, &later.number.value);
    let both: String = a
        .chars()
        .zip(b.chars())
        .map(|(a, b)| if a == 'x' { b } else { a })
        .map(|c| if c == 'x' { '0' } else { c })
        .collect();
    let title = Text::new(
        format!("模式 `{a}` 与 `{b}` 重叠，分不出哪个更具体"),
        format!("patterns `{a}` and `{b}` overlap and neither is more exact"),
    );
    Diagnostic::new(Code::Overlap, title)
        .at(later.number.span, format!("例如 {both} 两者都匹配"), format!("{both} matches both"))
        .also(earlier.number.span, "与它重叠", "overlaps with this")
        .help("固定位数多的优先；把其中一个写得更具体", "more fixed digits win; make one of them more exact")
}
