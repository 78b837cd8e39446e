//! Mutations of a corpus, from a seed: what a fuzzer without eyes does.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};

/// Longest input, bytes: a datagram.
const LONGEST: usize = 65_535;

/// Words that break things elsewhere.
const WORDS: [&[u8]; 48] = [
    b"0",
    b"-1",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"0x7fffffff",
    b"1e999",
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n ",
    b"\r\n\r\n",
    b";",
    b"=",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"\\\"",
    b"%00",
    b"%",
    b"[::",
    b"[::ffff:127.0.0.1]",
    b"]",
    b",",
    b",,,,",
    b":",
    b"@",
    b"{}",
    b"[[",
    b"z9hG4bK",
    b";tag=",
    b"{tag}",
    b"Content-Length: ",
    b"Via: SIP/2.0/UDP ",
    b"Digest ",
    b"m=audio ",
    b"a=rtpmap:",
    b"c=IN IP4 ",
    b"\xff\xfe",
    b"\xb8\xa3\xd6\xdd",
];

/// Draws mutated inputs.
pub struct Mutator(ChaCha12Rng);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0.next_u32() as usize % n.max(1)
    }

    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        from..(from + self.below(most)).min(length)
    }

    /// One of the corpus, changed once or up to so many times.
    pub fn draw(&mut self, corpus: &[Vec<u8>], most: usize) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(most) {
            let at = self.below(input.len() + 1);
            match self.below(9) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 if at < input.len() => input[at] = (self.0.next_u32() & 0xff) as u8,
                2 => drop(input.drain(self.range(input.len(), 64))),
                3 => {
                    let word = WORDS[self.below(WORDS.len())];
                    input.splice(at..at, word.iter().copied());
                }
                4 => input.truncate(at),
                5 => {
                    // A piece again and again.
                    let piece = input[self.range(input.len(), 40)].repeat(1 + self.below(300));
                    input.splice(at..at, piece);
                }
                6 => {
                    let other = &corpus[self.below(corpus.len())];
                    let piece = &other[self.range(other.len(), other.len() + 1)];
                    input.splice(at..at, piece.iter().copied());
                }
                7 => {
                    // A number becomes another one.
                    if let Some(digit) = input.iter().skip(at).position(u8::is_ascii_digit) {
                        let from = at + digit;
                        let many = input[from..].iter().take_while(|b| b.is_ascii_digit()).count();
                        let word = WORDS[self.below(13)];
                        input.splice(from..from + many, word.iter().copied());
                    }
                }
                _ => {
                    // Two lines change places.
                    let mut lines: Vec<&[u8]> = input.split_inclusive(|b| *b == b'\n').collect();
                    let (a, b) = (self.below(lines.len()), self.below(lines.len()));
                    if !lines.is_empty() {
                        lines.swap(a, b);
                    }
                    input = lines.concat();
                }
            }
            input.truncate(LONGEST);
        }
        input
    }
}
