//! Diagnostics as an operator reads them: the lines of the file, the place marked, the reason and the fix.

use super::{Diagnostic, Label, Lang, Severity};
use crate::dialplan::Source;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// Renders diagnostics one after another with an empty line between; empty for none.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], lang: Lang, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[report(diagnostic, sources, lang)]));
        out.push('\n');
    }
    out
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source], lang: Lang) -> Group<'a> {
    let level = match (diagnostic.severity, lang) {
        (Severity::Error, Lang::Zh) => Level::ERROR.with_name("错误"),
        (Severity::Error, Lang::En) => Level::ERROR,
        (Severity::Warning, Lang::Zh) => Level::WARNING.with_name("警告"),
        (Severity::Warning, Lang::En) => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.title.in_lang(lang)).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let primary = diagnostic.primary.as_ref();
    // The file at fault comes first, then the others in their order.
    let first = primary.map_or(usize::MAX, |l| l.span.file as usize);
    let files = sources.iter().enumerate();
    for (index, source) in files.clone().filter(|(i, _)| *i == first).chain(files.filter(|(i, _)| *i != first)) {
        let here = |label: &&Label| label.span.file as usize == index;
        let mut marks: Vec<Annotation<'a>> =
            primary.into_iter().filter(here).map(|l| mark(AnnotationKind::Primary, l, source, lang)).collect();
        let others = diagnostic.others.iter().filter(here).map(|l| mark(AnnotationKind::Context, l, source, lang));
        marks.extend(others);
        if !marks.is_empty() {
            group = group.element(Snippet::source(&*source.text).path(&source.file).annotations(marks));
        }
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

/// A mark never reaches beyond its source nor into the middle of a character.
fn mark<'a>(kind: AnnotationKind, label: &'a Label, source: &'a Source, lang: Lang) -> Annotation<'a> {
    let text = &source.text;
    let whole = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let range = label.span.range();
    let start = whole(range.start);
    kind.span(start..whole(range.end).max(start)).label(label.text.in_lang(lang))
}
