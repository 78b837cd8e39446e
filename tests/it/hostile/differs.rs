//! What our reader of headers and `rsip`'s say of the same bytes. Where both take a message they must agree; why we refuse what
//! `rsip` takes stands in a list here.

use super::mutate::Mutator;
use crate::support::city::root;
use bytes::Bytes;
use rsip::SipMessage;
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};
use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;
use switchboard::sip::wire;

/// Mutated messages beside the kept ones.
const MUTATED: u64 = 4000;

/// Why we refuse what `rsip`, which looks at each header only when it is asked for, takes.
const STRICTER: [(&str, &str); 15] = [
    ("SIP version not supported", "RFC 3261 §21.5.6"),
    ("malformed: CSeq", "§20.16: below 2^31"),
    ("malformed: CSeq method", "§8.1.1.5: that of the request"),
    ("malformed: Call-ID", "§8.1.1: there is one"),
    ("malformed: Content-Length exceeds the message", "§18.3"),
    ("malformed: Content-Length is not a number", "§20.14"),
    ("malformed: From", "§20.20: quotes and brackets are closed"),
    ("malformed: To", "§20.39: the same"),
    ("malformed: Via", "§20.42: each can be read"),
    ("malformed: Max-Forwards", "§20.22: 0 to 255"),
    ("malformed: Request-URI", "§19.1.1"),
    ("malformed: a header that may stand once stands twice", "§7.3.1"),
    ("malformed: header line", "§7.3: a token and a colon"),
    ("message too large", "our own bound on lines and length: 513"),
    ("not a SIP message", "§7.1: one space between the three parts"),
];

/// What a reader makes of a message.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Method or status.
    start: String,
    call_id: String,
    cseq: u32,
    vias: usize,
    body: Vec<u8>,
}

fn ours(message: &Message) -> Seen {
    let start =
        message.status().map_or_else(|| String::from_utf8_lossy(message.method_token()).into(), |s| s.to_string());
    Seen {
        start,
        call_id: String::from_utf8_lossy(message.call_id()).into(),
        cseq: message.cseq().map_or(0, |c| c.number),
        vias: message.values(Name::Via).count(),
        body: message.body().to_vec(),
    }
}

/// `None`: it refuses, or falls over.
fn theirs(bytes: &[u8]) -> Option<Seen> {
    let bytes = bytes.to_vec();
    let read = catch_unwind(move || {
        let message = SipMessage::try_from(bytes).ok()?;
        let start = match &message {
            SipMessage::Request(r) => r.method().to_string(),
            SipMessage::Response(r) => r.status_code().code().to_string(),
        };
        Some(Seen {
            start,
            call_id: message.call_id_header().ok()?.value().trim().to_owned(),
            cseq: message.cseq_header().ok()?.typed().ok()?.seq,
            vias: message.headers().iter().filter(|h| matches!(h, rsip::Header::Via(_))).count(),
            body: message.body().clone(),
        })
    });
    read.ok().flatten()
}

/// What `rsip` does otherwise on purpose or by mistake, so that the two cannot be held against each other.
fn excused(bytes: &[u8], message: &Message) -> Option<&'static str> {
    let has = |needle: &[u8]| memchr(bytes, needle);
    // It takes names as it knows them: the short forms are strangers to it, and folding it does not undo.
    let short = [&b"\nv:"[..], b"\nv :", b"\ni:", b"\ni :", b"\nl:", b"\nl :", b"\nf:", b"\nt:", b"\nm:"];
    if short.iter().any(|s| has(s)) {
        return Some("compact form");
    }
    if has(b"\n ") || has(b"\n\t") {
        return Some("folded");
    }
    // It ends the body with the datagram, whatever Content-Length says.
    let head = message.bytes().len() - message.body().len();
    if memchr(&message.bytes()[..head.saturating_sub(2)], b"\r\n\r\n") || !message.bytes().ends_with(message.body()) {
        return Some("bytes behind the body");
    }
    None
}

fn memchr(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

#[test]
fn both_readers_agree_on_what_both_take() {
    let folder = root().join("fuzz/corpus/message");
    let mut corpus: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_name().unwrap().display().to_string(), fs::read(p).unwrap()))
        .collect();
    corpus.sort();
    let kept: Vec<Vec<u8>> = corpus.iter().map(|(_, bytes)| bytes.clone()).collect();
    for seed in 0..MUTATED {
        corpus.push((format!("seed {seed}"), Mutator::new(seed).draw(&kept, 1)));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for (name, bytes) in &corpus {
        let word = match (wire::parse(Bytes::copy_from_slice(bytes)), theirs(bytes)) {
            (Ok(message), Some(theirs)) => match excused(bytes, &message) {
                Some(why) => why,
                None if ours(&message) == theirs => "agree",
                None => {
                    wrong.push(format!(
                        "{name}: {:?} is not {theirs:?}\n{}",
                        ours(&message),
                        String::from_utf8_lossy(bytes)
                    ));
                    "differ"
                }
            },
            (Ok(_), None) => "rsip alone refuses",
            (Err(broken), Some(_)) => {
                *refused.entry(broken.error.to_string()).or_default() += 1;
                "we alone refuse"
            }
            (Err(_), None) => "both refuse",
        };
        *counts.entry(word).or_default() += 1;
    }
    println!("{counts:?} {refused:?}");
    assert!(wrong.is_empty(), "{} differ: {}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    let known = |reason: &String| STRICTER.iter().any(|(known, _)| known == reason);
    assert!(refused.keys().all(known), "{refused:?}");
    // The test says something only where both take much.
    assert!(counts.get("agree").is_some_and(|n| *n > 200), "{counts:?}");
}
