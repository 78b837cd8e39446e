//! Number ranges (号段): whether a caller is of this city or from elsewhere in the province.

/// Whether a caller's number begins with one of the city's ranges, both read without `+86` and long-distance zeros.
/// `None` where it cannot be told: no ranges are known, or the caller shows no number.
#[must_use]
pub fn is_of_city<S: AsRef<str>>(ranges: &[S], caller: &str) -> Option<bool> {
    let number = caller.strip_prefix("+86").or_else(|| caller.strip_prefix("0086")).unwrap_or(caller);
    let number = number.trim_start_matches('0');
    let shown = number.len() >= 7 && number.bytes().all(|b| b.is_ascii_digit());
    if !shown || ranges.is_empty() {
        return None;
    }
    Some(ranges.iter().any(|range| number.starts_with(range.as_ref().trim_start_matches('0'))))
}
