//! How a command ends: what is printed, and a truthful exit code (product §4).

use crate::fact::Lang;
use serde_json::{Value, json};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and well.
    Ok = 0,
    /// It ran; what came out is bad.
    Bad = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The plan has changes, and `--exit-code` asked for this.
    Changes = 3,
    /// Done; the configuration file has been edited and needs a restart.
    Restart = 4,
    /// No daemon answers.
    Unreachable = 69,
    /// Something is busy; again later.
    Busy = 75,
    /// Not allowed.
    Forbidden = 77,
    /// The configuration or the dialplan is wrong.
    Config = 78,
}

/// A command that did what it was asked.
#[derive(Debug)]
pub struct Done {
    /// What a person reads; empty when it was printed as it happened.
    pub text: String,
    /// The same for `--json`.
    pub result: Value,
    /// [`Exit::Ok`], or [`Exit::Bad`] when the answer itself is bad.
    pub exit: Exit,
}

impl Done {
    /// Done, and well.
    pub fn well(text: impl Into<String>, result: Value) -> Self {
        Self { text: text.into(), result, exit: Exit::Ok }
    }
}

/// A command that could not do it.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: u8,
    /// One clear sentence, or one for each mistake, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// Each mistake for `--json`.
    pub details: Vec<Value>,
    /// The text stands by itself: no `error:` goes in front.
    pub whole: bool,
}

impl Failure {
    /// One sentence in both languages.
    pub fn new(exit: Exit, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { exit: exit as u8, zh: zh.into(), en: en.into(), details: Vec::new(), whole: false }
    }

    /// Several mistakes, each with its place.
    pub fn mistakes(exit: u8, zh: String, en: String, details: Vec<Value>) -> Self {
        Self { exit, zh, en, details, whole: true }
    }
}

/// The one document of `--json`.
#[must_use]
pub fn document(outcome: &Result<Done, Failure>) -> Value {
    match outcome {
        Ok(done) => {
            json!({ "ok": matches!(done.exit, Exit::Ok | Exit::Changes | Exit::Restart), "exit": done.exit as u8, "result": done.result })
        }
        Err(failure) => json!({
            "ok": false,
            "exit": failure.exit,
            "error": { "zh": failure.zh.trim_end(), "en": failure.en.trim_end() },
            "details": failure.details,
        }),
    }
}

/// A failure as a person reads it.
#[must_use]
pub fn sentence(failure: &Failure, lang: Lang) -> String {
    let text = lang.of(&failure.zh, &failure.en).trim_end();
    if failure.whole { text.to_owned() } else { format!("{}{text}", lang.of("错误：", "error: ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_document_and_one_sentence() {
        let failure = Failure::new(Exit::Unreachable, "没有运行", "none runs");
        assert_eq!(sentence(&failure, Lang::Zh), "错误：没有运行");
        assert_eq!(sentence(&failure, Lang::En), "error: none runs");
        let document = document(&Err(failure)).to_string();
        assert_eq!(document, r#"{"details":[],"error":{"en":"none runs","zh":"没有运行"},"exit":69,"ok":false}"#);
    }

    #[test]
    fn a_bad_answer_is_an_answer_that_is_not_ok() {
        let done = Done { text: String::new(), result: json!(1), exit: Exit::Bad };
        assert_eq!(document(&Ok(done)).to_string(), r#"{"exit":1,"ok":false,"result":1}"#);
    }
}
