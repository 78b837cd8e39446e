// The service figures by one dimension, and the calls behind each of them.
import { get, query, type Session } from '../shared/api.ts';
import type { ComponentChildren } from 'preact';
import { Button } from '../shared/components/button.tsx';
import { HourChart, presentHour } from '../shared/components/chart.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { amend, go, place, without } from '../shared/hash.ts';
import { useLoad } from '../shared/load.ts';
import { t } from '../shared/words.ts';
import { may } from '../shared/nav.tsx';
import { outcomeWord } from '../journeys/terms.ts';
import { JourneyList } from '../journeys/list.tsx';
import { JourneyView } from '../journeys/journey.tsx';
import { columnsOf, nameOf } from './columns.tsx';
import { FigureTable, type Figures } from './grid.tsx';
import { PeriodPicker, periodOf } from './period.tsx';
import { w } from './words.ts';

const DIMENSIONS = ['line', 'group', 'department', 'person', 'traffic', 'hour'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface Report {
  by: Dimension;
  from: string;
  to: string;
  complete: boolean;
  rows: Figures[];
  sum: Figures;
}

const ENDS = ['answered', 'rang_out', 'abandoned'] as const;
const isEnd = (word: string): word is (typeof ENDS)[number] => ENDS.some(of => of === word);

const hourEnd = (hour: string): string => `${hour.slice(0, 13)}:59:59`;

interface Trend {
  today: number[];
  same_weekday: number[];
  date: string;
}

/** Today against the same day a week ago, of one row. */
function TrendOf({ by, of }: { by: string; of: string }) {
  const trend = useLoad<Trend>(more => get(`/api/v1/figures/trend${query({ by, of })}`, more), `${by} ${of}`, 60_000);
  return (
    <section class="card trend-of" aria-label={w('trend')}>
      <Loaded of={trend} lines={3}>
        {data => (
          <HourChart label={w('trend')} lines={[
            { says: w('trendToday'), values: data.today.slice(0, -1), colour: '--talking-solid' },
            presentHour(data.today),
            { says: w('trendThen', data.date.slice(5)), values: data.same_weekday, colour: '--out-solid', dashed: true },
          ]} />
        )}
      </Loaded>
    </section>
  );
}

/** The calls behind a figure, with the way back, and each call itself. */
export function Behind({ session, tab, title, asked, children }: { session: Session; tab: string; title: string; asked: Record<string, string>; children?: ComponentChildren }) {
  const of = place.value.of;
  if (of['ref']) return <JourneyView session={session} call={of['ref']} onBack={() => go(tab, without('ref'))} />;
  const back = () => go(tab, without('of', 'says', 'outcome', 'transfer', 'fate', 'rang', 'visit'));
  return (
    <div class="figures-view">
      <div class="crumbs">
        <Button icon="back" onPress={back}>{t('back')}</Button>
        <h2>{title}</h2>
      </div>
      {children}
      <JourneyList asked={asked} onOpen={ref => go(tab, { ...of, ref })} />
    </div>
  );
}

function Rows({ report, tab, session }: { report: Report; tab: string; session: Session }) {
  const { by } = report;
  const open = (row: Figures | null, what: Record<string, string>) => {
    const key = row ? String(row[by] ?? '') : '';
    // What is counted together beyond the lines that are known has no calls of its own to show.
    if (by === 'line' && key === 'other') return;
    go(tab, { ...place.peek().of, of: row ? key || '-' : '*', says: row ? label(row) : w('sum'), ...what });
  };
  const label = (row: Figures) => nameOf(by, row).join(' ');
  return (
    <>
      {!report.complete && <p class="stale" role="status">{w('incomplete')}</p>}
      {report.rows.length === 0
        ? <EmptyState title={w('none')} />
        : (
          <FigureTable key={by} label={w('figures')} head={w(`by_${by}`)} columns={columnsOf(by)} rows={report.rows} sum={report.sum}
            keyOf={row => `${String(row[by] ?? '')}/${String(row['seat'] ?? '')}`} first={by === 'hour' || by === 'traffic' ? '' : by === 'group' ? 'visits' : by === 'person' ? 'offered' : 'calls'}
            name={row => { const [first, second] = nameOf(by, row); return <>{first} <span class="faint">{second}</span></>; }}
            {...(may(session, 'journeys') ? { open } : {})} />
        )}
    </>
  );
}

export function FiguresView({ session, tab }: { session: Session; tab: string }) {
  const of = place.value.of;
  const by = DIMENSIONS.find(word => word === of['by']) ?? 'line';
  const { from, to } = periodOf(of);
  const report = useLoad(more => get<Report>(`/api/v1/figures${query({ by, from, to })}`, more), `${by} ${from} ${to}`, 60_000);
  if (of['of']) {
    const outcome = of['outcome'] ?? '';
    const key = of['of'];
    // An hour is a period of its own; the sum is everything in the period.
    const ended = { outcome, rang: of['rang'] ?? '', visit: of['visit'] ?? '' };
    const asked = by === 'hour' && key !== '*' ? { since: key, until: hourEnd(key), ...ended } : { ...(key === '*' ? {} : { [by]: key }), since: from, until: to, ...ended };
    const how = ended.rang || ended.visit;
    const title = w('behind', of['says'] ?? of['of'], outcome ? outcomeWord(outcome) : isEnd(how) ? w(how) : w('all'));
    return (
      <Behind session={session} tab={tab} title={title} asked={asked}>
        {by !== 'hour' && key !== '*' && <TrendOf by={by} of={key === '-' ? '' : key} />}
      </Behind>
    );
  }
  return (
    <div class="figures-view">
      <div class="figures-head">
        <div class="chips" role="group" aria-label={w('by')}>
          {DIMENSIONS.map(word => (
            <button key={word} type="button" class="chip" aria-pressed={word === by} onClick={() => amend({ by: word })}>{w(`by_${word}`)}</button>
          ))}
        </div>
        <div class="filters"><PeriodPicker of={of} onChange={amend} /></div>
      </div>
      <Loaded of={report} lines={8}>{data => <Rows report={data} tab={tab} session={session} />}</Loaded>
    </div>
  );
}
