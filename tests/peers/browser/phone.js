// A telephone in a page, on JsSIP: says one tone and keeps what it hears.
window.log = [];
const began = performance.now();
const note = (...what) => log.push({ at: performance.now() - began, what });

// One of 8 kHz for all that it says and hears: each costs a thread of the browser, and one of the few sounds that it plays at a time.
let sounds;
const context = () => sounds ??= new AudioContext({ sampleRate: 8000 });

// Its voice: a tone instead of a microphone.
function voice(hertz) {
  const tone = new OscillatorNode(context(), { frequency: hertz });
  const level = new GainNode(context(), { gain: 0.3 });
  const out = context().createMediaStreamDestination();
  tone.connect(level).connect(out);
  tone.start();
  return out.stream;
}

// What it hears, as the last samples of 8 kHz.
function listen(track) {
  const stream = new MediaStream([track]);
  // Chromium decodes a remote track only while an element plays it.
  window.speaker = new Audio();
  speaker.srcObject = stream;
  speaker.muted = true;
  speaker.play();
  window.ear?.source.disconnect();
  const source = context().createMediaStreamSource(stream);
  const analyser = new AnalyserNode(context(), { fftSize: 2048 });
  source.connect(analyser);
  window.ear = { source, analyser };
}

function heard() {
  const samples = new Float32Array(2048);
  window.ear?.analyser.getFloatTimeDomainData(samples);
  return Array.from(samples, s => Math.round(s * 32767));
}

function follow(session, relay) {
  window.session = session;
  const on = connection => {
    window.connection = connection;
    connection.addEventListener('track', event => { note('track'); listen(event.track); });
    connection.addEventListener('connectionstatechange', () => note('connection', connection.connectionState));
  };
  session.connection ? on(session.connection) : session.on('peerconnection', data => on(data.peerconnection));
  session.on('icecandidate', event => event.ready());
  session.on('sdp', data => {
    note('sdp', data.originator, data.type);
    // Its media goes by a relay that the test can cut.
    if (relay && data.originator === 'remote') {
      data.sdp = data.sdp.replace(/^(a=candidate:.* )(\d+)( typ host.*)$/m, `$1${relay}$3`);
    }
  });
  for (const event of ['accepted', 'confirmed', 'ended', 'failed', 'hold', 'unhold']) {
    session.on(event, data => note(event, data && data.cause));
  }
}

function register({ seat, password, url, hertz, relay, rings }) {
  const socket = new JsSIP.WebSocketInterface(url);
  window.agent = new JsSIP.UA({
    sockets: [socket], uri: `sip:${seat}@127.0.0.1`, password, connection_recovery_min_interval: 1,
  });
  window.options = { get mediaStream() { return voice(hertz); } };
  window.relay = relay;
  for (const event of ['connected', 'disconnected', 'registered', 'unregistered', 'registrationFailed']) {
    agent.on(event, data => note(event, data && data.cause));
  }
  agent.on('newRTCSession', ({ originator, session, request }) => {
    note('session', originator, String(request));
    follow(session, relay);
    if (originator === 'remote' && !rings) session.answer(options);
  });
  agent.start();
}

function dial(number) { agent.call(`sip:${number}@127.0.0.1`, options); }

async function statistics() {
  const all = [...(await connection.getStats()).values()];
  const of = type => all.find(entry => entry.type === type) || {};
  return {
    received: of('inbound-rtp').packetsReceived, lost: of('inbound-rtp').packetsLost, sent: of('outbound-rtp').packetsSent,
    codec: (all.find(entry => entry.id === of('outbound-rtp').codecId) || {}).mimeType,
    srtp: of('transport').srtpCipher, remoteLost: of('remote-inbound-rtp').packetsLost,
  };
}
