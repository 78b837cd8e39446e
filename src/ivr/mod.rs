//! What the switch says: phrases made of prompts. Names only; sound is `patch`'s and the player's.
//!
//! It refuses to be a menu: 12345 leads straight to a person (GB/T 33358).

use crate::id::PromptId;

/// A telephone number digit by digit, 幺 for 1; what is no digit is left out.
#[must_use]
pub fn spelled(number: &str) -> Vec<PromptId> {
    let digit = |c: char| match c {
        '1' => Some("number/yao".to_owned()),
        '0' | '2'..='9' => Some(format!("number/{c}")),
        _ => None,
    };
    number.chars().filter_map(digit).map(PromptId::from).collect()
}

/// "您前面还有两位来电者，预计等待三到五分钟": the position in the line (1 is next) and, if known, the likely wait in
/// seconds. The order of prompts under `phrase/` and `number/`.
#[must_use]
pub fn position(position: u32, wait: Option<(u32, u32)>) -> Vec<PromptId> {
    let mut phrase: Vec<String> = Vec::new();
    if position <= 1 {
        phrase.push("phrase/next".into());
    } else {
        phrase.push("phrase/position-before".into());
        phrase.extend(counted(position - 1));
        phrase.push("phrase/position-after".into());
    }
    if let Some((low, high)) = wait {
        // Rounded up: an honest range is never shorter than what was measured.
        let (low, high) = (low.div_ceil(60).max(1), high.div_ceil(60).max(1));
        if high <= 1 {
            phrase.push("phrase/under-a-minute".into());
        } else {
            phrase.push("phrase/wait-before".into());
            if low < high {
                phrase.extend(counted(low));
                phrase.push("phrase/wait-to".into());
            }
            phrase.extend(counted(high));
            phrase.push("phrase/minutes".into());
        }
    }
    phrase.into_iter().map(PromptId::from).collect()
}

/// A number before a measure word: 2 is 两 (两位, 两分钟), 12 is 十二. Above 999 it is said as 999.
fn counted(n: u32) -> Vec<String> {
    if n == 2 { vec!["number/liang".into()] } else { spoken(n.min(999)) }
}

/// A number from 0 to 999 in Mandarin.
fn spoken(n: u32) -> Vec<String> {
    let digit = |d: u32| format!("number/{d}");
    let mut said = Vec::new();
    let (hundreds, tens, ones) = (n / 100, n / 10 % 10, n % 10);
    if hundreds > 0 {
        said.extend([digit(hundreds), digit(100)]);
        if tens == 0 && ones > 0 {
            said.push("number/ling".into());
        }
    }
    if tens > 0 {
        // 十二, but 一百一十二.
        if tens > 1 || hundreds > 0 {
            said.push(digit(tens));
        }
        said.push(digit(10));
    }
    if ones > 0 || n == 0 {
        said.push(digit(ones));
    }
    said
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_telephone_number_is_spelled_with_yao() {
        let spelled: Vec<_> = spelled("+8613-0").iter().map(ToString::to_string).collect();
        assert_eq!(spelled, ["number/8", "number/6", "number/yao", "number/3", "number/0"]);
    }

    use super::*;

    fn said(n: u32) -> String {
        spoken(n).join(" ").replace("number/", "")
    }

    #[test]
    fn numbers_are_said_as_in_mandarin() {
        let cases = [(0, "0"), (7, "7"), (10, "10"), (12, "10 2"), (20, "2 10"), (21, "2 10 1")];
        for (n, words) in cases.into_iter().chain([(100, "1 100"), (105, "1 100 ling 5"), (112, "1 100 1 10 2")]) {
            assert_eq!(said(n), words, "{n}");
        }
    }

    #[test]
    fn the_first_in_line_is_told_that_he_is_next_and_two_before_you_are_liang() {
        assert_eq!(position(1, None), [PromptId::from("phrase/next")]);
        let phrase: Vec<String> = position(3, Some((130, 290))).iter().map(ToString::to_string).collect();
        let words = "phrase/position-before number/liang phrase/position-after phrase/wait-before number/3 phrase/wait-to number/5 phrase/minutes";
        assert_eq!(phrase.join(" "), words);
    }
}
