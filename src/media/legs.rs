//! All legs of one thread by index, in pieces: none is ever moved, and more of them copy nothing.

use super::leg::Leg;

/// Legs in one piece, 47 kB. A power of two.
const PIECE: usize = 64;

/// A list that only grows.
#[derive(Debug, Default)]
pub struct Legs {
    pieces: Vec<Vec<Leg>>,
}

impl Legs {
    /// One more, empty; its index.
    pub fn grow(&mut self) -> u32 {
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(Leg::default());
        }
        self.len() as u32 - 1
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let full = self.pieces.len().saturating_sub(1) * PIECE;
        full + self.pieces.last().map_or(0, Vec::len)
    }

    /// The leg with this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Leg> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    /// The leg with this index.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Leg> {
        self.pieces.get_mut(index / PIECE)?.get_mut(index % PIECE)
    }

    /// All, in their order.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Leg> {
        self.pieces.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_are_counted_found_and_never_moved() {
        let mut legs = Legs::default();
        assert_eq!((legs.len(), legs.get(0).is_none()), (0, true));
        assert_eq!(legs.grow(), 0);
        let first: *const Leg = legs.get(0).unwrap();
        for n in 1..=1_000 {
            assert_eq!(legs.grow(), n);
            legs.get_mut(n as usize).unwrap().taken = Some((n, n));
        }
        assert_eq!((legs.len(), legs.iter().count(), legs.get(1_001).is_none()), (1_001, 1_001, true));
        assert!((1..=1_000).all(|n| legs.get(n as usize).unwrap().taken == Some((n, n))));
        assert!(std::ptr::eq(first, legs.get(0).unwrap()), "the first leg has been moved");
    }
}
