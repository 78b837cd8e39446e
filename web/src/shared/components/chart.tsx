// Lines over the hours of a day, with the numbers beside them for whoever does not see them.
import 'uplot/dist/uPlot.min.css';
import './work.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { shown } from '../theme.ts';
import { t } from '../words.ts';

export interface Line {
  says: string;
  values: readonly (number | null)[];
  /** A token of the theme. */
  colour: string;
  dashed?: boolean;
  /** Points of their own, without a line. */
  points?: boolean;
}

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const hour = (at: number): string => `${String(at).padStart(2, '0')}:00`;

function options(lines: readonly Line[], size: { width: number; height: number }, font: number, told: (at: number | null) => void): uPlot.Options {
  const grid = { stroke: token('--line'), width: 1 };
  const axis = { stroke: token('--text-soft'), font: `${font}px ${token('--sans')}`, grid, ticks: { show: false } };
  return {
    ...size,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: [0, 23] }, y: { range: (_, __, max) => [0, Math.max(5, max * 1.08)] } },
    axes: [
      { ...axis, size: font * 2.2, values: (_, ticks) => ticks.map(hour), incrs: [2, 3, 4, 6], grid: { show: false } },
      { ...axis, size: font * 3.6, values: (_, ticks) => ticks.map(of => (of === 0 ? '' : of.toLocaleString('en-US'))), splits: (_, __, ___, max) => { const step = nice(max / 3); return Array.from({ length: Math.floor(max / step) + 1 }, (_, k) => k * step); } },
    ],
    series: [{}, ...lines.map(line => ({
      stroke: token(line.colour), width: line.dashed ? 1.5 : font > 16 ? 4 : 2.5, spanGaps: false,
      points: line.points ? { show: true, size: font * 0.7, fill: token(line.colour) } : { show: false },
      ...(line.dashed ? { dash: [6, 5] } : line.points ? {} : { fill: `${token(line.colour)}1f` }),
    }))],
    hooks: { setCursor: [plot => told(plot.cursor.idx ?? null)] },
  };
}

/** The hour that is not over yet: a point, for a line would seem to fall. */
export function presentHour(today: readonly number[]): Line {
  return { says: t('thisHour'), values: today.map((of, n) => (n === today.length - 1 ? of : null)), colour: '--talking-solid', points: true };
}

/** A round step of about so much. */
function nice(step: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(step, 1)));
  return [1, 2, 5, 10].map(k => k * power).find(k => k >= step) ?? step;
}

export function HourChart({ lines, label, font = 12, quiet = false }: { lines: readonly Line[]; label: string; font?: number; quiet?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const theme = shown.value;
  const key = JSON.stringify(lines);
  const data = (): uPlot.AlignedData => [
    Array.from({ length: 24 }, (_, h) => h),
    ...lines.map(line => Array.from({ length: 24 }, (_, h) => line.values[h] ?? null)),
  ];
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const size = () => ({ width: Math.max(80, node.clientWidth), height: Math.max(60, node.clientHeight) });
    const made = new uPlot(options(lines, size(), font, setAt), data(), node);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(node);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [theme, key, font]);
  return (
    <>
      <figure class="chart grow">
        <div ref={box} aria-hidden="true" />
        <div class="unseen"><table>
          <caption>{label}</caption>
          <thead><tr><td />{lines.map(line => <th key={line.says} scope="col">{line.says}</th>)}</tr></thead>
          <tbody>
            {Array.from({ length: 24 }, (_, h) => (
              <tr key={h}><th scope="row">{hour(h)}</th>{lines.map(line => <td key={line.says}>{line.values[h] ?? ''}</td>)}</tr>
            ))}
          </tbody>
        </table></div>
      </figure>
      {!quiet && (
        <p class="keys-of num" aria-hidden="true">
          {at !== null && <span>{hour(at)}</span>}
          {lines.filter(line => !line.points).map(line => (
            <span key={line.says}><i class={line.dashed ? 'dashed' : ''} ref={node => node?.style.setProperty('color', `var(${line.colour})`)} />{line.says}{at !== null && ` ${line.values[at] ?? '–'}`}</span>
          ))}
        </p>
      )}
    </>
  );
}
