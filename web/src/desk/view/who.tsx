// Who calls, which number he dialled, how long he has waited and why he is here.
import { elapsed } from '../../shared/clock.ts';
import { numberOf, spanOf, spoken } from '../../shared/format.ts';
import { seat } from '../board.ts';
import type { CallRow, Came } from '../model.ts';
import { w } from '../words.ts';

function cameWord({ why, from, seen }: Came): string {
  if (why === 'overflow') return w('cameOverflow', from, seen || '—');
  if (why === 'returned') return w('cameReturned', from, seen);
  return why === 'callback' ? w('cameCallback') : `${w('cameTransfer', from)}${seen && `：${seen}`}`;
}

export function Number({ of, large }: { of: string; large?: boolean }) {
  if (of === '') return <span class={large ? 'number large' : 'number'}>{w('anonymous')}</span>;
  return (
    <span class={large ? 'number large' : 'number'}>
      <span class="num" aria-hidden="true">{numberOf(of)}</span><span class="unseen">{spoken(of)}</span>
    </span>
  );
}

/** The number dialled is what the agent answers with: it stands out. */
export function Dialled({ row }: { row: CallRow }) {
  // A title may begin with the number itself.
  const name = row.title.startsWith(row.dialled) ? row.title.slice(row.dialled.length).trim() : row.title;
  return (
    <div class="dialled" aria-label={w('dialledWhat')} role="group">
      <strong class="num">{row.dialled}</strong><span class="cut">{name}</span>
    </div>
  );
}

export function Came({ row, waits }: { row: CallRow; waits: boolean }) {
  const { placed, answered } = row;
  const waited = placed === null ? null : waits ? elapsed(placed) : answered === null ? null : (answered - placed) / 1000;
  return (
    <ul class="came">
      {waited !== null && <li class="num">{w('waited', spanOf(waited))}</li>}
      {row.came && !(row.came.why === 'transfer' && row.came.from === seat.value?.seat) && <li>{cameWord(row.came)}</li>}
    </ul>
  );
}
