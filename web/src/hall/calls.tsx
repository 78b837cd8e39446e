// Who waits and who talks: two lists, one row a call. Arrows move, Enter chooses.
import type { ComponentChildren } from 'preact';
import { EmptyState } from '../shared/components/empty.tsx';
import { Waiting } from '../shared/components/loaded.tsx';
import { clockOf, numberOf } from '../shared/format.ts';
import { titleBeside } from '../journeys/terms.ts';
import { age, known, liveShown, positionOf, seats, selected, sitterOf, titleOf, waitingShown } from './floor.ts';
import type { CallRow } from './rows.ts';
import { w } from './words.ts';

const STAGES = ['announcing', 'queueing', 'ringing', 'talking'] as const;

export function stageOf(row: CallRow): string {
  const stage = STAGES.find(of => of === row.stage);
  return stage ? w(`stage_${stage}`) : row.stage;
}

/** Why it is here: where it came from before. */
export function cameOf(row: CallRow): string {
  const { came } = row;
  if (!came) return '';
  const text = came.why === 'callback' ? w('callback') : w(came.why, came.from);
  return came.seen ? `${text}（${came.seen}）` : text;
}

/** How long it has been what it is. */
export function ageOf(row: CallRow): number {
  const since = row.stage === 'queueing' ? row.placed : row.answered;
  return age(since ?? row.since ?? row.began ?? 0);
}

/** Who it is: a number behind a trunk, without the trunk. */
export const whoOf = (of: string): string => of.split('/').at(-1) ?? of;

function whoServes(row: CallRow): ComponentChildren {
  const agent = row.parties.find(p => p.role === 'agent') ?? row.parties.find(p => p.role === 'offered');
  const others = row.parties.filter(p => p.role === 'target');
  const sup = row.parties.find(p => p.role === 'supervisor');
  return (
    <>
      {agent ? `${whoOf(agent.who)} ${agent.title || sitterOf(seats.value.get(agent.who))}` : row.with.map(of => whoOf(titleOf(of))).join(' ')}
      {others.map(p => <span key={p.leg} class={`mark ${p.answered ? '' : 'ringing'}`}>＋{p.title || whoOf(p.who)}{p.answered ? '' : ` ${w('stage_ringing')}`}</span>)}
      {sup && <span class="mark sup">{sup.supervision ? w(`sup_${sup.supervision}`) : w('role_supervisor')}</span>}
      {row.recording_paused && <span class="mark paused">{w('paused')}</span>}
    </>
  );
}

function move(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement;
  const rows = [...list.querySelectorAll<HTMLElement>('[role=option]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    rows[Math.min(Math.max(to, 0), rows.length - 1)]?.focus();
  } else if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    event.stopPropagation();
    const id = rows[at]?.dataset['id'];
    if (id) selected.value = { kind: 'call', id };
  }
}

function Rows({ rows, label, show }: { rows: readonly CallRow[]; label: string; show: (row: CallRow) => ComponentChildren }) {
  const chosen = selected.value;
  const has = chosen?.kind === 'call' && rows.some(row => row.call === chosen.id);
  return (
    <div class="call-rows" role="listbox" aria-label={label} onKeyDown={move}>
      {rows.map((row, at) => {
        const mine = chosen?.kind === 'call' && chosen.id === row.call;
        return (
          <div key={row.call} role="option" class="call-row" data-id={row.call} aria-selected={mine} tabIndex={mine || (!has && at === 0) ? 0 : -1}
            onClick={() => { selected.value = { kind: 'call', id: row.call }; }}>
            {show(row)}
          </div>
        );
      })}
    </div>
  );
}

const Dialled = ({ row }: { row: CallRow }) => <span class="dialled cut"><b>{row.dialled}</b> {titleBeside(row.dialled, row.title)}</span>;

export function WaitingList({ limit }: { limit: number }) {
  const rows = waitingShown.value;
  if (!known.value) return <Waiting lines={3} />;
  if (rows.length === 0) return <p class="nobody">{w('nobodyWaits')}</p>;
  return (
    <Rows rows={rows} label={w('waiting')} show={row => (
      <>
        <span class="place" title={w('position', positionOf(row))}>{positionOf(row)}</span>
        <span class="caller num">{numberOf(row.caller)}</span>
        <Dialled row={row} />
        <span class="note cut">{cameOf(row) || titleOf(row.group ?? '')}</span>
        <span class={`age num ${ageOf(row) > limit ? 'act' : ''}`}>{clockOf(ageOf(row))}</span>
      </>
    )} />
  );
}

export function CallList() {
  const rows = liveShown.value;
  if (!known.value) return <Waiting lines={5} />;
  if (rows.length === 0) return <EmptyState icon="phone" title={w('noCalls')} />;
  return (
    <Rows rows={rows} label={w('calls')} show={row => (
      <>
        <span class={`stage ${row.stage}`} title={stageOf(row)} />
        <span class="caller num">{numberOf(row.caller)}</span>
        <Dialled row={row} />
        <span class="note cut">{whoServes(row)}</span>
        <span class="age num">{row.stage === 'talking' ? clockOf(ageOf(row)) : stageOf(row)}</span>
      </>
    )} />
  );
}
