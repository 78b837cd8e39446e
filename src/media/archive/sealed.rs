//! Sealed files: XChaCha20-Poly1305 in chunks (the STREAM construction), so that no chunk can be changed, moved or cut off unseen.
//!
//! ```text
//!   "SWBSEAL" 1 │ id of the key, 8 │ nonce, 19 │ chunk of 64 KiB + tag, 16 │ … │ last chunk + tag
//! ```
//! Every chunk's tag covers the head as well. The nonce is random, 152 bits: files of one key never share one.

use super::Error;
use super::key::{Key, KeyId, Keys};
use crate::audio::tracks::fill;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::aead::{KeyInit, Payload};
use chacha20poly1305::{Key as CipherKey, XChaCha20Poly1305};
use rand_core::{OsRng, TryRngCore};
use std::io::{self, Read, Write};

const MAGIC: [u8; 8] = *b"SWBSEAL\x01";
const NONCE: usize = 19;
const HEAD: usize = 8 + 8 + NONCE;
/// Sound in a chunk, bytes.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(CipherKey::from_slice(key.bytes()))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it has been altered or cut off, or is damaged")
}

/// Seals what is written to it. [`Sealer::finish`] writes the last chunk: without it the file cannot be opened.
pub(super) struct Sealer<W: Write> {
    to: W,
    head: [u8; HEAD],
    stream: EncryptorBE32<XChaCha20Poly1305>,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub fn new(mut to: W, key: &Key) -> io::Result<Self> {
        let mut head = [0; HEAD];
        let (name, nonce) = head.split_at_mut(HEAD - NONCE);
        name[..8].copy_from_slice(&MAGIC);
        name[8..].copy_from_slice(&key.id().0);
        OsRng.try_fill_bytes(nonce).map_err(|e| io::Error::other(e.to_string()))?;
        let stream = EncryptorBE32::from_aead(cipher(key), (&*nonce).into());
        to.write_all(&head)?;
        Ok(Self { to, head, stream, chunk: Vec::with_capacity(CHUNK) })
    }

    /// Writes the last chunk; gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        let last = self.stream.encrypt_last(Payload { msg: &self.chunk, aad: &self.head });
        self.to.write_all(&last.map_err(|_| io::Error::other("a chunk cannot be sealed"))?)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until more comes: it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            let sealed = self.stream.encrypt_next(Payload { msg: &self.chunk, aad: &self.head });
            self.to.write_all(&sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?)?;
            self.chunk.clear();
        }
        let room = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend(bytes.iter().take(room));
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens what was sealed. Nothing that does not prove genuine is given.
pub(super) struct Unsealer<R: Read> {
    from: R,
    head: [u8; HEAD],
    /// `None` once the last chunk was opened.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// The next chunk, as it is in the file.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    at: usize,
}

impl<R: Read> Unsealer<R> {
    /// # Errors
    /// [`Error::Foreign`], [`Error::NoKey`], or as reading fails.
    pub fn new(mut from: R, keys: &Keys) -> Result<Self, Error> {
        let mut head = [0; HEAD];
        if fill(&mut from, &mut head)? < HEAD || !head.starts_with(&MAGIC) {
            return Err(Error::Foreign);
        }
        let mut id = KeyId([0; 8]);
        id.0.copy_from_slice(&head[8..16]);
        let key = keys.find(id).ok_or(Error::NoKey(id))?;
        let stream = DecryptorBE32::from_aead(cipher(key), head[HEAD - NONCE..].into());
        let ahead = next(&mut from)?;
        Ok(Self { from, head, stream: Some(stream), ahead, chunk: Vec::new(), at: 0 })
    }
}

fn next(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK + TAG];
    let there = fill(from, &mut chunk)?;
    chunk.truncate(there);
    Ok(chunk)
}

impl<R: Read> Read for Unsealer<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let Some(mut stream) = self.stream.take() else { return Ok(0) };
            let sealed = std::mem::replace(&mut self.ahead, next(&mut self.from)?);
            let payload = Payload { msg: &sealed, aad: &self.head };
            self.at = 0;
            if self.ahead.is_empty() {
                self.chunk = stream.decrypt_last(payload).map_err(|_| damaged())?;
            } else {
                self.chunk = stream.decrypt_next(payload).map_err(|_| damaged())?;
                self.stream = Some(stream);
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let here = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += here;
        Ok(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
    }

    fn seal(sound: &[u8], key: &Key) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), key).unwrap();
        sealer.write_all(sound).unwrap();
        sealer.finish().unwrap()
    }

    fn open(sealed: &[u8], keys: &Keys) -> Result<Vec<u8>, Error> {
        let mut sound = Vec::new();
        Unsealer::new(sealed, keys)?.read_to_end(&mut sound)?;
        Ok(sound)
    }

    fn keys(sealing: Key, opening: Vec<Key>) -> Keys {
        Keys { sealing: Some(sealing), opening }
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_key_whatever_its_length() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let sound: Vec<u8> = (0..length).map(|n| (n * 7) as u8).collect();
            let sealed = seal(&sound, &key(1));
            assert_eq!(sealed.len(), HEAD + length + TAG * length.div_ceil(CHUNK).max(1));
            assert_eq!(open(&sealed, &keys(key(1), vec![])).unwrap(), sound);
            assert_eq!(open(&sealed, &keys(key(2), vec![key(1)])).unwrap(), sound, "by an old key");
        }
        assert_ne!(seal(b"same", &key(1)), seal(b"same", &key(1)), "each has a nonce of its own");
    }

    #[test]
    fn another_key_another_file_and_every_change_are_refused() {
        let sound: Vec<u8> = (0..3 * CHUNK).map(|n| (n / 7) as u8).collect();
        let sealed = seal(&sound, &key(1));
        assert!(matches!(open(&sealed, &keys(key(2), vec![])), Err(Error::NoKey(id)) if id == key(1).id()));
        assert!(matches!(open(b"RIFF", &keys(key(1), vec![])), Err(Error::Foreign)));
        let refused = |changed: &[u8]| matches!(open(changed, &keys(key(1), vec![])), Err(Error::System(_)));
        for at in [16, HEAD - 1, HEAD, HEAD + CHUNK, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(refused(&changed), "byte {at}");
        }
        let one = CHUNK + TAG;
        assert!(refused(&sealed[..HEAD + one]) && refused(&sealed[..sealed.len() - one]), "cut between two chunks");
        assert!(refused(&sealed[..sealed.len() - 1]) && refused(&sealed[..HEAD]));
        let moved = [&sealed[..HEAD], &sealed[HEAD + one..HEAD + 2 * one], &sealed[HEAD..HEAD + one]].concat();
        assert!(refused(&[&moved[..], &sealed[HEAD + 2 * one..]].concat()), "two chunks in each other's place");
    }
}
