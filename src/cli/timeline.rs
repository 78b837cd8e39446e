//! `dialplan timeline`: a number's whole life.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::files::load;
use super::screen::Screen;
use super::{moment, place};
use crate::clock::Clock;
use crate::fact::Lang;
use serde_json::json;

/// `dialplan timeline NUMBER [--at TIME]`.
pub(super) fn timeline(global: &Global, number: &str, at: Option<i64>, screen: &Screen) -> Result<Done, Failure> {
    let wall = at.unwrap_or_else(|| Clock::system().now().wall);
    let plan = load(&place::dialplan(global)?, wall)?;
    let dialled = plan.normalise(number.as_bytes()).ok();
    let Some(timeline) = dialled.and_then(|d| plan.timeline(d)) else {
        // Why it leads nowhere is told in the words of `why`.
        let text = plan.why(number.as_bytes(), wall, screen.lang);
        let result = json!({ "dialled": number, "periods": [], "at": moment::shown(wall) });
        return Ok(Done { text, result, exit: Exit::Bad });
    };
    let mut text = timeline.text(wall, screen.lang);
    if let Some(pattern) = timeline.pattern() {
        let digits = dialled.map(|d| d.digits.to_string()).unwrap_or_default();
        text.push_str(&match screen.lang {
            Lang::Zh => format!("注意：{digits} 没有自己的条目，按模式 {pattern} 处理；别的号码也会匹配它\n"),
            Lang::En => {
                format!(
                    "note: {digits} has no entry of its own; the pattern {pattern} matches it, and other numbers too\n"
                )
            }
        });
    }
    let mut result = json!(timeline.facts(wall));
    result["dialled"] = number.into();
    result["at"] = moment::shown(wall).into();
    Ok(Done::well(text, result))
}
