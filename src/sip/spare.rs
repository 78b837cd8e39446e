//! The room that a map keeps when what filled it is gone.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Places that are kept however empty the map is.
const SPARE: usize = 4_096;

/// Gives back the room of a map that is less than an eighth full: a flood is over. It must fill and empty again before the
/// next time, so that for one entry this costs a comparison.
pub(super) fn give_back<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.capacity() > SPARE && map.len() < map.capacity() / 8 {
        map.shrink_to((map.len() * 2).max(SPARE / 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_little_room_behind_and_a_map_in_use_is_left_alone() {
        let mut map: HashMap<u32, [u8; 32]> = (0..300_000).map(|n| (n, [0; 32])).collect();
        let (full, mut shrunk) = (map.capacity(), 0);
        for n in 0..300_000 {
            map.remove(&n);
            let before = map.capacity();
            give_back(&mut map);
            shrunk += usize::from(map.capacity() < before);
        }
        assert!(map.capacity() <= SPARE && full >= 300_000, "{} of {full}", map.capacity());
        assert!(shrunk <= 8, "moved {shrunk} times");
        map.extend((0..1_000).map(|n| (n, [0; 32])));
        let there = map.capacity();
        give_back(&mut map);
        assert_eq!((map.capacity(), map.len()), (there, 1_000));
    }
}
