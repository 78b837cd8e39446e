import { elapsed, remaining } from '../../shared/clock.ts';
import { Icon, type IconName } from '../../shared/components/icon.tsx';
import { clockOf } from '../../shared/format.ts';
import type { StateClass } from '../../shared/states.ts';
import { lastCall, seat, stands } from '../board.ts';
import { w } from '../words.ts';
import { Dialled, Number } from './who.tsx';

const SAYS: Partial<Record<StateClass, [IconName, Parameters<typeof w>[0]]>> = {
  ready: ['headset', 'idleReady'], break: ['clock', 'idleBreak'], idle: ['check', 'idleIn'],
  out: ['headset', 'idleOut'], wrap: ['list', 'idleWrap'], lost: ['warn', 'idleLost'],
};

/** Between two calls. */
export function Idle() {
  const now = stands.value;
  const row = seat.value;
  const [icon, says] = SAYS[now?.is ?? 'out'] ?? ['phone', 'idleBusy'];
  const last = lastCall.value;
  return (
    <article class="callcard idle-card" aria-label={w(says)}>
      <div class={`idle-mark ${now?.is ?? 'out'}`}>
        <Icon name={icon} size={36} />
        <h2>{w(now?.reason === 'no_answer' ? 'idleNoAnswer' : says)}</h2>
        {row && <span class="num soft">{row.until ? w('left', clockOf(remaining(row.until))) : clockOf(elapsed(row.since))}</span>}
      </div>
      {last && (
        <section class="last">
          <h3>{w('lastCall')}</h3>
          <Dialled row={last} />
          <Number of={last.caller} />
        </section>
      )}
    </article>
  );
}
