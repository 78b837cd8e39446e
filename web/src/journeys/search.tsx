// Search of records, and each record itself.
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../shared/api.ts';
import { Field, Select } from '../shared/components/field.tsx';
import { amend, go, place, without } from '../shared/hash.ts';
import { lang } from '../shared/text.ts';
import { JourneyView } from './journey.tsx';
import { JourneyList } from './list.tsx';
import { OUTCOMES, outcomeWord } from './terms.ts';
import { w } from './words.ts';

// Nobody wants an answer to half a number.
const PAUSE = 350;

export function SearchView({ session, tab }: { session: Session; tab: string }) {
  const of = place.value.of;
  const [number, setNumber] = useState(of['number'] ?? '');
  useEffect(() => {
    if (number === (place.peek().of['number'] ?? '')) return;
    const timer = setTimeout(() => amend({ number }), PAUSE);
    return () => clearTimeout(timer);
  }, [number]);
  if (of['ref']) return <JourneyView session={session} call={of['ref']} onBack={() => go(tab, without('ref'))} />;
  void lang.value;
  const asked = { number: of['number'] ?? '', since: of['since'] ?? '', until: of['until'] ?? '', outcome: of['outcome'] ?? '' };
  // What seats key in (`*72`) is no call of anybody's: it is there for whoever asks for its number or its outcome.
  const codes = asked.number === '' && asked.outcome === '' ? 'no' : '';
  const outcomes = [{ value: '', says: w('anyCall') }, ...Object.keys(OUTCOMES).map(value => ({ value, says: outcomeWord(value) }))];
  return (
    <div class="ops-view">
      <form class="filters" role="search" onSubmit={event => { event.preventDefault(); amend({ number }); }}>
        <div class="wide-field"><Field label={w('numberHint')} type="search" value={number} onInput={setNumber} maxLength={40} /></div>
        <Field label={w('since')} type="datetime-local" value={asked.since} onInput={since => amend({ since })} />
        <Field label={w('until')} type="datetime-local" value={asked.until} onInput={until => amend({ until })} />
        <Select label={w('outcome')} value={asked.outcome} options={outcomes} onChange={outcome => amend({ outcome })} />
      </form>
      <JourneyList asked={{ ...asked, codes }} onOpen={ref => go(tab, { ...of, ref })} />
    </div>
  );
}
