//! The media engine in its graph fidelity: obeys every command, carries no packet, tells who hears whom.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use switchboard::patch::tape::CHANNELS;
use switchboard::patch::{Command, Epoch, Event, PlayId, PortId, Recorded, RecordingId, Remote, Source, Stats, Tape};

#[derive(Debug, Default)]
struct Port {
    epoch: Epoch,
    open: bool,
    remote: Option<Remote>,
    hears: Option<Source>,
    /// End of what plays, and its name.
    playing: Option<(u64, PlayId)>,
}

/// The ports of the exchange.
#[derive(Debug, Default)]
pub struct Graph {
    ports: BTreeMap<PortId, Port>,
    /// Every complete playing, with the port's remote: `(remote, prompt)`.
    pub played: Vec<(SocketAddr, String)>,
    /// Every key sent out, with the port's remote.
    pub keys: Vec<(SocketAddr, String)>,
    /// Every recording, in order.
    pub tapes: Vec<Taped>,
}

/// One recording as the engine was told of it.
#[derive(Debug)]
pub struct Taped {
    id: RecordingId,
    pub file: String,
    channels: [Option<(PortId, Epoch)>; CHANNELS],
    /// Every port that was ever on a channel, by its remote: `(channel, remote)`.
    pub heard: Vec<(u8, SocketAddr)>,
    pub paused: bool,
    pub ended: bool,
}

/// What somebody hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    Tone(String),
    Prompt(String),
    /// Another party, by its RTP address.
    Party(SocketAddr),
    /// Several at once, those that are muted left out, by their RTP addresses.
    Mix(Vec<SocketAddr>),
}

impl Graph {
    pub fn ready(count: u32) -> Event {
        let ports = (0..count).map(|index| {
            let port = 20_000 + u16::try_from(index).unwrap() * 2;
            (PortId { thread: u8::from(index % 2 == 1), index }, SocketAddr::from(([127, 0, 0, 1], port)))
        });
        Event::Ready { ports: ports.collect() }
    }

    pub fn handle(&mut self, command: Command, now: u64) -> Option<Event> {
        match command {
            Command::Open { port, epoch, .. } => {
                self.ports.insert(port, Port { epoch, open: true, ..Port::default() });
            }
            Command::Remote { port, epoch, remote } => self.with(port, epoch, |p| p.remote = Some(remote)),
            Command::Hear { port, epoch, source } => {
                let remote = self.ports.get(&port).and_then(|p| p.remote).and_then(|r| r.rtp);
                if let (Some(remote), Source::Play { clips, .. }) = (remote, &source) {
                    self.played.extend(clips.iter().map(|c| (remote, c.name.to_string())));
                }
                self.with(port, epoch, |p| {
                    p.playing = match &source {
                        Source::Play { play, clips, repeat: false } => {
                            let length: u64 = clips.iter().map(switchboard::patch::Clip::millis).sum();
                            Some((now + length * 1000, *play))
                        }
                        _ => None,
                    };
                    p.hears = Some(source);
                });
            }
            Command::Digits { port, epoch, digits } => {
                let open = self.ports.get(&port).filter(|p| p.open && p.epoch == epoch);
                let remote = open.and_then(|p| p.remote).and_then(|r| r.rtp);
                self.keys.extend(remote.map(|remote| (remote, digits.to_string())));
            }
            Command::Keys { .. } => {}
            Command::Record { recording, tape, thread } => return self.record(recording, thread, tape),
            Command::Close { port, epoch } => {
                self.with(port, epoch, |p| p.open = false);
                return Some(Event::Closed { port, epoch, stats: Stats::default() });
            }
        }
        None
    }

    fn record(&mut self, id: RecordingId, thread: u8, tape: Tape) -> Option<Event> {
        if let Tape::Begin { file } = tape {
            assert!(self.tapes.iter().all(|t| t.id != id && t.file != *file), "a recording is begun twice: {file}");
            let (channels, heard, file) = ([None; CHANNELS], Vec::new(), file.to_string());
            self.tapes.push(Taped { id, file, channels, heard, paused: false, ended: false });
            return None;
        }
        if let Tape::Channel { port, epoch, .. } = tape {
            assert_eq!(port.thread, thread, "a port of another thread");
            let mut others = self.tapes.iter().filter(|t| !t.ended).flat_map(|t| t.channels);
            assert!(!others.any(|c| c == Some((port, epoch))), "a port is in one recording at a time, on one channel");
        }
        let remote = |ports: &BTreeMap<PortId, Port>, port| ports.get(&port).and_then(|p| p.remote).and_then(|r| r.rtp);
        let found = self.tapes.iter_mut().find(|t| t.id == id && !t.ended).expect("a recording that has begun");
        match tape {
            Tape::Begin { .. } => {}
            Tape::Channel { channel, port, epoch } => {
                found.channels[usize::from(channel)] = Some((port, epoch));
                found.heard.extend(remote(&self.ports, port).map(|r| (channel, r)));
            }
            Tape::Vacate { channel } => found.channels[usize::from(channel)] = None,
            Tape::Pause => found.paused = true,
            Tape::Resume => found.paused = false,
            Tape::End => {
                found.ended = true;
                return Some(Event::Recording { recording: id, what: Recorded::Ended { frames: 0 } });
            }
        }
        None
    }

    fn with(&mut self, port: PortId, epoch: Epoch, change: impl FnOnce(&mut Port)) {
        if let Some(found) = self.ports.get_mut(&port)
            && found.epoch == epoch
            && found.open
        {
            change(found);
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        self.ports.values().filter(|p| p.open).filter_map(|p| p.playing.map(|(at, _)| at)).min()
    }

    pub fn finished(&mut self, now: u64) -> Option<Event> {
        let (id, port) = self.ports.iter_mut().find(|(_, p)| p.open && p.playing.is_some_and(|(at, _)| at <= now))?;
        let (_, play) = port.playing.take()?;
        Some(Event::PlayFinished { port: *id, epoch: port.epoch, play })
    }

    /// How many ports are open.
    pub fn open(&self) -> usize {
        self.ports.values().filter(|p| p.open).count()
    }

    /// What the party at this RTP address hears, as the engine was last told.
    pub fn hears(&self, rtp: SocketAddr) -> Heard {
        let mine = |p: &&Port| p.open && p.remote.is_some_and(|r| r.rtp == Some(rtp));
        match self.ports.values().find(mine).and_then(|p| p.hears.clone()) {
            None | Some(Source::Nothing) => Heard::Nothing,
            Some(Source::Tone(tone)) => Heard::Tone(format!("{tone:?}")),
            Some(Source::Play { clips, .. }) => Heard::Prompt(clips[0].name.to_string()),
            Some(Source::Port(from, epoch)) => self.speaker(from, epoch).map_or(Heard::Nothing, Heard::Party),
            Some(Source::Mix { voices, .. }) => {
                let heard = voices.iter().filter(|v| !v.mute).filter_map(|v| self.speaker(v.port, v.epoch));
                Heard::Mix(heard.collect())
            }
        }
    }

    /// The port that talks with this RTP address.
    pub fn port(&self, rtp: SocketAddr) -> Option<(PortId, Epoch)> {
        let mine = |(_, p): &(&PortId, &Port)| p.open && p.remote.is_some_and(|r| r.rtp == Some(rtp));
        self.ports.iter().find(mine).map(|(id, p)| (*id, p.epoch))
    }

    /// Whether the party hears a sound beside voices, or alone: the tone's name or the clip's.
    pub fn beside(&self, rtp: SocketAddr) -> Option<String> {
        let (id, _) = self.port(rtp)?;
        match self.ports.get(&id)?.hears.as_ref()? {
            Source::Mix { beside: Some(beside), .. } => Some(match &beside.sound {
                switchboard::patch::Sound::Tone(tone) => format!("{tone:?}"),
                switchboard::patch::Sound::Clips { clips, .. } => clips[0].name.to_string(),
            }),
            Source::Tone(tone) => Some(format!("{tone:?}")),
            Source::Play { clips, .. } => Some(clips[0].name.to_string()),
            _ => None,
        }
    }

    fn speaker(&self, port: PortId, epoch: Epoch) -> Option<SocketAddr> {
        self.ports.get(&port).filter(|p| p.open && p.epoch == epoch)?.remote?.rtp
    }
}
