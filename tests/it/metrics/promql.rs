//! As much of PromQL and of a file of rules as shows whether what they name is there.

use std::collections::BTreeMap;

/// One alert.
#[derive(Debug, Default)]
pub struct Rule {
    pub alert: String,
    pub expr: String,
    pub severity: String,
    pub summary: String,
}

/// The alerts of a file: this subset of YAML only, two blanks a level, no tabs.
pub fn rules(text: &str) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut block = false;
    for line in text.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        if line.contains('\t') || indent % 2 != 0 {
            return Err(format!("indented wrongly: {line}"));
        }
        if block && indent >= 10 && !line.trim_start().starts_with("summary") {
            let rule = rules.last_mut().ok_or("no rule")?;
            rule.expr = format!("{} {}", rule.expr, line.trim()).trim().to_owned();
            continue;
        }
        block = false;
        let (key, value) =
            line.trim_start().trim_start_matches("- ").split_once(':').ok_or(format!("no key: {line}"))?;
        let value = value.trim();
        if key == "alert" {
            rules.push(Rule { alert: value.to_owned(), ..Rule::default() });
            continue;
        }
        let Some(rule) = rules.last_mut() else { continue };
        match key {
            "expr" if value == "|" => block = true,
            "expr" => rule.expr = value.to_owned(),
            "labels" => {
                let inner = value.strip_prefix("{ severity: ").and_then(|v| v.strip_suffix(" }"));
                rule.severity = inner.ok_or(format!("labels: {line}"))?.to_owned();
            }
            "summary" => rule.summary = value.trim_matches('"').to_owned(),
            "for" if value.ends_with(['s', 'm', 'h']) => {}
            "annotations" if value.is_empty() => {}
            _ => return Err(format!("an unknown key: {line}")),
        }
    }
    match rules.iter().find(|r| r.expr.is_empty() || r.severity.is_empty() || r.summary.is_empty()) {
        Some(rule) => Err(format!("{rule:?} is not whole")),
        None => Ok(rules),
    }
}

const FUNCTIONS: [&str; 12] = [
    "rate",
    "increase",
    "changes",
    "sum",
    "max",
    "min",
    "avg",
    "histogram_quantile",
    "absent",
    "count",
    "irate",
    "clamp_min",
];
const WORDS: [&str; 10] = ["by", "without", "on", "ignoring", "and", "or", "unless", "bool", "group_left", "offset"];
/// Words before a list of labels.
const LISTS: [&str; 4] = ["by", "without", "on", "ignoring"];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text,
    Sign(char),
    Number,
}

fn tokens(expr: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut chars = expr.chars().peekable();
    while let Some(c) = chars.next() {
        let mut rest = |first: char, more: fn(char) -> bool| {
            let mut text = String::from(first);
            while let Some(c) = chars.next_if(|c| more(*c)) {
                text.push(c);
            }
            text
        };
        match c {
            c if c.is_whitespace() => {}
            '"' => {
                let mut closed = false;
                for c in chars.by_ref() {
                    closed = c == '"';
                    if closed {
                        break;
                    }
                }
                if !closed {
                    return Err(format!("an open quote: {expr}"));
                }
                out.push(Token::Text);
            }
            c if c.is_ascii_digit() => {
                rest(c, |c| c.is_ascii_alphanumeric() || c == '.');
                out.push(Token::Number);
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                out.push(Token::Word(rest(c, |c| c.is_ascii_alphanumeric() || c == '_')));
            }
            c if "(){}[],=!~<>+-*/".contains(c) => out.push(Token::Sign(c)),
            c => return Err(format!("{c:?}: {expr}")),
        }
    }
    Ok(out)
}

/// Whether every metric and label of an expression is known, and its brackets close.
pub fn check(expr: &str, known: &BTreeMap<String, Vec<String>>) -> Result<(), String> {
    let tokens = tokens(expr)?;
    let mut open = Vec::new();
    let (mut metrics, mut listed): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut list_at = None;
    for (n, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign(c @ ('(' | '{' | '[')) => {
                let before = n.checked_sub(1).and_then(|b| tokens.get(b));
                if *c == '(' && matches!(before, Some(Token::Word(w)) if LISTS.contains(&w.as_str())) {
                    list_at = Some(open.len());
                }
                open.push(*c);
            }
            Token::Sign(c @ (')' | '}' | ']')) => {
                let fits = matches!((open.pop(), c), (Some('('), ')') | (Some('{'), '}') | (Some('['), ']'));
                if !fits {
                    return Err(format!("brackets: {expr}"));
                }
                list_at = list_at.filter(|depth| *depth < open.len());
            }
            Token::Word(word) if open.last() == Some(&'{') => {
                let metric = metrics.last().ok_or(format!("labels of nothing: {expr}"))?;
                if !known.get(metric).is_some_and(|labels| labels.contains(word)) {
                    return Err(format!("{metric} has no label {word}"));
                }
            }
            Token::Word(word) if list_at.is_some() => listed.push(word.clone()),
            Token::Word(word) if WORDS.contains(&word.as_str()) => {}
            Token::Word(word) if FUNCTIONS.contains(&word.as_str()) => {}
            Token::Word(word) if known.contains_key(word) => metrics.push(word.clone()),
            Token::Word(word) => return Err(format!("there is no {word}: {expr}")),
            Token::Text | Token::Number | Token::Sign(_) => {}
        }
    }
    if !open.is_empty() || metrics.is_empty() {
        return Err(format!("open brackets, or no metric: {expr}"));
    }
    let has = |label: &String| metrics.iter().any(|m| known.get(m).is_some_and(|labels| labels.contains(label)));
    listed.iter().find(|label| !has(label)).map_or(Ok(()), |label| Err(format!("nothing here has {label}: {expr}")))
}
