//! Where bytes stand as people count: lines and characters.

use super::Span;
use crate::dialplan::Source;

/// The beginnings of the lines of all sources: a place is found without reading a file again.
#[derive(Debug)]
pub struct Places<'s> {
    sources: &'s [Source],
    starts: Vec<Vec<u32>>,
}

/// From where to where, lines and characters from 1, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Line and character at which it begins.
    pub start: (usize, usize),
    /// Line and character before which it ends.
    pub end: (usize, usize),
}

impl<'s> Places<'s> {
    /// Reads the lines of all sources once.
    #[must_use]
    pub fn of(sources: &'s [Source]) -> Self {
        Self { sources, starts: sources.iter().map(line_starts).collect() }
    }

    /// The file and the region of a span; `None` when it lies in no source.
    #[must_use]
    pub fn region(&self, span: Span) -> Option<(&'s str, Region)> {
        let source = self.sources.get(span.file as usize)?;
        let start = self.point(span.file, span.start)?;
        let end = self.point(span.file, span.end).filter(|end| *end >= start).unwrap_or(start);
        Some((&source.file, Region { start, end }))
    }

    /// Line and character of a byte, which may be one past the last.
    fn point(&self, file: u16, byte: u32) -> Option<(usize, usize)> {
        let (source, starts) = (self.sources.get(file as usize)?, self.starts.get(file as usize)?);
        let line = starts.partition_point(|start| *start <= byte);
        let start = *starts.get(line.checked_sub(1)?)?;
        let mut byte = (byte as usize).min(source.text.len());
        while !source.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = source.text.get(start as usize..byte)?;
        Some((line, before.chars().filter(|c| *c != '\u{feff}').count() + 1))
    }

    /// The bytes of the lines from that of `first` to that of `last`, and the number of the first of them.
    pub(super) fn lines(&self, file: u16, first: u32, last: u32) -> Option<(std::ops::Range<usize>, usize)> {
        let (source, starts) = (self.sources.get(file as usize)?, self.starts.get(file as usize)?);
        let line = starts.partition_point(|start| *start <= first).checked_sub(1)?;
        let after = starts.partition_point(|start| *start <= last);
        let end = starts.get(after).map_or(source.text.len(), |s| *s as usize);
        Some((*starts.get(line)? as usize..end, line + 1))
    }
}

/// The byte at which each line of a source begins.
pub(super) fn line_starts(source: &Source) -> Vec<u32> {
    let after = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', source.text.as_bytes()).map(after)).collect()
}
