// A table of figures: sorted by any column, its sum always in sight, the calls behind a count one press away.
import './figures.css';
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { percent } from '../shared/components/kpi.tsx';
import { clockOf } from '../shared/format.ts';
import { w } from './words.ts';

export type Figures = Record<string, unknown>;

export interface FigureColumn {
  id: string;
  says: string;
  kind: 'count' | 'rate' | 'time' | 'text';
  /** Where it stands in a row, if not under its own name. */
  of?: (row: Figures) => unknown;
  /** Under this it is below its target. */
  target?: number | undefined;
  /** Of the calls behind it, those with this outcome; all of them where it is empty. */
  behind?: Record<string, string>;
  show?: (row: Figures) => ComponentChildren;
}

const valueOf = (column: FigureColumn, row: Figures): unknown => (column.of ? column.of(row) : row[column.id]);
const isNumber = (value: unknown): value is number => typeof value === 'number';

function Rate({ value, target, few }: { value: unknown; target: number | undefined; few: boolean }) {
  if (!isNumber(value)) return <span class="faint">–</span>;
  const kind = target === undefined || few ? '' : value >= target ? 'good' : 'warn';
  return (
    <span class={`rate ${few ? 'faint' : ''}`} {...(few ? { title: w('fewHint') } : {})}>
      <span class={`bar ${kind}`} aria-hidden="true"><span ref={node => node?.style.setProperty('width', `${Math.round(value * 100)}%`)} /></span>
      <span class="num">{few ? '≈' : ''}{percent(value)}</span>
    </span>
  );
}

function Shown({ column, row, open }: { column: FigureColumn; row: Figures; open: ((of: Record<string, string>) => void) | undefined }) {
  if (column.show) return <>{column.show(row)}</>;
  const value = valueOf(column, row);
  switch (column.kind) {
    case 'rate': return <Rate value={value} target={column.target} few={row['few'] === true} />;
    case 'time': return isNumber(value) ? <span class="num">{clockOf(value)}</span> : <span class="faint">–</span>;
    case 'count': {
      const { behind } = column;
      if (!isNumber(value)) return <span class="faint">–</span>;
      return behind && open && value > 0
        ? <button type="button" class="link num" onClick={() => open(behind)}>{value.toLocaleString('en-US')}</button>
        : <span class="num">{value.toLocaleString('en-US')}</span>;
    }
    case 'text': return <>{String(value ?? '')}</>;
  }
}

export function FigureTable({ label, head, name, columns, rows, sum, keyOf, open, first }: {
  label: string; head: string; name: (row: Figures) => ComponentChildren; columns: readonly FigureColumn[];
  rows: readonly Figures[]; sum: Figures; keyOf: (row: Figures) => string; open?: (row: Figures | null, of: Record<string, string>) => void; first?: string;
}) {
  const [sort, setSort] = useState<{ by: string; down: boolean }>({ by: first ?? '', down: true });
  const column = columns.find(of => of.id === sort.by);
  const rank = (row: Figures): number | string => {
    const value = column ? valueOf(column, row) : keyOf(row);
    return isNumber(value) ? value : value === null || value === undefined ? -1 : String(value);
  };
  const sorted = [...rows].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const order = isNumber(x) && isNumber(y) ? x - y : String(x).localeCompare(String(y), 'zh', { numeric: true });
    return column && sort.down ? -order : order;
  });
  const turn = (by: string) => setSort({ by, down: sort.by === by ? !sort.down : true });
  const th = (id: string, says: string, right: boolean) => (
    <th key={id} scope="col" class={right ? 'right' : ''} aria-sort={sort.by === id ? (sort.down && column ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" title={w('sortBy', says)} onClick={() => turn(id)}>{says}</button>
    </th>
  );
  const cells = (row: Figures, to: Figures | null) => columns.map(of => (
    <td key={of.id} class={of.kind === 'text' ? '' : 'right'}>
      <Shown column={of} row={row} open={open ? what => open(to, what) : undefined} />
    </td>
  ));
  return (
    <div class="table-wrap figures" role="region" aria-label={label} tabIndex={0}>
      <table class="table">
        <caption class="unseen">{label}</caption>
        <thead><tr>{th('', head, false)}{columns.map(of => th(of.id, of.says, of.kind !== 'text'))}</tr></thead>
        <tbody class="sum"><tr><th scope="row">{w('sum')}</th>{cells(sum, null)}</tr></tbody>
        <tbody>
          {sorted.map(row => <tr key={keyOf(row)}><th scope="row">{name(row)}</th>{cells(row, row)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}
