import { useEffect, useRef } from 'preact/hooks';
import { micStream } from '../phone/mic.ts';
import { w } from '../words.ts';

let context: AudioContext | null = null;

/** The level of the microphone, as a bar. Drawn past the framework: thirty times a second nothing else changes. */
export function Meter() {
  const bar = useRef<HTMLDivElement>(null);
  const stream = micStream.value;
  useEffect(() => {
    if (!stream) return;
    context ??= new AudioContext();
    void context.resume();
    const source = context.createMediaStreamSource(stream);
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    let level = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
      // From -60 dB to full scale.
      const now = peak === 0 ? 0 : Math.max(0, 1 + Math.log10(peak) / 3);
      level = Math.max(now, level * 0.92);
      bar.current?.style.setProperty('--level', level.toFixed(3));
      bar.current?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      source.disconnect();
    };
  }, [stream]);
  return <div class="meter" ref={bar} role="meter" aria-label={w('mic')} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0}><i /></div>;
}
