//! What is hidden of a record from whoever has no need of it: citizens' numbers, wherever in it they stand.

use super::owned::is_citizens;
use crate::access::masked;
use crate::fact::Origin;
use crate::ledger::Cdr;
use serde_json::Value;

/// Longest number that is nobody's but ours: 12345, a seat.
const OURS: usize = 6;

/// The numbers of one record, each with what is shown in its place.
#[derive(Debug)]
pub(super) struct Veil(Vec<(String, String)>);

impl Veil {
    /// The caller's, and that of a citizen whom a seat has called.
    pub fn of(cdr: &Cdr) -> Self {
        let called = matches!(cdr.origin, Origin::Seat(_))
            && is_citizens(&cdr.dialled, cdr.title.as_deref().unwrap_or_default());
        let numbers = [Some(&cdr.caller), called.then_some(&cdr.dialled)];
        let cores = numbers.into_iter().flatten().map(|number| core(number)).filter(|core| core.len() > OURS);
        Self(cores.map(|core| (core.to_owned(), masked(core))).collect())
    }

    /// A text without them.
    pub fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (number, shown)| text.replace(&**number, shown))
    }

    /// A document without them, in whatever field they stand.
    pub fn over(&self, document: &mut Value) {
        match document {
            Value::String(text) if self.0.iter().any(|(number, _)| text.contains(&**number)) => *text = self.text(text),
            Value::Array(all) => all.iter_mut().for_each(|one| self.over(one)),
            Value::Object(fields) => fields.iter_mut().for_each(|(_, one)| self.over(one)),
            _ => {}
        }
    }
}

/// A number without what may stand before it: the country's code, the zero before an area or before a mobile elsewhere.
fn core(number: &str) -> &str {
    let number = number.trim_start_matches('+');
    let abroad = number.strip_prefix("0086").or_else(|| number.strip_prefix("86").filter(|rest| rest.len() >= 10));
    abroad.unwrap_or(number).trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_is_hidden_wherever_it_stands_and_however_it_is_written() {
        for caller in ["13900000001", "+8613900000001", "008613900000001", "8613900000001", "013900000001"] {
            let veil = Veil(vec![(core(caller).to_owned(), masked(core(caller)))]);
            let mut told = json!({
                "caller": caller, "seq": 13_900_000_001_i64,
                "attempts": [{ "target": { "trunk": { "trunk": "t", "number": "013900000001" } } }],
                "to": "sip:+8613900000001@hub.example", "dialled": "12345",
            });
            veil.over(&mut told);
            let text = told.to_string();
            assert!(!text.contains("\"13900000001") && !text.contains("913900000001"), "{text}");
            assert_eq!(told["attempts"][0]["target"]["trunk"]["number"], "0139****0001", "{caller}");
            assert_eq!(told["to"], "sip:+86139****0001@hub.example");
            assert_eq!((&told["dialled"], &told["seq"]), (&json!("12345"), &json!(13_900_000_001_i64)));
        }
    }
}
