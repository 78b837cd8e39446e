// Put into every page before its own scripts: it hears what the page hears, speaks with a tone if it is told to, and keeps watch.
(() => {
  window.__watch = { ran: 0, policy: [], gone: [] };
  document.addEventListener('securitypolicyviolation', event => window.__watch.policy.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));

  let context = null;
  const sound = () => {
    context ??= new AudioContext({ sampleRate: 48000 });
    void context.resume();
    return context;
  };

  // What each connection receives, the latest last.
  const ears = [];
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...of) {
      super(...of);
      this.addEventListener('track', ({ track }) => {
        const analyser = new AnalyserNode(sound(), { fftSize: 8192, smoothingTimeConstant: 0 });
        const source = sound().createMediaStreamSource(new MediaStream([track]));
        source.connect(analyser);
        ears.push({ connection: this, analyser, source });
      });
    }
  };

  const now = () => ears.filter(({ connection }) => connection.connectionState !== 'closed').at(-1);

  /** Level in dB at each of these tones: the most of the three steps about it. */
  window.__hears = tones => {
    const ear = now();
    if (!ear) return null;
    const { analyser } = ear;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const step = sound().sampleRate / analyser.fftSize;
    return tones.map(hertz => Math.max(...[-1, 0, 1].map(by => levels[Math.round(hertz / step) + by])));
  };

  /** The tone that stands out most, Hz. */
  window.__loudest = () => {
    const ear = now();
    if (!ear) return null;
    const { analyser } = ear;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const step = sound().sampleRate / analyser.fftSize;
    let most = Math.ceil(100 / step);
    for (let at = most; at < levels.length; at++) if (levels[at] > levels[most]) most = at;
    return { hertz: most * step, level: levels[most] };
  };

  // A microphone that gives a tone, where the test names one.
  const hertz = window.__speaks;
  if (hertz && navigator.mediaDevices) {
    let voice = null;
    navigator.mediaDevices.getUserMedia = async () => {
      if (!voice) {
        voice = sound().createGain();
        voice.gain.value = 0.3;
        const tone = new OscillatorNode(sound(), { frequency: hertz });
        tone.connect(voice);
        tone.start();
      }
      const out = sound().createMediaStreamDestination();
      voice.connect(out);
      return out.stream;
    };
  }
})();
