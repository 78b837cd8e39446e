//! One person's share of what all have: so many at a time, so that nobody takes them all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many each person has.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares(Arc<Mutex<BTreeMap<String, usize>>>);

/// One of them; dropping it sets it free.
#[derive(Debug)]
pub(super) struct Share {
    all: Shares,
    who: String,
}

impl Shares {
    /// One more for this person; nothing where he has as many as he may.
    pub fn take(&self, who: &str, most: usize) -> Option<Share> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(who.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Share { all: self.clone(), who: who.to_owned() })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_so_many_and_others_theirs() {
        let shares = Shares::default();
        let (one, two) = (shares.take("li", 2), shares.take("li", 2));
        assert!(one.is_some() && two.is_some() && shares.take("li", 2).is_none() && shares.take("wang", 2).is_some());
        drop(one);
        assert!(shares.take("li", 2).is_some());
        drop(two);
        assert!(shares.0.lock().unwrap().is_empty());
    }
}
