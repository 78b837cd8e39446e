// The figures above everything, beside their targets. Red only where somebody must act.
import { Kpi, percent } from '../shared/components/kpi.tsx';
import { clockOf } from '../shared/format.ts';
import { stateWord } from '../shared/words.ts';
import { age, groups, known, placedOf, tally, waitingAll } from './floor.ts';
import type { WallFigures } from './rows.ts';
import { w } from './words.ts';

// Where the server names none: a caller who has waited a minute is somebody's business now.
const LONGEST_S = 60;

function SeatsKpi() {
  const { ready, talking, wrap, break: resting, lost } = tally.value;
  const always = [['ready', ready], ['talking', talking], ['wrap', wrap], ['break', resting]] as const;
  // A phone that is gone is nobody's rest: shown where there is one.
  const parts = lost > 0 ? [...always, ['lost', lost] as const] : always;
  return (
    <div class="kpi seats-kpi">
      <span class="name">{w('seatsNow')}</span>
      <dl>
        {parts.map(([kind, count]) => (
          <div key={kind} class={kind}><dt>{stateWord(kind)}</dt><dd>{known.value ? count : '–'}</dd></div>
        ))}
      </dl>
    </div>
  );
}

/** `alarms` is null as long as it is not known. */
export function Kpis({ wall, alarms }: { wall: WallFigures | null; alarms: number | null }) {
  const waiting = waitingAll.value;
  const longest = waiting.length === 0 ? 0 : Math.max(...waiting.map(row => age(placedOf(row))));
  const limit = (wall?.targets.longest_wait_s ?? LONGEST_S) * 1000;
  const { rolling, today, targets } = wall ?? {};
  const under = (share: number | null | undefined, target: number | undefined) => typeof share === 'number' && target !== undefined && share < target;
  return (
    <div class="kpis" role="group" aria-label={w('figures')}>
      <Kpi name={w('waiting')} value={known.value ? waiting.length : '–'}
        beside={groups.value.filter(g => g.waiting > 0).map(g => `${g.title} ${g.waiting}`).join(' · ') || w('nobodyWaits')} />
      <Kpi name={w('longest')} value={waiting.length === 0 ? '–' : clockOf(longest)} beside={w('target', `≤ ${clockOf(limit)}`)} act={longest > limit} />
      <Kpi name={w('within')} value={percent(rolling?.within_15s)} below={under(rolling?.within_15s, targets?.within_15s)}
        beside={wall ? `${w('target', `≥ ${percent(targets?.within_15s, 0)}`)} · ${w('lowest', percent(rolling?.minimum))}` : undefined} />
      <Kpi name={w('rate')} value={percent(today?.connect_rate)} below={under(today?.connect_rate, targets?.connect_rate)}
        beside={wall ? w('target', `≥ ${percent(targets?.connect_rate, 0)}`) : undefined} />
      <SeatsKpi />
      <Kpi name={w('abandoned')} value={today?.abandoned ?? '–'} beside={today ? w('ofCalls', today.answered, today.calls) : undefined} />
      <Kpi name={w('standingAlarms')} value={alarms === null ? '–' : alarms || w('noAlarms')} act={alarms !== null && alarms > 0} />
    </div>
  );
}
