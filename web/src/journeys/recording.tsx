// The recording of a call: a wave form for each party, and the sound, once one has said why.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, query } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { clockOf, spanOf } from '../shared/format.ts';
import { told } from '../shared/text.ts';
import type { Cdr } from './record.ts';
import { w } from './words.ts';

interface Waveform {
  seconds: number;
  channels: { name: string; zh: string; en: string; peaks: number[] }[];
  pauses?: { from_ms: number; to_ms: number }[];
}

const WIDTH = 1000;
const HEIGHT = 44;

/** The peaks as one closed shape, above and below the middle. */
function shape(peaks: readonly number[]): string {
  const step = WIDTH / Math.max(1, peaks.length - 1);
  const at = (peak: number, n: number, side: 1 | -1) => `${(n * step).toFixed(1)} ${(HEIGHT / 2 - side * Math.max(0.6, (peak / 255) * (HEIGHT / 2 - 2))).toFixed(1)}`;
  const above = peaks.map((peak, n) => at(peak, n, 1));
  const below = peaks.map((peak, n) => at(peak, n, -1)).reverse();
  return `M${above.join('L')}L${below.join('L')}Z`;
}

const COLOURS = ['one', 'two', 'three', 'four'];

function Player({ cdr, wave, why }: { cdr: Cdr; wave: Waveform; why: string }) {
  const sound = useRef<HTMLAudioElement>(null);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setAt(sound.current?.currentTime ?? 0), 100);
    return () => clearInterval(timer);
  }, [playing]);
  const seek = (seconds: number) => {
    const to = Math.min(Math.max(0, seconds), wave.seconds);
    setAt(to);
    if (sound.current) sound.current.currentTime = to;
  };
  const press = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * wave.seconds);
  };
  const x = (at / wave.seconds) * WIDTH;
  return (
    <div class="stack">
      <audio ref={sound} preload="metadata" src={`/api/v1/journeys/${cdr.call}/recording${query({ why })}`}
        onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} onEnded={() => setPlaying(false)} />
      <div class="waves">
        {wave.channels.map((channel, n) => (
          <div key={channel.name} class="wave">
            <span class="cut">{told(channel)}</span>
            <svg class={COLOURS[n % COLOURS.length] ?? ''} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" onClick={press}>
              {(wave.pauses ?? []).map(p => <rect key={p.from_ms} class="unkept" x={(p.from_ms / 1000 / wave.seconds) * WIDTH} width={((p.to_ms - p.from_ms) / 1000 / wave.seconds) * WIDTH} y="0" height={HEIGHT} />)}
              <path d={shape(channel.peaks)} />
              <line class="now" x1={x} x2={x} y1="0" y2={HEIGHT} />
            </svg>
          </div>
        ))}
      </div>
      <div class="row">
        <Button icon={playing ? 'pause' : 'play'} kind="primary" onPress={() => void (playing ? sound.current?.pause() : sound.current?.play())}>{playing ? w('pause') : w('play')}</Button>
        <input class="grow" type="range" min="0" max={Math.floor(wave.seconds)} step="1" value={Math.floor(at)} aria-label={w('position')}
          aria-valuetext={spanOf(at * 1000)} onInput={event => seek(Number(event.currentTarget.value))} />
        <span class="num">{clockOf(at * 1000)} / {clockOf(wave.seconds * 1000)}</span>
      </div>
    </div>
  );
}

export function Recording({ cdr }: { cdr: Cdr }) {
  const [asking, setAsking] = useState(false);
  const [heard, setHeard] = useState<{ why: string; wave: Waveform } | null>(null);
  if (!cdr.recording) return <EmptyState icon="record" title={w('notRecorded')} />;
  if (heard) return <Player cdr={cdr} wave={heard.wave} why={heard.why} />;
  const run = async (why: string) => {
    const wave = await get<Waveform>(`/api/v1/journeys/${cdr.call}/waveform${query({ why })}`);
    setHeard({ why, wave });
  };
  return (
    <div class="row">
      <Button icon="play" onPress={() => setAsking(true)}>{w('listen')}</Button>
      {cdr.recorded_ms ? <span class="soft">{w('recordingOf', spanOf(cdr.recorded_ms), spanOf(cdr.recording_paused_ms ?? 0))}</span> : null}
      {asking && <ReasonDialog title={w('listen')} what={w('listenWhat')} action={w('listen')} run={run} onClose={() => setAsking(false)} />}
    </div>
  );
}
