import { useRef, useState } from 'preact/hooks';
import { Fault, get, query } from '../../shared/api.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty.tsx';
import { Field } from '../../shared/components/field.tsx';
import { told } from '../../shared/text.ts';
import { t } from '../../shared/words.ts';
import type { Journey } from '../model.ts';
import { p } from '../words-panel.ts';
import { JourneyItem } from './journeys.tsx';

interface Page {
  items: Journey[];
  next: string | null;
}

/** Calls of the past by number and time. */
export function Search() {
  const [number, setNumber] = useState('');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const [found, setFound] = useState<Page | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const go = async (after: string | null) => {
    const mine = ++asked.current;
    setBusy(true);
    setWrong(null);
    try {
      const page = await get<Page>(`/api/v1/journeys${query({ number: number.replace(/\s/g, ''), since, until, limit: 20, after })}`);
      if (mine === asked.current) setFound(before => (after !== null && before ? { ...page, items: [...before.items, ...page.items] } : page));
    } catch (error) {
      if (mine === asked.current) setWrong(error instanceof Fault ? told(error) : t('failed'));
    } finally {
      if (mine === asked.current) setBusy(false);
    }
  };
  return (
    <div class="search">
      <form class="stack" role="search" aria-label={p('searchHint')} onSubmit={event => { event.preventDefault(); void go(null); }}>
        <Field label={p('number')} type="tel" value={number} onInput={setNumber} inputmode="tel" maxLength={24} wrong={wrong} />
        <div class="pair">
          <Field label={p('from')} type="datetime-local" value={since} onInput={setSince} />
          <Field label={p('until')} type="datetime-local" value={until} onInput={setUntil} />
        </div>
        <Button type="submit" icon="search" busy={busy}>{p('searchGo')}</Button>
      </form>
      {found === null ? <EmptyState icon="search" title={p('searchHint')} /> : found.items.length === 0 ? <EmptyState title={t('nothing')} /> : (
        <>
          <ul class="items">{found.items.map(of => <JourneyItem key={of.ref} of={of} withCaller />)}</ul>
          {found.next !== null && <Button kind="quiet" busy={busy} onPress={() => void go(found.next)}>{p('moreItems')}</Button>}
        </>
      )}
    </div>
  );
}
