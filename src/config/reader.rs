//! Reads one TOML document table by table and collects every mistake: each key is asked for by name, and what nobody asked for is unknown.

use super::mistake::{Mistake, Mistakes, Severity, Spot};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A document, its surroundings, and the mistakes found so far.
pub(super) struct Document<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    /// What relative paths start from: the folder of the file.
    pub(super) folder: &'a Path,
    /// The environment.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    mistakes: RefCell<Mistakes>,
    /// Every key that was asked for, so that a test can hold the documented ones against them.
    #[cfg(test)]
    pub(super) asked: RefCell<std::collections::BTreeSet<(String, &'static str)>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(
        file: &'a str,
        text: &'a str,
        folder: &'a Path,
        variable: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            file,
            text,
            folder,
            variable,
            mistakes: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Parses the text; syntax errors are mistakes, and what could be read is returned all the same.
    pub(super) fn parse(&self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let quoted = self.text.get(span.start..).and_then(|t| t.chars().next());
            if matches!(quoted, Some('“' | '”' | '‘' | '’')) {
                self.error(span, "TOML 中的引号须用英文引号 \"", "a Chinese quote: TOML wants \"");
            } else {
                let what = error.message();
                self.error(span, format!("TOML 语法错误：{what}"), format!("not TOML: {what}"));
            }
        }
        table.into_inner()
    }

    pub(super) fn spot(&self, span: &Range<usize>) -> Spot {
        Spot::at(self.file, self.text, span.start)
    }

    pub(super) fn error(&self, span: Range<usize>, zh: impl Into<String>, en: impl Into<String>) {
        self.note(Severity::Error, &span, zh.into(), en.into());
    }

    pub(super) fn warning(&self, span: Range<usize>, zh: impl Into<String>, en: impl Into<String>) {
        self.note(Severity::Warning, &span, zh.into(), en.into());
    }

    /// Lines are counted for what is kept only: each count reads the text up to there.
    fn note(&self, severity: Severity, span: &Range<usize>, zh: String, en: String) {
        self.mistakes.borrow_mut().add(severity, || Mistake { spot: self.spot(span), severity, zh, en });
    }

    pub(super) fn add(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().add(mistake.severity, || mistake);
    }

    /// All mistakes in the order of the text.
    pub(super) fn mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner().in_order(self.file)
    }

    /// A path of the file, made absolute or relative to where the program runs.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

/// One table of a document.
pub(super) struct Table<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    /// `[sip]`, `[trunk.carrier]`, `[[seats]]`, as sentences name it.
    pub(super) name: String,
    /// Where it begins.
    pub(super) span: Range<usize>,
    entries: Option<&'d DeTable<'a>>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value with its place.
pub(super) type Found<T> = (T, Range<usize>);

impl<'d, 'a> Table<'d, 'a> {
    pub(super) fn new(
        document: &'d Document<'a>,
        name: impl Into<String>,
        value: Option<&'d Spanned<DeValue<'a>>>,
    ) -> Self {
        let mut table = Self { document, name: name.into(), span: 0..0, entries: None, asked: RefCell::default() };
        if let Some(value) = value {
            table.span = value.span();
            table.entries = value.get_ref().as_table();
            if table.entries.is_none() {
                table.wrong(value, "表", "a table");
            }
        }
        table
    }

    pub(super) fn root(document: &'d Document<'a>, entries: &'d DeTable<'a>) -> Self {
        Self { document, name: String::new(), span: 0..0, entries: Some(entries), asked: RefCell::default() }
    }

    /// A value of any type.
    pub(super) fn value(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.entries?.get(key)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, &'d Spanned<DeValue<'a>>)> {
        self.entries.into_iter().flatten().map(|(key, value)| (key.get_ref().as_ref(), value))
    }

    pub(super) fn table(&self, key: &'static str) -> Self {
        Self::new(self.document, format!("[{key}]"), self.value(key))
    }

    pub(super) fn text(&self, key: &'static str) -> Option<Found<&'d str>> {
        let value = self.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(value, "字符串", "a string");
            return None;
        };
        if text.trim().is_empty() {
            self.document.error(value.span(), format!("{key} 为空"), format!("{key} is empty"));
            return None;
        }
        Some((text, value.span()))
    }

    /// A string, or an array of strings.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Found<&'d str>>> {
        let value = self.value(key)?;
        let one = |value: &'d Spanned<DeValue<'a>>| {
            let text = value.get_ref().as_str();
            if text.is_none() {
                self.wrong(value, "字符串", "a string");
            }
            text.map(|text| (text, value.span()))
        };
        match value.get_ref() {
            DeValue::Array(values) => Some(values.iter().filter_map(one).collect()),
            _ => one(value).map(|text| vec![text]),
        }
    }

    /// A string that reads as a `T`; `zh` and `en` say what it should be.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, zh: &str, en: &str) -> Option<Found<T>> {
        let (text, span) = self.text(key)?;
        let Ok(value) = text.parse() else {
            self.document.error(
                span,
                format!("{key} 应为{zh}，而不是 \"{text}\""),
                format!("{key} should be {en}, not \"{text}\""),
            );
            return None;
        };
        Some((value, span))
    }

    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(value, "true 或 false", "true or false");
            default
        })
    }

    /// A whole number within a range.
    pub(super) fn number<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<Found<T>>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let value = self.value(key)?;
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong(value, "整数", "a whole number");
            return None;
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let checked = number.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        if checked.is_none() {
            let (from, to) = (range.start(), range.end());
            self.document.error(
                value.span(),
                format!("{key} 应在 {from} 到 {to} 之间"),
                format!("{key} should be from {from} to {to}"),
            );
        }
        checked.map(|n| (n, value.span()))
    }

    pub(super) fn number_or<T>(&self, key: &'static str, range: RangeInclusive<T>, default: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        self.number(key, range).map_or(default, |(n, _)| n)
    }

    /// A number within a range, whole or not.
    pub(super) fn decimal(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<Found<f64>> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
            DeValue::Float(n) => n.as_str().parse::<f64>().ok(),
            _ => {
                self.wrong(value, "数", "a number");
                return None;
            }
        };
        let checked = number.filter(|n| range.contains(n));
        if checked.is_none() {
            let (from, to) = (range.start(), range.end());
            let (zh, en) = (format!("{key} 应在 {from} 到 {to} 之间"), format!("{key} should be from {from} to {to}"));
            self.document.error(value.span(), zh, en);
        }
        checked.map(|n| (n, value.span()))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)], default: T) -> T {
        let Some((text, span)) = self.text(key) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let list: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.document.error(
            span,
            format!("{key} 只能是 {}，而不是 \"{text}\"", list.join("、")),
            format!("{key} is one of {}, not \"{text}\"", list.join(", ")),
        );
        default
    }

    /// Says that a key that must be there is not.
    pub(super) fn missing(&self, zh: &str, en: &str) {
        let name = &self.name;
        self.document.error(self.span.clone(), format!("{name} 缺少 {zh}"), format!("{name} lacks {en}"));
    }

    /// Reports every key that nobody asked for. Call last.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        #[cfg(test)]
        self.document.asked.borrow_mut().extend(asked.iter().map(|key| (self.name.clone(), *key)));
        for key in self.entries.into_iter().flat_map(|t| t.keys()) {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) {
                continue;
            }
            let (mut zh, mut en) = match self.name.as_str() {
                "" => (format!("没有名为 \"{name}\" 的段"), format!("there is no section \"{name}\"")),
                table => (format!("{table} 中没有键 \"{name}\""), format!("{table} knows no key \"{name}\"")),
            };
            if let Some(like) = like(name, asked.iter().copied()) {
                zh.push_str(&format!("，是否想写 \"{like}\"？"));
                en.push_str(&format!(": did you mean \"{like}\"?"));
            }
            self.document.error(key.span(), zh, en);
        }
    }

    fn wrong(&self, value: &Spanned<DeValue<'_>>, zh: &str, en: &str) {
        let is = value.get_ref().type_str();
        let shown = match value.get_ref() {
            DeValue::String(_) => "字符串",
            DeValue::Integer(_) => "整数",
            DeValue::Float(_) => "小数",
            DeValue::Boolean(_) => "true/false",
            DeValue::Datetime(_) => "时间",
            DeValue::Array(_) => "数组",
            DeValue::Table(_) => "表",
        };
        let zh = format!("此处应为 {zh}，而不是{shown}");
        self.document.error(value.span(), zh, format!("{en} is wanted here; this is of type {is}"));
    }
}

/// The word that somebody may have meant.
pub(super) fn like<'w>(name: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = |word: &&str| strsim::damerau_levenshtein(name, word) <= 1 + word.chars().count() / 4;
    words.filter(near).min_by_key(|word| strsim::damerau_levenshtein(name, word))
}
