// What a call would meet otherwise under another plan.
import { EmptyState } from '../shared/components/empty.tsx';
import { Table, type Column } from '../shared/components/table.tsx';
import { stampOf } from '../shared/format.ts';
import { w } from './words.ts';

interface KeyChange {
  key: string;
  old: string | null;
  new: string | null;
}

interface NumberChange {
  number: string;
  entry: [string | null, string | null];
  title: string;
  periods: { from: number | null; until: number | null; old: string; new: string }[];
  keys: KeyChange[];
}

export interface Planned {
  outcome: string;
  text: string;
  version?: string;
  warnings?: { zh: string; en: string };
  difference?: { numbers: NumberChange[]; settings: { address: string; keys: KeyChange[] }[] };
  replayed?: { calls: number; elsewhere: { number: string; calls: number; old: string; new: string }[] };
}

const keyLine = (change: KeyChange): string => `${change.key}: ${change.old ?? '–'} → ${change.new ?? '–'}`;

function Was({ of }: { of: NumberChange }) {
  const { periods, keys, entry } = of;
  return (
    <div class="change">
      {periods.map((p, n) => (
        <div key={n} class="turn">
          <span class="soft small num">{p.from === null ? w('fromNow') : w('fromOn', stampOf(p.from).slice(0, 16))}</span>
          <del>{p.old}</del><span aria-hidden="true">→</span><ins>{p.new}</ins>
        </div>
      ))}
      {keys.map(change => <div key={change.key} class="soft small">{keyLine(change)}</div>)}
      {periods.length + keys.length === 0 && <span class="soft small">{entry[1] === null ? w('gone') : w('added')}</span>}
    </div>
  );
}

export function DifferenceView({ planned }: { planned: Planned }) {
  const { difference, replayed } = planned;
  if (!difference) return null;
  if (difference.numbers.length + difference.settings.length === 0) return <EmptyState icon="check" title={w('noDifference')} />;
  const numbers: Column<NumberChange>[] = [
    { id: 'number', says: w('number'), show: of => <><b class="num">{of.number}</b> <span class="soft">{of.title}</span></> },
    { id: 'was', says: `${w('oldWay')} → ${w('newWay')}`, show: of => <Was of={of} /> },
  ];
  const elsewhere = (replayed?.elsewhere ?? []).reduce((sum, of) => sum + of.calls, 0);
  return (
    <div class="stack">
      {replayed && <p>{w('replayed', replayed.calls.toLocaleString('en-US'), elsewhere.toLocaleString('en-US'))}</p>}
      {difference.numbers.length > 0 && <><h3>{w('changedNumbers')}</h3><Table columns={numbers} rows={difference.numbers} keyOf={of => of.number} label={w('changedNumbers')} /></>}
      {difference.settings.length > 0 && (
        <>
          <h3>{w('changedSettings')}</h3>
          <dl class="facts">{difference.settings.map(of => <><dt key={of.address} class="mono">{of.address}</dt><dd>{of.keys.map(keyLine).join('; ')}</dd></>)}</dl>
        </>
      )}
    </div>
  );
}
