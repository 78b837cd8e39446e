//! What a recorded hour takes after the call: room, and CPU of the packing thread, proof included.
//!
//! The hour is ten minutes of real speech (the prompts of this project), quantised to A-law, over and over: the caller speaks 25 s
//! of each minute and the agent 30 s, both with the noise of a line all the while, a third party plays music for 10 s, the
//! supervisor's channel is silent.

use crate::line;
use rustix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};
use switchboard::audio::g711::{ALAW_SILENCE, alaw_encode};
use switchboard::audio::tracks::head;
use switchboard::media::archive::{Key, Kind, pack};

const RATE: usize = 8_000;
const MINUTES: usize = 10;
/// Calls of the biggest city's day, of three minutes each: hours of sound a day.
const HOURS: f64 = 87_000.0 * 3.0 / 60.0;

pub fn run() {
    let folder = std::env::temp_dir().join(format!("switchboard-bench-archive-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let wav = folder.join("5bhd7pq5c01.wav");
    let sound = sound();
    std::fs::write(&wav, [head(4, (sound.len() / 4) as u32, &[]), sound].concat()).unwrap();
    let hours = MINUTES as f64 / 60.0;
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() as f64 / 1e6 / hours;
    line("WAV: a recorded hour", size(&wav), "MB", None);
    let key = Key::parse(&"7".repeat(64)).unwrap();
    for (what, kind, key, room, cpu) in [
        ("hash only (none)", Kind::Wav, None, None, 2.0),
        ("FLAC", Kind::Flac, None, Some(40.0), 15.0),
        ("FLAC, sealed", Kind::Flac, Some(&key), Some(40.0), 16.0),
        ("Opus", Kind::Opus, None, Some(15.0), 120.0),
    ] {
        let began = cpu_seconds();
        let packed = pack(&wav, kind, key, &mut || true).unwrap();
        let spent = (cpu_seconds() - began) / hours;
        if kind != Kind::Wav {
            line(&format!("{what}: a recorded hour"), size(&packed.path), "MB", room);
        }
        line(&format!("{what}: packing and proving a recorded hour"), spent, "CPU s", Some(cpu));
        line(&format!("{what}: the day of 87,000 calls"), spent * HOURS / 86_400.0, "cores on average", None);
        if packed.path != wav {
            std::fs::remove_file(packed.path).unwrap();
        }
    }
    let _ = std::fs::remove_dir_all(folder);
}

/// Of this thread.
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// A-law, four channels by turns.
fn sound() -> Vec<u8> {
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/prompts");
    let (mut speech, mut music) = (Vec::new(), Vec::new());
    read(&prompts, &mut speech, &mut music);
    let mut noise = 1u32;
    let mut channels = vec![vec![ALAW_SILENCE; MINUTES * 60 * RATE]; 4];
    let mut at = 0;
    for minute in 0..MINUTES {
        for (channel, from, to) in [(0, 0, 25), (1, 25, 55)] {
            for second in 0..60 {
                let begin = (minute * 60 + second) * RATE;
                for place in &mut channels[channel][begin..begin + RATE] {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let mut sample = ((noise >> 16) as i16) / 1_024;
                    if (from..to).contains(&second) {
                        sample = sample.saturating_add(speech[at % speech.len()]);
                        at += 1;
                    }
                    *place = alaw_encode(sample);
                }
            }
        }
        for place in 0..10 * RATE {
            channels[2][(minute * 60 + 48) * RATE + place] = alaw_encode(music[place % music.len()]);
        }
    }
    (0..MINUTES * 60 * RATE).flat_map(|place| channels.iter().map(move |channel| channel[place])).collect()
}

fn read(folder: &Path, speech: &mut Vec<i16>, music: &mut Vec<i16>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(&path, speech, music);
        } else if path.extension().is_some_and(|e| e == "wav") {
            let samples = hound::WavReader::open(&path).unwrap().into_samples::<i16>().map(Result::unwrap);
            let is_music = path.components().any(|c| c.as_os_str() == "music");
            if is_music { music.extend(samples) } else { speech.extend(samples) }
        }
    }
}
