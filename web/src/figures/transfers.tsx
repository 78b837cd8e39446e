// Accountability: what became of the transfers to each number of the directory (asked, answered in 15 s, returned and why, mean ring).
import { get, query, type Session } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { amend, go, place } from '../shared/hash.ts';
import { useLoad } from '../shared/load.ts';
import { may } from '../shared/nav.tsx';
import { causeWord, fateWord } from '../journeys/terms.ts';
import { FigureTable, type FigureColumn, type Figures } from './grid.tsx';
import { PeriodPicker, periodOf } from './period.tsx';
import { Behind } from './view.tsx';
import { w } from './words.ts';

interface Transfers {
  from: string;
  to: string;
  complete: boolean;
  rows: Figures[];
  sum: Figures;
}

const share = (part: string, whole: string) => (row: Figures): number | null => {
  const [of, all] = [row[part], row[whole]];
  return typeof of === 'number' && typeof all === 'number' && all > 0 ? of / all : null;
};

function Causes({ row }: { row: Figures }) {
  const causes = Object.entries((row['causes'] ?? {}) as Record<string, number>).sort((a, b) => b[1] - a[1]);
  return <span class="soft">{causes.map(([cause, count]) => `${causeWord(cause)} ${count}`).join(' · ')}</span>;
}

const columns = (): FigureColumn[] => [
  { id: 'asked', says: w('asked'), kind: 'count', behind: { fate: 'any' } },
  { id: 'answered', says: w('joined'), kind: 'count', behind: { fate: 'joined' } },
  { id: 'rate', says: w('answer_rate'), kind: 'rate', of: share('answered', 'asked') },
  { id: 'in_15s', says: w('in_15s'), kind: 'count' },
  { id: 'in_15s_rate', says: w('answer_15s'), kind: 'rate', of: share('in_15s', 'asked'), target: 0.9 },
  { id: 'mean_ring_ms', says: w('mean_ring_ms'), kind: 'time' },
  { id: 'returned', says: w('returned'), kind: 'count', behind: { fate: 'returned' } },
  { id: 'why', says: w('why'), kind: 'text', of: () => null, show: row => <Causes row={row} /> },
  { id: 'caller_gone', says: w('caller_gone'), kind: 'count', behind: { fate: 'caller_gone' } },
  { id: 'lost', says: w('lost'), kind: 'count', show: row => (row['lost'] ? <Badge kind="bad" dot={false}>{String(row['lost'])} · {w('lostHint')}</Badge> : <span class="num">0</span>) },
];

export function TransfersView({ session }: { session: Session }) {
  const of = place.value.of;
  const { from, to } = periodOf(of);
  const report = useLoad(more => get<Transfers>(`/api/v1/figures/transfers${query({ from, to })}`, more), `${from} ${to}`, 60_000);
  if (of['transfer']) {
    const fate = of['fate'] === 'any' ? '' : (of['fate'] ?? '');
    const asked = { ...(of['transfer'] === '*' ? {} : { transfer: of['transfer'] }), transfer_fate: of['fate'] ?? 'any', since: from, until: to };
    return <Behind session={session} tab="transfers" title={w('behind', of['says'] ?? of['transfer'], fate ? fateWord(fate) : w('asked'))} asked={asked} />;
  }
  const open = (row: Figures | null, what: Record<string, string>) =>
    go('transfers', { ...place.peek().of, transfer: row ? String(row['number']) : '*', says: row ? `${String(row['number'])} ${String(row['title'])}` : w('sum'), ...what });
  return (
    <div class="figures-view">
      <div class="figures-head">
        <span />
        <div class="filters"><PeriodPicker of={of} onChange={amend} /></div>
      </div>
      <Loaded of={report} lines={8}>
        {data => (data.rows.length === 0 ? <EmptyState title={w('noTransfers')} /> : (
          <>
            {!data.complete && <p class="stale" role="status">{w('incomplete')}</p>}
            <FigureTable label={w('transfers')} head={w('department')} columns={columns()} rows={data.rows} sum={data.sum} first="asked"
              keyOf={row => String(row['number'])} name={row => <>{String(row['number'])} <span class="faint">{String(row['title'] ?? '')}</span></>}
              {...(may(session, 'journeys') ? { open } : {})} />
          </>
        ))}
      </Loaded>
    </div>
  );
}
