// Calls that rang here and that nobody took up: the latest first.
import { useEffect } from 'preact/hooks';
import { get, query } from '../../shared/api.ts';
import { EmptyState } from '../../shared/components/empty.tsx';
import { Loaded } from '../../shared/components/loaded.tsx';
import type { Page } from '../../shared/components/table.tsx';
import { useLoad } from '../../shared/load.ts';
import type { Journey } from '../../shared/rows.ts';
import { seat, stands } from '../board.ts';
import { p } from '../words-panel.ts';
import { JourneyItem } from './journeys.tsx';

export function Missed() {
  const agent = seat.value?.agent ?? '';
  const load = useLoad(more => get<Page<Journey>>(`/api/v1/journeys${query({ person: agent, rang: 'missed', limit: 20 })}`, { ...more, byItself: true }), agent);
  const is = stands.value?.is;
  // A call that has rung out here is in the records a moment later.
  useEffect(() => {
    const timer = setTimeout(load.again, 1_500);
    return () => clearTimeout(timer);
  }, [is]);
  if (agent === '') return <EmptyState icon="user" title={p('notSignedIn')} />;
  return (
    <Loaded of={load} lines={3}>
      {page => (page.items.length === 0
        ? <EmptyState icon="check" title={p('missedNone')} />
        : <ul class="items">{page.items.map(of => <JourneyItem key={of.ref} of={of} withCaller />)}</ul>)}
    </Loaded>
  );
}
