//! Where overflows lead: never in a circle, always to an end.

use super::checked::Checked;
use super::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::format::{At, Target};
use std::collections::{BTreeMap, BTreeSet};

/// Checks the overflow of every group and line.
pub(super) fn check(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    for group in &checked.written.groups {
        ends(&group.overflow, mistakes);
        ends(&group.disaster, mistakes);
    }
    for line in &checked.written.lines {
        ends(&line.overflow, mistakes);
        ends(&line.to, mistakes);
    }
    loops(checked, mistakes);
}

/// A list of targets ends in a group, a trunk or a release, and a release ends it.
fn ends(targets: &[At<Target>], mistakes: &mut Mistakes) {
    let Some((last, before)) = targets.split_last() else { return };
    for target in before.iter().filter(|t| matches!(t.value, Target::Release(..))) {
        let title = Text::new("释放之后的步骤永远不会执行", "steps after a release are never taken");
        mistakes.push(Diagnostic::new(Code::DeadEnd, title).at(target.span, "到此结束", "the end").also(
            last.span,
            "不会执行",
            "never taken",
        ));
    }
    if matches!(last.value, Target::Prompt(_)) {
        let title = Text::new("放完提示音以后没有去向", "nothing follows the prompt");
        mistakes.push(
            Diagnostic::new(Code::DeadEnd, title)
                .at(last.span, "之后呢？", "and then?")
                .help("后面加上 \"release:486\" 或 \"group:…\"", "add \"release:486\" or \"group:…\" after it"),
        );
    }
}

/// The hops out of each group: every group its overflow names, with the place.
type Hops<'w> = BTreeMap<&'w str, Vec<(&'w str, Span)>>;

fn loops(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    let hops: Hops<'_> = checked
        .names
        .groups
        .iter()
        .map(|(name, group)| {
            let out = group.overflow.iter().chain(&group.disaster).filter_map(|t| match &t.value {
                Target::Group(to) => Some((to.as_str(), t.span)),
                _ => None,
            });
            (*name, out.collect())
        })
        .collect();
    let mut done = BTreeSet::new();
    for name in hops.keys() {
        walk(&hops, name, &mut done, mistakes);
    }
}

/// Depth first without recursion: a plan may chain as many groups as it likes.
fn walk<'w>(hops: &Hops<'w>, start: &'w str, done: &mut BTreeSet<&'w str>, mistakes: &mut Mistakes) {
    let mut path: Vec<(&str, Span, usize)> = vec![(start, Span::default(), 0)];
    while let Some((name, _, next)) = path.last_mut() {
        let hop = hops.get(*name).filter(|_| !done.contains(name)).and_then(|h| h.get(*next)).copied();
        *next += 1;
        match hop {
            None => {
                let leaf = *name;
                done.insert(leaf);
                path.pop();
            }
            Some((to, span)) => match path.iter().position(|(n, _, _)| *n == to) {
                Some(from) => {
                    let circle = path.iter().skip(from).map(|(n, s, _)| (*n, *s)).collect::<Vec<_>>();
                    mistakes.push(circle_of(&circle, to, span));
                }
                None => path.push((to, span, 0)),
            },
        }
    }
}

/// `circle` is the groups in order, each with the place that led to it; `span` leads from the last back to `to`.
fn circle_of(circle: &[(&str, Span)], to: &str, span: Span) -> Diagnostic {
    let mut names: Vec<&str> = circle.iter().map(|(n, _)| *n).collect();
    names.push(to);
    let path = names.join(" → ");
    let title = Text::new(format!("溢出成环：{path}"), format!("overflows lead in a circle: {path}"));
    let mut mistake = Diagnostic::new(Code::Loop, title).at(span, format!("又回到 {to}"), format!("back to {to}"));
    for (hop, (name, at)) in circle.iter().enumerate().skip(1) {
        mistake = mistake.also(*at, format!("第 {hop} 跳：到 {name}"), format!("hop {hop}: to {name}"));
    }
    mistake
        .note("来电会一直转下去，没有人接", "a call would go round for ever and nobody answers")
        .help("让其中一组以 \"release:…\" 结尾", "let one of the groups end in \"release:…\"")
}
