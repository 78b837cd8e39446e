// The seats as a dense grid: number, name, state and how long, in the colour of the state. Arrows move, Enter chooses.
import { useRef } from 'preact/hooks';
import type { Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Waiting } from '../shared/components/loaded.tsx';
import { clockOf } from '../shared/format.ts';
import { may } from '../shared/nav.tsx';
import { standing } from '../shared/states.ts';
import { stateWord } from '../shared/words.ts';
import { age, groups, groupShown, known, onlySignedIn, seats, seatsShown, selected, sitterOf } from './floor.ts';
import { askDisaster } from './orders.tsx';
import type { SeatRow } from './rows.ts';
import { w } from './words.ts';

/** The word of a seat's state: of a break why. */
export function stateOf(row: SeatRow): string {
  const { is, reason } = standing(row.state);
  return is === 'break' && reason !== '' && !/^[a-z_]+$/.test(reason) ? reason : stateWord(is);
}

function shortClock(ms: number): string {
  return ms >= 3_600_000 ? `${Math.floor(ms / 3_600_000)}h${String(Math.floor(ms / 60_000) % 60).padStart(2, '0')}` : clockOf(ms);
}

function Cell({ row, first }: { row: SeatRow; first: boolean }) {
  const { is, pending } = standing(row.state);
  const mine = selected.value?.kind === 'seat' && selected.value.id === row.seat;
  const time = is === 'out' ? '' : shortClock(age(row.since));
  const who = sitterOf(row);
  const then = pending === null ? '' : ` ${w('after', pending === 'signed_out' ? stateWord('out') : pending)}`;
  return (
    <div role="option" id={`seat-${row.seat}`} aria-selected={mine} tabIndex={mine || first ? 0 : -1} class={`seat ${is}`} data-id={row.seat}
      onClick={() => { selected.value = { kind: 'seat', id: row.seat }; }}>
      <span class="top-line"><b>{row.seat}</b> <span class="cut">{who}</span></span>{' '}
      <span class="low-line"><span class="cut">{stateOf(row)}{then && <small>{then}</small>}</span> <span class="num">{time}</span></span>
    </div>
  );
}

export function SeatGrid() {
  const grid = useRef<HTMLDivElement>(null);
  if (!known.value) return <Waiting lines={8} />;
  const rows = seatsShown.value;
  if (rows.length === 0) return <EmptyState icon="headset" title={w('noSeats')} />;
  const chosen = selected.value;
  const hasChosen = chosen?.kind === 'seat' && rows.some(row => row.seat === chosen.id);

  const move = (event: KeyboardEvent) => {
    const cells = [...(grid.current?.querySelectorAll<HTMLElement>('[role=option]') ?? [])];
    const at = cells.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const top = cells[0]?.offsetTop ?? 0;
    const across = Math.max(1, cells.filter(cell => cell.offsetTop === top).length);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + across, ArrowUp: at - across, Home: 0, End: cells.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const cell = cells[Math.min(Math.max(to, 0), cells.length - 1)];
      cell?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      event.stopPropagation();
      const id = cells[at]?.dataset['id'];
      if (id) selected.value = { kind: 'seat', id };
    }
  };
  return (
    <div class="seat-grid" role="listbox" aria-label={w('seats')} ref={grid} onKeyDown={move}>
      {rows.map((row, at) => <Cell key={row.seat} row={row} first={!hasChosen && at === 0} />)}
    </div>
  );
}

/** One chip a group: who waits, who is free. It is the filter of the whole floor. */
export function GroupChips() {
  const choose = (group: string) => { groupShown.value = group; };
  return (
    <div class="chips" role="group" aria-label={w('groupFilter')}>
      <button type="button" class="chip" aria-pressed={groupShown.value === ''} onClick={() => choose('')}>{w('allGroups')} <b>{seats.value.size}</b></button>
      <button type="button" class="chip" aria-pressed={onlySignedIn.value} onClick={() => { onlySignedIn.value = !onlySignedIn.value; }}>{w('onlySignedIn')}</button>
      {[...groups.value].sort((a, b) => Number(b.short || b.disaster) - Number(a.short || a.disaster) || Number(b.waiting > 0) - Number(a.waiting > 0)).map(row => (
        <button key={row.group} type="button" class={`chip ${row.short || row.disaster ? 'act' : ''}`} aria-pressed={groupShown.value === row.group}
          title={w('groupLine', row.waiting, row.ready, row.at_work)} onClick={() => choose(groupShown.value === row.group ? '' : row.group)}>
          {row.title} <b>{row.at_work}/{row.seats}</b>
          {row.waiting > 0 && <span>{w('waiting')} {row.waiting}</span>}
          {row.short && <span>{w('short')}</span>}
          {row.disaster && <span>{w('disaster')}</span>}
        </button>
      ))}
    </div>
  );
}

/** What may be ordered about the group that is shown. */
export function GroupOrders({ session }: { session: Session }) {
  const row = groups.value.find(of => of.group === groupShown.value);
  if (!row || !may(session, 'group')) return null;
  return (
    <div class="group-orders row">
      <span class="soft">{w('groupLine', row.waiting, row.ready, row.at_work)}</span>
      <Button class="small" kind={row.disaster ? 'plain' : 'danger'} onPress={() => askDisaster(row)}>{w(row.disaster ? 'disasterEnd' : 'disasterBegin')}</Button>
    </div>
  );
}
