// One call from its INVITE to its end: facts, course, sound of each leg, signalling and recording, as far as one may.
import './journeys.css';
import { useState } from 'preact/hooks';
import { get, post, type Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { clockOf, numberOf, spanOf, stampOf } from '../shared/format.ts';
import { useLoad } from '../shared/load.ts';
import { may } from '../shared/nav.tsx';
import { told } from '../shared/text.ts';
import { t } from '../shared/words.ts';
import { Course } from './course.tsx';
import { Ladder } from './ladder.tsx';
import { OutcomeBadge } from './list.tsx';
import { QualityTable } from './quality.tsx';
import { Recording } from './recording.tsx';
import type { Cdr } from './record.ts';
import { causeWord, lifeWord, partyWord, titleBeside } from './terms.ts';
import { w } from './words.ts';

function Caller({ session, cdr }: { session: Session; cdr: Cdr }) {
  const [asking, setAsking] = useState(false);
  const [whole, setWhole] = useState<string | null>(null);
  const masked = whole === null && (cdr.masked ?? cdr.caller.includes('*'));
  const run = (why: string) => post<{ caller: string }>(`/api/v1/journeys/${cdr.call}/unmask`, { why }).then(got => setWhole(got.caller));
  return (
    <span class="row">
      <strong class="num caller">{numberOf(whole ?? cdr.caller)}</strong>
      {masked && may(session, 'unmask') && <Button class="small" onPress={() => setAsking(true)}>{w('unmask')}</Button>}
      {asking && <ReasonDialog title={w('unmask')} what={w('unmaskWhat')} action={w('unmask')} run={run} onClose={() => setAsking(false)} />}
    </span>
  );
}

function Facts({ cdr }: { cdr: Cdr }) {
  const origin = 'trunk' in cdr.origin ? w('trunk', cdr.origin.trunk) : w('seat', cdr.origin.seat);
  const rows: [string, string][] = [
    [w('began'), stampOf(cdr.t0)],
    [w('ended'), `${stampOf(cdr.end)} · ${w('lasted', spanOf((cdr.end - cdr.t0) / 1000))}`],
    [w('came'), `${origin} · ${cdr.source}`],
    [w('line'), [cdr.entry, cdr.title].filter(Boolean).join(' ')],
    [w('state'), cdr.state ? lifeWord(cdr.state) : ''],
    [w('traffic'), w(cdr.traffic)],
    [w('outcome'), w('endedBy', partyWord(cdr.by), causeWord(cdr.cause))],
    [w('survey'), cdr.grade ? `${w('grade', cdr.grade)}${cdr.solved === undefined || cdr.solved === null ? '' : ` · ${w(cdr.solved ? 'solved' : 'unsolved')}`}` : ''],
    [w('plan'), cdr.plan ?? ''],
    [w('callId'), cdr.call_id],
  ];
  return <dl class="facts">{rows.filter(([, said]) => said !== '').map(([name, said]) => <><dt key={name}>{name}</dt><dd class="num">{said}</dd></>)}</dl>;
}

function Whole({ session, cdr }: { session: Session; cdr: Cdr }) {
  const waited = cdr.t1 ? w('waited', spanOf(((cdr.t2 ?? cdr.end) - cdr.t1) / 1000)) : '';
  const talked = cdr.t2 ? w('talked', spanOf((cdr.end - cdr.t2) / 1000)) : '';
  return (
    <>
      <div class="journey-head row">
        <Caller session={session} cdr={cdr} />
        <span>→ <b class="num">{cdr.dialled}</b> {titleBeside(cdr.dialled, cdr.title)}</span>
        <OutcomeBadge outcome={cdr.outcome} />
        <span class="soft">{[waited, talked].filter(Boolean).join(' · ')}</span>
      </div>
      <div class="journey">
        <section class="card part"><h3>{w('course')}</h3><Course cdr={cdr} /></section>
        <section class="card part"><h3>{w('facts')}</h3><Facts cdr={cdr} /></section>
        {may(session, 'recording') && <section class="card part whole"><h3>{w('recording')}</h3><Recording cdr={cdr} /></section>}
        {(cdr.facts ?? []).length > 0 && (
          <section class="card part whole">
            <details>
              <summary>{w('everything', cdr.facts?.length ?? 0)}</summary>
              <ol class="told">
                {(cdr.facts ?? []).map((fact, n) => <li key={n}><span class="num soft">+{clockOf((fact.at - cdr.t0) / 1000)}</span> <span>{told(fact)}</span></li>)}
              </ol>
            </details>
          </section>
        )}
        <section class="card part whole"><h3>{w('quality')}</h3><QualityTable cdr={cdr} /></section>
        {may(session, 'ladder') && <section class="card part whole"><h3>{w('ladder')}</h3><Ladder call={cdr.call} t0={cdr.t0} /></section>}
      </div>
    </>
  );
}

export function JourneyView({ session, call, onBack }: { session: Session; call: string; onBack: () => void }) {
  const cdr = useLoad(more => get<Cdr>(`/api/v1/journeys/${encodeURIComponent(call)}`, more), call);
  return (
    <div class="stack">
      <div class="row"><Button icon="back" onPress={onBack}>{t('back')}</Button><h2>{w('call', call)}</h2></div>
      <Loaded of={cdr} lines={10}>{data => <Whole session={session} cdr={data} />}</Loaded>
    </div>
  );
}
