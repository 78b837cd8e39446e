import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Fault } from '../api.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';
import { EmptyState } from './empty.tsx';
import { Waiting, Wrong } from './loaded.tsx';

export interface Column<R> {
  id: string;
  says: string;
  right?: boolean;
  show: (row: R) => ComponentChildren;
}

/** One page of a list as the server gives it. */
export interface Page<R> {
  items: R[];
  next: string | null;
}

/** Rows as they are. */
export function Table<R>({ columns, rows, keyOf, label, onPress }: {
  columns: readonly Column<R>[]; rows: readonly R[]; keyOf: (row: R) => string; label: string; onPress?: (row: R) => void;
}) {
  const press = (row: R) => (onPress ? {
    class: 'press', tabIndex: 0, onClick: () => onPress(row),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && event.target === event.currentTarget) onPress(row);
    },
  } : {});
  return (
    <div class="table-wrap" role="region" aria-label={label} tabIndex={0}>
      <table class="table">
        <caption class="unseen">{label}</caption>
        <thead><tr>{columns.map(c => <th key={c.id} scope="col" class={c.right ? 'right' : ''}>{c.says}</th>)}</tr></thead>
        <tbody>
          {rows.map(row => (
            <tr key={keyOf(row)} {...press(row)}>
              {columns.map(c => <td key={c.id} class={c.right ? 'right' : ''}>{c.show(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A list that the server gives in pages. `load` is asked again whenever `filter` says something else. */
export function PagedTable<R>({ load, filter = '', columns, keyOf, label, onPress, empty }: {
  load: (after: string | null) => Promise<Page<R>>; filter?: string; columns: readonly Column<R>[];
  keyOf: (row: R) => string; label: string; onPress?: (row: R) => void; empty?: string;
}) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const [page, setPage] = useState<Page<R> | null>(null);
  const [wrong, setWrong] = useState<Fault | null>(null);
  const asked = useRef(0);

  const turn = (to: readonly (string | null)[]) => {
    const mine = ++asked.current;
    setCursors(to);
    setWrong(null);
    load(to[to.length - 1] ?? null).then(
      got => mine === asked.current && setPage(got),
      (error: unknown) => mine === asked.current && setWrong(error instanceof Fault ? error : new Fault(0, 'unknown', t('failed'), t('failed'))),
    );
  };
  useEffect(() => turn([null]), [filter]);

  if (wrong !== null) return <Wrong fault={wrong} again={() => turn(cursors)} />;
  if (page === null) return <Waiting lines={6} />;
  if (page.items.length === 0 && cursors.length === 1) return <EmptyState title={empty ?? t('nothing')} />;
  return (
    <div>
      <Table columns={columns} rows={page.items} keyOf={keyOf} label={label} {...(onPress ? { onPress } : {})} />
      {(cursors.length > 1 || page.next !== null) && (
        <div class="table-foot">
          <span class="soft small">{t('page', cursors.length)}</span>
          <Button off={cursors.length === 1} onPress={() => turn(cursors.slice(0, -1))}>{t('previous')}</Button>
          <Button off={page.next === null} onPress={() => turn([...cursors, page.next])}>{t('next')}</Button>
        </div>
      )}
    </div>
  );
}
