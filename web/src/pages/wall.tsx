// The wallboard: one screen, read from six metres away. It asks every two seconds; what is old says that it is old.
import '../wall/wall.css';
import { useEffect, useState } from 'preact/hooks';
import type { WallFigures } from '../hall/rows.ts';
import { Fault, get, type Session } from '../shared/api.ts';
import { now, setServerTime } from '../shared/clock.ts';
import { HourChart, presentHour } from '../shared/components/chart.tsx';
import { percent } from '../shared/components/kpi.tsx';
import { Wrong } from '../shared/components/loaded.tsx';
import { clockOf, hourOf, stampOf } from '../shared/format.ts';
import { useLoad } from '../shared/load.ts';
import { showTo } from '../shared/page.tsx';
import { t } from '../shared/words.ts';
import { Changing, Tile } from '../wall/changing.tsx';
import { Controls } from '../wall/controls.tsx';
import { w } from '../wall/words.ts';

const EVERY = 2000;
// Where the server names none: a caller who has waited a minute is somebody's business now.
const LONGEST_S = 60;

/** The size of the letters that goes with the height of the screen. */
function useLetter(): number {
  const [letter, setLetter] = useState(innerHeight / 48);
  useEffect(() => {
    const measure = () => setLetter(innerHeight / 48);
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);
  return Math.round(letter);
}

function SeatsTile({ seats }: { seats: WallFigures['seats'] }) {
  const always = [['ready', seats.ready], ['talking', seats.talking + (seats.ringing ?? 0)], ['wrap', seats.wrap_up], ['break', seats.break]] as const;
  const parts = seats.lost ? [...always, ['lost', seats.lost] as const] : always;
  return (
    <section class="tile seats" aria-label={w('seats')}>
      <h2>{w('seats')} <small>{w('out', seats.out)}</small></h2>
      <dl>
        {parts.map(([kind, count]) => (
          <div key={kind} class={kind}><dt>{w(kind)}</dt><dd><Changing of={count} /></dd></div>
        ))}
      </dl>
      <div class="share" aria-hidden="true">
        {parts.map(([kind, count]) => <span key={kind} class={kind} ref={node => node?.style.setProperty('flex-grow', String(count))} />)}
      </div>
    </section>
  );
}

function Board({ wall, old }: { wall: WallFigures; old: boolean }) {
  const { today, rolling, targets, trend, seats } = wall;
  const letter = useLetter();
  // Between two answers the longest wait goes on by the server's clock; not once it is silent.
  const longest = wall.waiting === 0 ? 0 : wall.longest_wait_s * 1000 + (old ? 0 : Math.max(0, now.value - wall.now / 1000));
  const limit = (targets.longest_wait_s ?? LONGEST_S) * 1000;
  const met = (share: number | null, target: number) => (share === null ? '' : share < target ? 'below' : 'met');
  return (
    <main id="main" class={`board ${old ? 'old' : ''}`}>
      <header>
        <h1>12345 <span>{w('title')}</span></h1>
        {old && <p class="as-of" role="status">{w('stale', stampOf(wall.now).slice(11))}</p>}
        <p class={`alarm ${wall.alarms > 0 ? 'act' : ''}`}>{wall.alarms > 0 ? <>{w('alarms')} <Changing of={wall.alarms} /></> : w('noAlarms')}</p>
        <time>{hourOf(now.value)}</time>
      </header>
      <Tile class="queue" name={w('waiting')} value={wall.waiting} />
      <Tile still class="longest" name={w('longest')} value={wall.waiting === 0 ? '–' : clockOf(longest)} beside={w('target', `≤ ${clockOf(limit)}`)} kind={longest > limit ? 'act' : ''} />
      <Tile class="within" name={w('within')} value={percent(rolling.within_15s)} kind={met(rolling.within_15s, targets.within_15s)}
        beside={`≥ ${percent(targets.within_15s, 0)} · ${w('lowest', percent(rolling.minimum))}`} />
      <Tile class="rate" name={w('rate')} value={percent(today.connect_rate)} kind={met(today.connect_rate, targets.connect_rate)} beside={w('target', `≥ ${percent(targets.connect_rate, 0)}`)} />
      <SeatsTile seats={seats} />
      <Tile class="calls" name={w('calls')} value={today.calls.toLocaleString('en-US')} beside={w('answered', today.answered.toLocaleString('en-US'))} />
      <Tile class="abandoned" name={w('abandoned')} value={today.abandoned.toLocaleString('en-US')} />
      <section class="tile trend" aria-label={w('trend')}>
        <h2>{w('trend')}
          <small><i class="today" />{w('today')}</small><small><i class="then" />{w('sameWeekday')}</small>
        </h2>
        <HourChart quiet font={letter} label={w('trend')} lines={[
          { says: w('today'), values: trend.today.slice(0, -1), colour: '--talking-solid' },
          presentHour(trend.today),
          { says: w('sameWeekday'), values: trend.same_weekday, colour: '--out-solid', dashed: true },
        ]} />
      </section>
    </main>
  );
}

function Wall({ session }: { session: Session }) {
  // Nobody touches a wall: its asking keeps the session, as long as a session lasts at all.
  const wall = useLoad(async ({ signal }) => {
    const asked = Date.now();
    const figures = await get<WallFigures>('/api/v1/wall', signal ? { signal } : {});
    setServerTime(figures.now, asked);
    return figures;
  }, '', EVERY);
  const refused = wall.fault instanceof Fault && wall.fault.status === 403;
  return (
    <div class="wall">
      {wall.data && !refused && <Board wall={wall.data} old={wall.fault !== null} />}
      {!wall.data && (
        <main id="main" class="door-of-wall">
          <h1 class="unseen">{w('title')}</h1>
          {wall.fault ? <Wrong fault={wall.fault} again={wall.again} /> : <p class="soft" role="status">{t('loading')}</p>}
        </main>
      )}
      <Controls session={session} />
    </div>
  );
}

void showTo(['supervisor', 'operator', 'manager', 'agent'], session => <Wall session={session} />);
