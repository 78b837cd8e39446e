//! The media engine in its graph fidelity: obeys every command, carries no packet, tells who hears whom.

use std::collections::{BTreeMap, BTreeSet};
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

/// What a fault of the media engine would be: for tests of those who watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The next port that is to be closed stays open.
    Leaks,
    /// The next leg that is to hear another one hears nothing.
    Deafens,
    /// The next caller who is to hear another one hears another caller.
    Crosses,
}

/// An open port as who watches the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wired {
    pub port: PortId,
    pub epoch: Epoch,
    /// The far end's RTP address, also while it receives nothing.
    pub far: Option<SocketAddr>,
    /// Its sound is wanted.
    pub receives: bool,
    /// It is on hold by its own will: nothing is sent to it.
    pub holds: bool,
    /// It has been told what to hear: it is not before its far end has shown that it has our SDP.
    pub told: bool,
    /// A tone or prompt is heard.
    pub sound: bool,
    /// The ports that are heard.
    pub heard: Vec<PortId>,
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
    /// When what plays on a port ends.
    ends: BTreeSet<(u64, PortId)>,
    /// Who hears whom has changed since somebody looked.
    pub changed: bool,
    /// What has been played, sent and recorded is forgotten.
    pub forgets: bool,
    pub fault: Option<Fault>,
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

impl Taped {
    /// On how many channels somebody is.
    pub fn manned(&self) -> usize {
        self.channels.iter().flatten().count()
    }
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
        self.changed = true;
        match command {
            Command::Open { port, epoch, .. } => {
                let before = self.ports.insert(port, Port { epoch, open: true, ..Port::default() });
                before.and_then(|p| p.playing).map(|(at, _)| self.ends.remove(&(at, port)));
            }
            Command::Expect { .. } | Command::Listen { .. } | Command::Watch { .. } => {}
            Command::Remote { port, epoch, remote } => self.with(port, epoch, |p| p.remote = Some(remote)),
            Command::Hear { port, epoch, source } => {
                let remote = self.ports.get(&port).and_then(|p| p.remote).and_then(|r| r.rtp);
                if let (Some(remote), Source::Play { clips, .. }, false) = (remote, &source, self.forgets) {
                    self.played.extend(clips.iter().map(|c| (remote, c.name.to_string())));
                }
                let source = self.marred(port, source);
                self.hear(port, epoch, source, now);
            }
            Command::Digits { port, epoch, digits } => {
                let open = self.ports.get(&port).filter(|p| p.open && p.epoch == epoch);
                let remote = open.and_then(|p| p.remote).and_then(|r| r.rtp);
                self.keys.extend(remote.filter(|_| !self.forgets).map(|remote| (remote, digits.to_string())));
            }
            Command::Keys { .. } => {}
            Command::Record { recording, tape, thread } => return self.record(recording, thread, tape),
            Command::Close { port, epoch } => {
                if self.fault == Some(Fault::Leaks) {
                    self.fault = None;
                } else if self.ports.get(&port).is_some_and(|p| p.epoch == epoch) {
                    let channels = self.tapes.iter_mut().flat_map(|t| &mut t.channels);
                    channels.filter(|c| **c == Some((port, epoch))).for_each(|c| *c = None);
                    let gone = self.ports.remove(&port);
                    gone.and_then(|p| p.playing).map(|(at, _)| self.ends.remove(&(at, port)));
                }
                return Some(Event::Closed { port, epoch, stats: Stats::default() });
            }
        }
        None
    }

    fn hear(&mut self, port: PortId, epoch: Epoch, source: Source, now: u64) {
        let Some(p) = self.ports.get_mut(&port).filter(|p| p.epoch == epoch && p.open) else { return };
        if let Some((at, _)) = p.playing.take() {
            self.ends.remove(&(at, port));
        }
        if let Source::Play { play, clips, repeat: false } = &source {
            let length: u64 = clips.iter().map(switchboard::patch::Clip::millis).sum();
            p.playing = Some((now + length * 1000, *play));
            self.ends.insert((now + length * 1000, port));
        }
        p.hears = Some(source);
    }

    fn far(&self, port: PortId) -> Option<SocketAddr> {
        self.ports.get(&port)?.remote.and_then(|r| r.source.or(r.rtp))
    }

    /// The source, or what a fault makes of it.
    fn marred(&mut self, port: PortId, source: Source) -> Source {
        if self.fault.is_none() || !matches!(source, Source::Port(..)) {
            return source;
        }
        let Source::Port(from, _) = source else { return source };
        // A citizen: whoever is behind the carrier.
        let citizen = |port| self.far(port).is_some_and(|at| at.ip().to_string() == "127.0.0.10");
        let talks = |(id, p): &(&PortId, &Port)| {
            let other = **id != port && **id != from && p.open;
            other && matches!(p.hears, Some(Source::Port(..))) && citizen(**id)
        };
        match self.fault {
            Some(Fault::Deafens) if citizen(port) => {
                self.fault = None;
                Source::Nothing
            }
            Some(Fault::Crosses) if citizen(port) => {
                match self.ports.iter().find(talks).map(|(id, p)| (*id, p.epoch)) {
                    Some((other, epoch)) => {
                        self.fault = None;
                        Source::Port(other, epoch)
                    }
                    None => source,
                }
            }
            _ => source,
        }
    }

    /// All open ports as they are wired.
    pub fn wired(&self) -> impl Iterator<Item = Wired> + '_ {
        let open = |port: &PortId, epoch: Epoch| self.ports.get(port).is_some_and(|p| p.open && p.epoch == epoch);
        self.ports.iter().filter(|(_, p)| p.open).map(move |(id, p)| {
            let heard: Vec<PortId> = match &p.hears {
                Some(Source::Port(from, epoch)) if open(from, *epoch) => vec![*from],
                Some(Source::Mix { voices, .. }) => {
                    voices.iter().filter(|v| !v.mute && open(&v.port, v.epoch)).map(|v| v.port).collect()
                }
                _ => Vec::new(),
            };
            let beside = matches!(&p.hears, Some(Source::Mix { beside: Some(_), .. }));
            Wired {
                port: *id,
                epoch: p.epoch,
                far: p.remote.and_then(|r| r.source.or(r.rtp)),
                receives: p.remote.is_some_and(|r| r.receive),
                holds: p.remote.is_some_and(|r| r.rtp.is_none()),
                told: p.hears.is_some(),
                sound: beside || matches!(p.hears, Some(Source::Tone(_) | Source::Play { .. })),
                heard,
            }
        })
    }

    /// The machine has died: nothing of it is left.
    pub fn dies(&mut self) {
        *self = Self { forgets: self.forgets, changed: true, ..Self::default() };
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
                (found.ended, found.channels) = (true, [None; CHANNELS]);
                if self.forgets {
                    self.tapes.retain(|t| !t.ended);
                }
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
        self.ends.first().map(|(at, _)| *at)
    }

    pub fn finished(&mut self, now: u64) -> Option<Event> {
        // Of several that have ended, that of the first port.
        let ended = self.ends.range(..=(now, PortId { thread: u8::MAX, index: u32::MAX }));
        let (at, id) = *ended.min_by_key(|(_, id)| *id)?;
        self.ends.remove(&(at, id));
        let port = self.ports.get_mut(&id)?;
        let (_, play) = port.playing.take()?;
        Some(Event::PlayFinished { port: id, epoch: port.epoch, play })
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
