// `why` as a form: the decision of the exchange's own code, in words and as facts.
import { useState } from 'preact/hooks';
import { get, query } from '../shared/api.ts';
import { serverNow } from '../shared/clock.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Field } from '../shared/components/field.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { stampOf } from '../shared/format.ts';
import { lifeWord } from '../journeys/terms.ts';
import { go, place } from '../shared/hash.ts';
import { useLoad } from '../shared/load.ts';
import { lang } from '../shared/text.ts';
import { w } from './words.ts';

interface Hop {
  step: string;
  place: string;
  visit?: { group: string; hours: string; open: boolean; max_wait_ms: number; overflow: Hop[] };
}

interface Facts {
  number?: string;
  routed: boolean;
  reason: string;
  status?: number;
  q850?: number;
  address?: string;
  title?: string;
  owner?: string;
  state?: string;
  cutover?: string;
  last_day?: string;
  place?: string;
  counted?: { province: boolean; by: string | null };
  steps?: Hop[];
}

/** Where something is written: the file in the plan's folder; the whole path says nothing more. */
const placed = (text: string): string => text.replace(/\/\S*\/(?=[^\s/]+\.toml:\d)/g, '');

function localNow(): string {
  return stampOf(serverNow() * 1000).slice(0, 16).replace(' ', 'T');
}

function Steps({ hops, over = false }: { hops: readonly Hop[]; over?: boolean }) {
  return (
    <ol class={`hops ${over ? 'over' : ''}`}>
      {hops.map((hop, n) => (
        <li key={n}>
          <div class="hop">
            <span class="at">{over ? w('overflow') : n + 1}</span>
            <span class="grow"><b class="mono">{hop.step}</b>
              {hop.visit && <span class="soft small"> {w('hours')} {hop.visit.hours} · {w('maxWait', Math.round(hop.visit.max_wait_ms / 1000))}</span>}
            </span>
            <span class="mono tiny faint">{placed(hop.place)}</span>
          </div>
          {hop.visit && hop.visit.overflow.length > 0 && <Steps hops={hop.visit.overflow} over />}
        </li>
      ))}
    </ol>
  );
}

function Answer({ text, facts }: { text: string; facts: Facts }) {
  const rows: [string, string | undefined][] = [
    [w('entry'), [facts.address, facts.title].filter(Boolean).join(' ')],
    [w('owner'), facts.owner],
    [w('state'), facts.state && lifeWord(facts.state)],
    [w('cutover'), facts.cutover],
    [w('lastDay'), facts.last_day],
    [w('counted'), facts.counted && w(facts.counted.province ? 'countedProvince' : 'countedCity')],
    [w('place'), facts.place && placed(facts.place)],
  ];
  return (
    <div class="answer">
      <section class="card part" aria-labelledby="answer"><h2 class="small-head" id="answer">{w('answer')}</h2><pre class="said" tabIndex={0}>{placed(text)}</pre></section>
      <section class="card part" aria-labelledby="facts">
        <h2 class="small-head" id="facts">{w('facts')}</h2>
        <p>{facts.routed
          ? <Badge kind="good">{w('routed')}</Badge>
          : <Badge kind="warn">{w('refusedWith', [facts.status, facts.q850 && `Q.850 ${facts.q850}`].filter(Boolean).join(' · '))}</Badge>}</p>
        <dl class="facts">{rows.filter(([, said]) => said).map(([name, said]) => <><dt key={name}>{name}</dt><dd>{said}</dd></>)}</dl>
        {facts.steps && facts.steps.length > 0 && <Steps hops={facts.steps} />}
      </section>
    </div>
  );
}

export function WhyView() {
  const of = place.value.of;
  const [number, setNumber] = useState(of['number'] ?? '');
  const [at, setAt] = useState(of['at'] ?? localNow());
  const [caller, setCaller] = useState(of['caller'] ?? '');
  const asked = of['number'] ?? '';
  const question = { number: asked, at: of['at'], caller: of['caller'], lang: lang.value };
  const answer = useLoad(
    more => (asked === '' ? Promise.resolve(null) : get<{ text: string; facts: Facts }>(`/api/v1/plan/why${query(question)}`, more)),
    JSON.stringify(question),
  );
  const send = (event: Event) => {
    event.preventDefault();
    if (number.trim() !== '') go('why', { number: number.trim(), at, caller: caller.trim() });
    if (asked === number.trim()) answer.again();
  };
  return (
    <div class="ops-view">
      <form class="filters" aria-label={w('whyTitle')} onSubmit={send}>
        <Field label={w('dialled')} type="tel" value={number} onInput={setNumber} required autofocus maxLength={64}
          wrong={answer.fault?.field === 'number' ? (lang.value === 'zh' ? answer.fault.zh : answer.fault.en) : null} />
        <Field label={w('at')} type="datetime-local" value={at} onInput={setAt} />
        <Field label={w('callerWhy')} type="tel" value={caller} onInput={setCaller} maxLength={32} />
        <Button kind="primary" type="submit" busy={answer.busy && asked !== ''}>{w('ask')}</Button>
      </form>
      {asked === '' || answer.fault?.field === 'number' ? <EmptyState icon="help" title={w('askFirst')} /> : <Loaded of={answer}>{data => data && <Answer text={data.text} facts={data.facts} />}</Loaded>}
    </div>
  );
}
