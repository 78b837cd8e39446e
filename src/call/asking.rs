//! The dialogue by keys in which a caller asks to be called back: 1 asks, his number is said back, 1 confirms it, 0 stays.

use super::machine::View;
use crate::clock::SECOND;
use crate::fact::Origin;
use crate::id::PromptId;
use crate::patch::Clip;

/// After his number has been said back, a caller may confirm it for so long, µs.
pub(super) const CONFIRM: u64 = 8 * SECOND;
/// What is said in it.
const NUMBER: &str = "callback/number";
const CONFIRMED: &str = "callback/confirm";
const TAKEN: &str = "callback/taken";

/// How far he has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Asking {
    /// He has not asked.
    #[default]
    No,
    /// His number is said back: 1 confirms it, 0 stays.
    Confirming,
    /// His place is kept; he hears so, and then the call ends.
    Kept,
}

/// What a key of his comes to.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// His number is to be said back.
    Number(Vec<Clip>),
    /// His place is to be kept, and this said.
    Keep(Vec<Clip>),
    /// He would rather not.
    Stays,
}

impl Asking {
    /// Takes a key. `may`: he may ask now.
    pub(super) fn key(&mut self, key: char, may: bool, view: &View<'_>) -> Heard {
        let clip = |prompt: &PromptId| view.journey.snapshot.clip(prompt);
        match (*self, key) {
            (Self::No, '1') if may => {
                let number = crate::ivr::spelled(&view.journey.caller.number);
                let words = [PromptId::from(NUMBER)].into_iter().chain(number);
                let clips: Option<Vec<Clip>> = words.chain([PromptId::from(CONFIRMED)]).map(|p| clip(&p)).collect();
                // A number that cannot be said back cannot be confirmed.
                let Some(clips) = clips else { return Heard::Nothing };
                *self = Self::Confirming;
                Heard::Number(clips)
            }
            (Self::Confirming, '1') => {
                *self = Self::Kept;
                Heard::Keep(clip(&PromptId::from(TAKEN)).into_iter().collect())
            }
            (Self::Confirming, '0') => {
                *self = Self::No;
                Heard::Stays
            }
            _ => Heard::Nothing,
        }
    }
}

/// Whether the caller can be called back: he came from outside, with a number that can be called, and can be told so.
pub(super) fn callable(view: &View<'_>) -> bool {
    let journey = view.journey;
    let digits = journey.caller.number.trim_start_matches('+');
    let number = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let said = [NUMBER, CONFIRMED, TAKEN].into_iter().all(|p| journey.snapshot.clip(&PromptId::from(p)).is_some());
    number && said && journey.class.is_some() && matches!(journey.origin, Origin::Trunk(_))
}
