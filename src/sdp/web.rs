//! Our side towards a browser: our name and password of ICE, and what is said of them.

use super::body::Stream;
use super::write::SaidToBrowser;
use super::{Door, Refused, answer};
use crate::key::{self, Ice};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::fmt;

/// Characters of ICE (RFC 8839 §5.4).
const CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Towards one browser.
#[derive(Clone)]
pub struct Web {
    /// Where it comes in.
    pub door: Door,
    /// The other side is one.
    pub speaks: bool,
    /// Ours.
    pub ice: Ice,
    /// Its name of ICE; another one is a restart (RFC 8839 §4.4.1.1.1).
    theirs: Option<String>,
    random: ChaCha12Rng,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Web({:?}, …)", self.ice)
    }
}

impl Web {
    /// With names and passwords from this seed.
    pub fn new(door: Door, seed: [u8; 32], speaks: bool) -> Self {
        let mut random = ChaCha12Rng::from_seed(seed);
        // Apart from the keys of SDES, which may come from the same seed.
        random.set_stream(1);
        let ice = draw(&mut random, door.user);
        Self { door, speaks, ice, theirs: None, random }
    }

    /// A browser's offer is answered: how it will be encrypted. A restart of ICE gives us another name and password.
    ///
    /// # Errors
    /// [`Refused::Browser`].
    pub fn answers(&mut self, stream: &Stream) -> Result<key::Web, Refused> {
        let theirs = answer::certificate(stream)?;
        let restarts = self.theirs.is_some() && self.theirs != stream.user;
        if restarts {
            self.ice = draw(&mut self.random, self.door.user);
        }
        (self.theirs, self.speaks) = (stream.user.clone(), true);
        Ok(key::Web { ice: self.ice, theirs })
    }

    /// What our SDP says.
    pub fn says(&self, offers: bool) -> SaidToBrowser {
        SaidToBrowser { at: self.door.at, ice: self.ice, ours: self.door.ours, offers }
    }
}

fn draw(random: &mut ChaCha12Rng, begins: [u8; 8]) -> Ice {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    let mut chars = bytes.map(|b| CHARS.get(usize::from(b & 63)).copied().unwrap_or(b'A')).into_iter();
    let (mut user, mut password) = ([0; 16], [0; 24]);
    user[..8].copy_from_slice(&begins);
    user[8..].iter_mut().chain(&mut password).zip(&mut chars).for_each(|(to, c)| *to = c);
    Ice { user, password }
}
