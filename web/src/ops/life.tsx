// A number's life as a bar on a time line that all numbers share, and its calls a day as a small line.
import { stampOf } from '../shared/format.ts';
import { w } from './words.ts';
import type { Period, PlanNumber } from './numbers.tsx';

/** Days since the epoch. */
export type Day = number;
const MS = 86_400_000;

export interface Scale {
  first: Day;
  last: Day;
  today: Day;
}

const dayOfText = (text: string): Day => Date.parse(`${text}T00:00:00Z`) / MS;

/** The city's day of a moment. */
export function dayOf(ms: number): Day {
  return dayOfText(stampOf(ms * 1000).slice(0, 10));
}

/** From a month before the first turn of any life to two months after the last, and today in it. */
export function scaleOf(items: readonly PlanNumber[], today: Day): Scale {
  const turns = items.flatMap(of => of.life.flatMap(({ from, to }) => [from, to].filter(text => text !== null).map(dayOfText)));
  return { first: Math.min(today, ...turns) - 31, last: Math.max(today, ...turns) + 61, today };
}

const WIDTH = 1000;
const xOf = (day: Day, { first, last }: Scale): number => Math.min(WIDTH, Math.max(0, ((day - first) / (last - first)) * WIDTH));

/** The first of each month within. */
function months({ first, last }: Scale): { day: Day; year: number; month: string }[] {
  const all: { day: Day; year: number; month: string }[] = [];
  const at = new Date(first * MS);
  at.setUTCDate(1);
  for (;;) {
    at.setUTCMonth(at.getUTCMonth() + 1);
    const day = at.getTime() / MS;
    if (day >= last) return all;
    all.push({ day, year: at.getUTCFullYear(), month: String(at.getUTCMonth() + 1).padStart(2, '0') });
  }
}

export function Axis({ scale }: { scale: Scale }) {
  const marks = months(scale);
  const every = Math.ceil(marks.length / 9);
  // Today's mark needs its room.
  const shown = marks.filter(({ day }, n) => n % every === 0 && Math.abs(xOf(day, scale) - xOf(scale.today, scale)) > 80);
  return (
    <div class="axis" aria-hidden="true">
      {shown.map(({ day, year, month }, n) => (
        <span key={day} ref={node => node?.style.setProperty('left', `${xOf(day, scale) / 10}%`)}>{shown[n - 1]?.year === year ? month : `${year}-${month}`}</span>
      ))}
      <b ref={node => node?.style.setProperty('left', `${xOf(scale.today, scale) / 10}%`)}>{w('today')}</b>
    </div>
  );
}

function said(of: PlanNumber): string {
  const parts = of.life.map(period => `${w(period.what)} ${[period.from, period.to].filter(Boolean).join(' – ')}`.trim());
  return w('lifeSaid', of.number, of.title, parts.join('; '));
}

function Bar({ of, period, scale, height }: { of: PlanNumber; period: Period; scale: Scale; height: number }) {
  const from = period.from ? xOf(dayOfText(period.from), scale) : 0;
  // The last day is in the period.
  const to = period.to ? xOf(dayOfText(period.to) + 1, scale) : WIDTH;
  if (period.what === 'cancelled') return <line class="span cancelled" x1={from} x2={to} y1={height / 2} y2={height / 2} />;
  const thin = period.what === 'before';
  const [y, h] = thin ? [height / 2 - 2, 4] : [height / 2 - 8, 16];
  return <rect class={`span ${period.what} ${of.class}`} x={from} y={y} width={Math.max(0, to - from)} height={h} rx={thin ? 0 : 2} />;
}

export function LifeBar({ of, scale, tall = false }: { of: PlanNumber; scale: Scale; tall?: boolean }) {
  const height = tall ? 40 : 26;
  const x = xOf(scale.today, scale);
  return (
    <svg class={`life ${tall ? 'tall' : ''}`} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label={said(of)}>
      {months(scale).map(({ day }) => <line key={day} class="month" x1={xOf(day, scale)} x2={xOf(day, scale)} y1="0" y2={height} />)}
      {of.life.map(period => <Bar key={period.what} of={of} period={period} scale={scale} height={height} />)}
      <line class="today" x1={x} x2={x} y1="0" y2={height} />
    </svg>
  );
}

export function Spark({ values }: { values: readonly number[] }) {
  const top = Math.max(1, ...values);
  const step = 120 / Math.max(1, values.length - 1);
  const points = values.map((value, n) => `${(n * step).toFixed(1)},${(22 - (value / top) * 20).toFixed(1)}`);
  return (
    <svg class="spark" viewBox="0 0 120 24" aria-hidden="true">
      <polygon points={`0,24 ${points.join(' ')} 120,24`} />
      <polyline points={points.join(' ')} />
    </svg>
  );
}
