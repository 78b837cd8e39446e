// The lists beside the call: what the caller has called about before, who is to be called back, and the search.
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty.tsx';
import { Tabs } from '../../shared/components/tabs.tsx';
import { useKeys } from '../../shared/keys.ts';
import { t } from '../../shared/words.ts';
import { askAgain, journeys } from '../earlier.ts';
import { p } from '../words-panel.ts';
import { Callbacks, callbacks } from './callbacks.tsx';
import { JourneyItem } from './journeys.tsx';
import { Missed } from './missed.tsx';
import { Search } from './search.tsx';

function Earlier() {
  const { state, items } = journeys.value;
  if (state === 'none') return <EmptyState icon="user" title={p('earlierNobody')} />;
  if (state === 'asked') return <p class="soft pad" role="status">{t('loading')}</p>;
  if (state === 'failed') return <EmptyState icon="warn" title={t('failed')}><Button onPress={askAgain}>{t('again')}</Button></EmptyState>;
  if (items.length === 0) return <EmptyState icon="check" title={p('earlierNone')} />;
  return <ul class="items">{items.map(of => <JourneyItem key={of.ref} of={of} withCaller={false} />)}</ul>;
}

const TABS = ['earlier', 'callbacks', 'missed', 'search'] as const;

export function Side() {
  const [chosen, setChosen] = useState<string>('earlier');
  const waiting = callbacks.value?.length ?? 0;
  const ref = journeys.value.ref;
  // A new caller is what matters.
  useEffect(() => {
    if (ref !== null) setChosen('earlier');
  }, [ref]);
  const turn = () => setChosen(TABS[(TABS.indexOf(chosen as (typeof TABS)[number]) + 1) % TABS.length] ?? 'earlier');
  useKeys([{ key: 'y', group: p('kPage'), says: p('kTabs'), run: turn }]);
  const count = journeys.value.state === 'there' ? journeys.value.items.length : 0;
  return (
    <section class="side card" aria-label={p('side')}>
      <Tabs label={p('side')} chosen={chosen} onChoose={setChosen} tabs={[
        { id: 'earlier', says: p('earlier'), count },
        { id: 'callbacks', says: p('callbacks'), count: waiting, hot: true },
        { id: 'missed', says: p('missed') },
        { id: 'search', says: p('search') },
      ]}>
        {chosen === 'earlier' && <Earlier />}
        {chosen === 'callbacks' && <Callbacks />}
        {chosen === 'missed' && <Missed />}
        {chosen === 'search' && <Search />}
      </Tabs>
    </section>
  );
}
