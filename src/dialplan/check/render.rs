//! Diagnostics as an operator reads them: the lines of the file, the place marked, the reason and the fix.

use super::{Diagnostic, Label, Places, Severity};
use crate::dialplan::Source;
use crate::fact::Lang;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// Renders diagnostics one after another with an empty line between; empty for none.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], lang: Lang, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let places = Places::of(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[report(diagnostic, sources, &places, lang)]));
        out.push('\n');
        if let Some(more) = diagnostic.and_more() {
            out.push_str(more.in_lang(lang));
            out.push('\n');
        }
    }
    out
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source], places: &Places<'a>, lang: Lang) -> Group<'a> {
    let level = match (diagnostic.severity, lang) {
        (Severity::Error, Lang::Zh) => Level::ERROR.with_name("错误"),
        (Severity::Error, Lang::En) => Level::ERROR,
        (Severity::Warning, Lang::Zh) => Level::WARNING.with_name("警告"),
        (Severity::Warning, Lang::En) => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.title.in_lang(lang)).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let labels: Vec<(AnnotationKind, &Label)> = diagnostic
        .primary
        .iter()
        .map(|l| (AnnotationKind::Primary, l))
        .chain(diagnostic.others.iter().map(|l| (AnnotationKind::Context, l)))
        .collect();
    // The file at fault comes first, then the others in their order.
    let first = diagnostic.primary.as_ref().map_or(u16::MAX, |l| l.span.file);
    let mut files: Vec<u16> = labels.iter().map(|(_, l)| l.span.file).collect();
    files.sort_by_key(|f| (*f != first, *f));
    files.dedup();
    for file in files {
        let here = labels.iter().filter(|(_, l)| l.span.file == file);
        group = match snippet(here, sources, places, file, lang) {
            Some(snippet) => group.element(snippet),
            None => group,
        };
    }
    let (note, help) = match lang {
        Lang::Zh => (Level::NOTE.with_name("依据"), Level::HELP.with_name("改法")),
        Lang::En => (Level::NOTE, Level::HELP),
    };
    for text in &diagnostic.notes {
        group = group.element(note.clone().message(text.in_lang(lang)));
    }
    if let Some(text) = &diagnostic.help {
        group = group.element(help.message(text.in_lang(lang)));
    }
    group
}

/// The lines of one file around its marks: the renderer reads all it is given, and a file may have a million lines.
fn snippet<'a: 'l, 'l>(
    labels: impl Iterator<Item = &'l (AnnotationKind, &'a Label)> + Clone,
    sources: &'a [Source],
    places: &Places<'a>,
    file: u16,
    lang: Lang,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let source = sources.get(file as usize)?;
    let first = labels.clone().map(|(_, l)| l.span.start).min()?;
    let last = labels.clone().map(|(_, l)| l.span.end).max()?;
    let (lines, number) = places.lines(file, first, last)?;
    let all = source.text.get(lines.clone())?;
    // A byte order mark is no character of the first line.
    let text = all.strip_prefix('\u{feff}').unwrap_or(all);
    let offset = lines.start + (all.len() - text.len());
    let marks = labels.map(|(kind, label)| mark(*kind, label, text, offset, lang));
    Some(Snippet::source(text).line_start(number).path(&source.file).annotations(marks))
}

/// A mark never reaches beyond its source nor into the middle of a character.
fn mark<'a>(kind: AnnotationKind, label: &'a Label, text: &str, offset: usize, lang: Lang) -> Annotation<'a> {
    let whole = |at: usize| {
        let mut at = at.saturating_sub(offset).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let range = label.span.range();
    let start = whole(range.start);
    kind.span(start..whole(range.end).max(start)).label(label.text.in_lang(lang))
}
