//! The sound of a call: to be heard, and as a picture of who spoke when. Each is written down before it is given.

use super::backend::Backend;
use super::fault::{Fault, Told, json};
use super::journeys::{may, note, whole};
use super::orders::{Ref, reference};
use super::query::{Query, wrong};
use super::visitor::Visitor;
use crate::access::Right;
use crate::audio::g711::alaw_decode;
use crate::clock::SECOND;
use crate::fact::{Event, Fact};
use crate::id::CallRef;
use crate::ledger::Cdr;
use crate::media::archive::{Archive, Error, Form, Kind, Sound};
use crate::patch::PARTIES;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream::unfold;
use serde_json::{Value, json as object};
use std::convert::Infallible;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

type Desk = State<Arc<Backend>>;

/// Longest reason, characters.
const WHY: usize = 200;
/// One hearing: a player asks for parts of it again and again, and for the picture beside it. So long it is one line of the trail, µs.
const HEARING: u64 = 10 * 60 * SECOND;
/// Hearings that are remembered; of more each question is a line.
const HEARINGS: usize = 4_096;
/// Bars of the picture.
const BARS: usize = 800;
/// Samples of a channel that one value of the picture stands for at first: 50 ms.
const GRAIN: usize = 400;
/// Recordings that are sent to one person at a time.
const EACH: usize = 4;
/// What of it is handed on at a time, bytes.
const PIECE: usize = 64 << 10;
/// Largest file that is given out, bytes: an hour of four channels as WAV is 115 MB.
const LARGEST: u64 = 512 << 20;

/// The sound, as a file that browsers play.
pub(super) async fn recording(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let (head, _) = request.into_parts();
    let (path, _) = allowed(&backend, &visitor, of, &head).await?;
    let keys = Arc::clone(&backend.views.house.keys);
    // It is held as long as the sound is sent: whoever reads slowly takes a place, and no more memory than that.
    let own = backend.heard.take(&visitor.who.name, EACH).ok_or_else(Fault::busy)?;
    let player = Arc::clone(&backend.players).try_acquire_owned().map_err(|_| Fault::busy())?;
    let _place = backend.readers.acquire().await.map_err(|_| Fault::strange())?;
    let done = tokio::task::spawn_blocking(move || -> Result<(Vec<u8>, &'static str), Error> {
        if std::fs::metadata(&path)?.len() > LARGEST {
            return Err(Error::Foreign);
        }
        let kind = Form::of(&path).map(|(form, _)| form.kind);
        let mut sound = Cursor::new(Vec::new());
        match kind {
            Some(Kind::Flac | Kind::Opus) => Form::copy_out(&path, &keys, &mut sound)?,
            _ => Sound::open(&path, &keys)?.to_wav(&mut sound)?,
        }
        let kind = match kind {
            Some(Kind::Flac) => "audio/flac",
            Some(Kind::Opus) => "audio/ogg",
            _ => "audio/wav",
        };
        Ok((sound.into_inner(), kind))
    });
    let (sound, kind) = done.await.map_err(|_| Fault::strange())?.map_err(|error| unheard(&error))?;
    Ok(part(sound, kind, &head.headers, (player, own)))
}

/// How loud each channel is in each of [`BARS`] parts of the call, 0 to 255.
pub(super) async fn waveform(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let (head, _) = request.into_parts();
    let (path, events) = allowed(&backend, &visitor, of, &head).await?;
    let keys = Arc::clone(&backend.views.house.keys);
    let _place = backend.readers.acquire().await.map_err(|_| Fault::strange())?;
    let done = tokio::task::spawn_blocking(move || Sound::open(&path, &keys).and_then(peaks)).await;
    let (seconds, channels) = done.map_err(|_| Fault::strange())?.map_err(|error| unheard(&error))?;
    let named: Vec<_> = channels
        .into_iter()
        .enumerate()
        .map(|(n, peaks)| {
            let (name, zh, en) = PARTIES.get(n).copied().unwrap_or(("other", "其他", "other"));
            object!({ "name": name, "zh": zh, "en": en, "peaks": peaks })
        })
        .collect();
    let pauses = pauses(&events, seconds);
    Ok(json(StatusCode::OK, &object!({ "seconds": seconds, "channels": named, "pauses": pauses })))
}

/// When nothing was kept, ms from the recording's beginning.
fn pauses(events: &[Event], seconds: f64) -> Vec<Value> {
    let Some(began) = events.iter().find(|e| matches!(e.fact, Fact::RecordingStarted { .. })).map(|e| e.at) else {
        return Vec::new();
    };
    let ms = |at: i64| u64::try_from(at.saturating_sub(began) / 1_000).unwrap_or(0);
    let (mut all, mut since) = (Vec::new(), None);
    let end = (seconds * 1_000.0) as u64;
    for event in events {
        match (&event.fact, since) {
            (Fact::RecordingPaused { paused: true, .. }, None) => since = Some(ms(event.at)),
            (Fact::RecordingPaused { paused: false, .. }, Some(from)) => {
                all.push((from, ms(event.at)));
                since = None;
            }
            _ => {}
        }
    }
    let open = since.map(|from| (from, end));
    let all = all.into_iter().chain(open).filter(|(from, to)| from < to && *from < end);
    all.map(|(from, to)| object!({ "from_ms": from, "to_ms": to.min(end) })).collect()
}

/// The file and the call's facts, for somebody who may hear it and says why.
async fn allowed(
    backend: &Arc<Backend>,
    visitor: &Visitor,
    of: Ref,
    head: &Parts,
) -> Result<(PathBuf, Vec<Event>), Fault> {
    let call = reference(of)?;
    let mut query = Query::read(head.uri.query());
    let why = query.text("why").unwrap_or_default();
    query.finish()?;
    let why: String = why.trim().chars().filter(|c| !c.is_control()).take(WHY).collect();
    if why.is_empty() && !visitor.who.trusted {
        return Err(wrong("why", "听录音须写明缘由".to_owned(), "a recording is heard for a reason".to_owned()));
    }
    let (cdr, events) = whole(backend, call).await?;
    may(visitor, &backend.views.plan.load().plan, &cdr, Right::Recording)?;
    let path = file(backend, &cdr).ok_or_else(Fault::no_recording)?;
    hears(backend, visitor, call, &why)?;
    Ok((path, events))
}

/// Writes down that this person hears this call, for this reason, unless he has begun to a short while ago.
fn hears(backend: &Backend, visitor: &Visitor, call: CallRef, why: &str) -> Result<(), Fault> {
    let now = backend.views.clock.now().mono;
    let key = (visitor.who.name.clone(), call, why.to_owned());
    let hearings = || backend.hearings.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut heard = hearings();
        heard.retain(|_, at| now.saturating_sub(*at) < HEARING);
        if heard.contains_key(&key) {
            return Ok(());
        }
    }
    // What cannot be written is not heard, however often it is asked for.
    note(backend, visitor, ("recording", &call.to_string(), why))?;
    let mut heard = hearings();
    if heard.len() < HEARINGS {
        heard.insert(key, now);
    }
    Ok(())
}

/// Where it lies: the file that the record names, else the recording in any form.
fn file(backend: &Backend, cdr: &Cdr) -> Option<PathBuf> {
    let archived = cdr.archived.as_ref().map(|archived| &*archived.file);
    Archive::new(&backend.views.house.recordings).find(cdr.recording.as_ref()?, archived).ok()?
}

fn unheard(error: &Error) -> Fault {
    tracing::warn!(%error, "a recording cannot be read for a page");
    Fault::no_recording()
}

/// Goes through it once, some milliseconds at a time.
fn peaks(mut sound: Sound) -> Result<(f64, Vec<Vec<u8>>), Error> {
    let channels = usize::from(sound.opening().channels).max(1);
    let (mut all, mut now) = (vec![Vec::<u16>::new(); channels], vec![0u16; channels]);
    let (mut buffer, mut samples) = (vec![0; 1 << 16], 0usize);
    loop {
        let read = sound.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        for (n, byte) in buffer.iter().take(read).enumerate() {
            let channel = (samples + n) % channels;
            let loud = alaw_decode(*byte).unsigned_abs();
            if let Some(peak) = now.get_mut(channel) {
                *peak = (*peak).max(loud);
            }
            if channel + 1 == channels && ((samples + n) / channels).is_multiple_of(GRAIN) {
                all.iter_mut().zip(&mut now).for_each(|(all, peak)| all.push(std::mem::take(peak)));
            }
        }
        samples += read;
    }
    let seconds = samples as f64 / channels as f64 / 8_000.0;
    Ok((seconds, all.iter().map(|grains| bars(grains)).collect()))
}

/// The loudest of each part, on a scale on which a whisper can be seen: 0 is below −54 dB, 255 full.
fn bars(grains: &[u16]) -> Vec<u8> {
    let each = grains.len().div_ceil(BARS).max(1);
    let bar = |part: &[u16]| {
        let loudest = f64::from(part.iter().copied().max().unwrap_or(0)) / 32_768.0;
        let level = if loudest > 0.0 { (20.0 * loudest.log10() + 54.0) / 54.0 } else { 0.0 };
        (level.clamp(0.0, 1.0) * 255.0) as u8
    };
    grains.chunks(each).map(bar).collect()
}

/// All of it, or the part that is asked for (RFC 9110 §14.2): one range; several are answered by all of it.
fn part<T: Send + 'static>(sound: Vec<u8>, kind: &'static str, headers: &HeaderMap, held: T) -> Response {
    let sound = Bytes::from(sound);
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")).and_then(|range| {
        let (from, to) = range.split_once('-')?;
        let last = sound.len().checked_sub(1)?;
        let from: usize = from.parse().ok()?;
        let to = if to.is_empty() { last } else { to.parse::<usize>().ok()?.min(last) };
        (from <= to).then_some((from, to))
    });
    let told = match range {
        Some((from, to)) => sound.slice(from..=to),
        None => sound.clone(),
    };
    let length = told.len();
    let mut response = Response::new(Body::from_stream(unfold((told, held), |(mut left, held)| async move {
        let next = left.split_to(left.len().min(PIECE));
        (!next.is_empty()).then_some((Ok::<_, Infallible>(next), (left, held)))
    })));
    let head = response.headers_mut();
    head.insert(CONTENT_LENGTH, HeaderValue::from(length));
    head.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    head.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some((from, to)) = range
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{to}/{}", sound.len()))
    {
        head.insert(CONTENT_RANGE, value);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_asked_for_is_given_and_nonsense_is_answered_by_all() {
        let asked = |range: &str| {
            let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_str(range).unwrap())]);
            let response = part((0..100).collect(), "audio/wav", &headers, ());
            let range = response.headers().get(CONTENT_RANGE).map(|range| range.to_str().unwrap().to_owned());
            (response.status().as_u16(), range)
        };
        assert_eq!(asked("bytes=0-"), (206, Some("bytes 0-99/100".into())));
        assert_eq!(asked("bytes=10-19"), (206, Some("bytes 10-19/100".into())));
        assert_eq!(asked("bytes=90-1000"), (206, Some("bytes 90-99/100".into())));
        for range in ["bytes=100-", "bytes=5-4", "bytes=-5", "bytes=0-1,5-6", "lines=1-2", "bytes=x-"] {
            assert_eq!(asked(range), (200, None), "{range}");
        }
    }

    #[test]
    fn a_whisper_is_seen_and_silence_is_none() {
        assert_eq!(bars(&[0, 32_767, 328]), [0, 254, 66]);
        assert_eq!(bars(&vec![1_000; 5_000]).len(), 715);
        assert!(bars(&[]).is_empty());
    }
}
