// The trail of what has been done and seen: read, never changed.
import '../shared/components/work.css';
import '../ops/ops.css';
import '../audit/audit.css';
import { useEffect, useState } from 'preact/hooks';
import { save } from '../audit/export.ts';
import { deeds, deedWord, w } from '../audit/words.ts';
import { SearchView } from '../journeys/search.tsx';
import { PlanView } from '../ops/plan.tsx';
import { get, query, type Session } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { Field, Select } from '../shared/components/field.tsx';
import { Header } from '../shared/components/header.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { PagedTable, type Column, type Page } from '../shared/components/table.tsx';
import { Tabs } from '../shared/components/tabs.tsx';
import { toast } from '../shared/components/toast.tsx';
import { stampOf } from '../shared/format.ts';
import { amend, go, hrefOf, place } from '../shared/hash.ts';
import { Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';
import { lang } from '../shared/text.ts';

interface Entry {
  seq: number;
  at: number;
  who: string;
  title?: string;
  by?: string;
  role?: string;
  from: string;
  what: string;
  zh?: string;
  of: string;
  why: string;
  outcome: 'done' | 'refused' | 'failed';
}

interface Trail extends Page<Entry> {
  head: string;
}

// Nobody wants an answer to half a name.
const PAUSE = 300;

const TABS = ['trail', 'calls', 'plan'] as const;
// A call's reference: what was done to a call leads to its record.
const CALL = /^[0-9A-Za-z_-]{11}$/;

const OF_CALLS = new Set(['journey', 'unmask', 'recording', 'ladder', 'monitor', 'whisper', 'barge', 'takeover', 'hang_up']);

const columns = (): Column<Entry>[] => [
  { id: 'seq', says: w('seq'), right: true, show: e => <span class="soft">{e.seq}</span> },
  { id: 'at', says: w('at'), show: e => <span class="num">{stampOf(e.at)}</span> },
  { id: 'who', says: w('who'), show: e => <><b>{e.title ?? e.who}</b> {e.title && <span class="soft mono small">{e.who}</span>}{e.by && <span class="soft"> {w('byWhom', e.by)}</span>}</> },
  { id: 'what', says: w('what'), show: e => deedWord(e.what, e.zh) },
  { id: 'of', says: w('of'), show: e => (OF_CALLS.has(e.what) && CALL.test(e.of)
    ? <a class="mono small" href={hrefOf('calls', { ref: e.of })}>{e.of}</a>
    : <span class="mono small">{e.of}</span>) },
  { id: 'why', says: w('why'), show: e => e.why },
  { id: 'from', says: w('from'), show: e => <span class="soft mono small">{e.from === 'socket' ? w('socket') : e.from}</span> },
  { id: 'outcome', says: w('outcome'), show: e => (e.outcome === 'done' ? <span class="soft">{w('done')}</span> : <Badge kind="warn" dot={false}>{w(e.outcome)}</Badge>) },
];

function Head({ head }: { head: string }) {
  const copy = () => void navigator.clipboard.writeText(head).then(() => toast(w('copied'), 'good'), () => toast(w('copyFailed'), 'bad'));
  return (
    <section class="card chain" aria-label={w('head')}>
      <div class="grow"><strong>{w('head')}</strong><p class="soft small">{w('headHint')}</p><code class="mono">{head || '–'}</code></div>
      <Button onPress={copy} off={head === ''}>{w('copy')}</Button>
    </section>
  );
}

function Audit({ session }: { session: Session }) {
  const tab = TABS.find(of => of === place.value.tab) ?? 'trail';
  void lang.value;
  return (
    <>
      <Header title={w('title')} home={session.home} account={session.title || session.account}><Nav session={session} label={w('pages')} /></Header>
      <main id="main" class="page">
        <h1 class="unseen">{w('title')}</h1>
        <Tabs tabs={TABS.map(id => ({ id, says: w(id) }))} chosen={tab} onChoose={go} label={w('views')}>
          {tab === 'trail' && <Trails />}
          {tab === 'calls' && <SearchView session={session} tab="calls" />}
          {tab === 'plan' && <PlanView session={session} />}
        </Tabs>
      </main>
    </>
  );
}

function Trails() {
  const of = place.value.of;
  const [who, setWho] = useState(of['who'] ?? '');
  const [head, setHead] = useState('');
  const [exporting, setExporting] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => amend({ who }), PAUSE);
    return () => clearTimeout(timer);
  }, [who]);
  const asked = { who: of['who'] ?? '', what: of['what'] ?? '', since: of['since'] ?? '' };
  const load = async (after: string | null) => {
    const trail = await get<Trail>(`/api/v1/audit${query({ ...asked, limit: 50, after })}`);
    setHead(trail.head);
    return trail;
  };
  const whats = [{ value: '', says: w('any') }, ...deeds.map(value => ({ value, says: deedWord(value) }))];
  const run = (why: string) => save(`/api/v1/audit/export${query({ ...asked, why })}`, 'audit.csv').then(name => toast(w('exported', name), 'good'));
  return (
    <>
        <div class="list-head">
          <form class="filters" role="search" onSubmit={event => { event.preventDefault(); amend({ who }); }}>
            <Field label={w('who')} type="search" value={who} onInput={setWho} maxLength={64} />
            <Select label={w('what')} value={asked.what} options={whats} onChange={what => amend({ what })} />
            <Field label={w('since')} type="datetime-local" value={asked.since} onInput={since => amend({ since })} />
          </form>
          <Button onPress={() => setExporting(true)}>{w('export')}</Button>
        </div>
        <Head head={head} />
        <PagedTable<Entry> load={load} filter={JSON.stringify(asked)} columns={columns()} keyOf={e => String(e.seq)} label={w('title')} empty={w('none')} />
      {exporting && <ReasonDialog title={w('exportNow')} what={w('exportWhat')} action={w('exportNow')} run={run} onClose={() => setExporting(false)} />}
    </>
  );
}

void showTo(['auditor'], session => <Audit session={session} />);
