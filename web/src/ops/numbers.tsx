// The numbers with their life drawn on one time line: before, transition, cancelled, or in service without an end.
import { useState } from 'preact/hooks';
import { get } from '../shared/api.ts';
import { serverNow } from '../shared/clock.ts';
import { Badge, type BadgeKind } from '../shared/components/badge.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Field } from '../shared/components/field.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { amend, hrefOf, place } from '../shared/hash.ts';
import { titleBeside } from '../journeys/terms.ts';
import { useLoad } from '../shared/load.ts';
import { lang } from '../shared/text.ts';
import { Axis, dayOf, LifeBar, scaleOf, Spark, type Scale } from './life.tsx';
import { w } from './words.ts';

export interface Period {
  what: 'before' | 'transition' | 'cancelled' | 'serving';
  from: string | null;
  to: string | null;
  zh: string;
  steps?: string[];
  status?: number | null;
}

export interface PlanNumber {
  number: string;
  title: string;
  owner?: string;
  class: string;
  zh: string;
  place?: string;
  life: Period[];
  today: string;
  days_left: number | null;
  calls: number[];
}

const CLASSES = ['hub', 'merged', 'parallel', 'branch', 'emergency', 'utility'] as const;
const KINDS: Record<string, BadgeKind> = { hub: 'talking', merged: 'ringing', parallel: 'ready', branch: 'wrap', emergency: 'bad', utility: 'break' };

function classWord(of: PlanNumber): string {
  const known = CLASSES.find(word => word === of.class);
  return lang.value === 'zh' ? of.zh : known ? w(known) : of.class;
}

function spanWords({ from, to }: Period): string {
  if (from && to) return w('fromTo', from, to);
  if (from) return w('fromOn', from);
  return to ? w('until', to) : w('always');
}

function Detail({ of, scale, onClose }: { of: PlanNumber; scale: Scale; onClose: () => void }) {
  return (
    <Dialog title={`${of.number} ${titleBeside(of.number, of.title)}`} wide onClose={onClose}>
      <dl class="facts">
        <dt>{w('class')}</dt><dd>{classWord(of)}</dd>
        {of.owner && <><dt>{w('owner')}</dt><dd>{of.owner}</dd></>}
        {of.place && <><dt>{w('place')}</dt><dd class="mono small">{of.place}</dd></>}
      </dl>
      <LifeBar of={of} scale={scale} tall />
      <ol class="stack">
        {of.life.map(period => (
          <li key={period.what} class="period">
            <strong><i class={`swatch ${period.what} ${of.class}`} />{w(period.what)}</strong> <span class="soft">{spanWords(period)}</span>
            {period.steps && period.steps.length > 0
              ? <ol class="steps">{period.steps.map((step, n) => <li key={n} class="mono small">{step}</li>)}</ol>
              : <p class="soft small">{period.status ? `${period.status} · ` : ''}{w('noSteps')}</p>}
          </li>
        ))}
      </ol>
      <a href={hrefOf('why', { number: of.number })}>{w('askWhy')}</a>
    </Dialog>
  );
}

function Rows({ items }: { items: readonly PlanNumber[] }) {
  const [chosen, setChosen] = useState<PlanNumber | null>(null);
  const today = dayOf(serverNow());
  const scale = scaleOf(items, today);
  const find = (place.value.of['find'] ?? '').trim();
  const only = place.value.of['class'] ?? '';
  const count = (word: string) => items.filter(of => of.class === word).length;
  const shown = items.filter(of => (only === '' || of.class === only) && (find === '' || `${of.number}${of.title}${of.owner ?? ''}`.includes(find)));
  return (
    <>
      <div class="ops-head">
        <div class="chips" role="group" aria-label={w('class')}>
          <button type="button" class="chip" aria-pressed={only === ''} onClick={() => amend({ class: '' })}>{w('all')} <b>{items.length}</b></button>
          {CLASSES.filter(word => count(word) > 0).map(word => (
            <button key={word} type="button" class="chip" aria-pressed={only === word} onClick={() => amend({ class: only === word ? '' : word })}>
              <i class={`swatch ${word === 'merged' ? 'transition' : 'serving'} ${word}`} />{w(word)} <b>{count(word)}</b>
            </button>
          ))}
        </div>
        <div class="filters"><div class="wide-field"><Field label={w('find')} type="search" value={find} onInput={text => amend({ find: text })} /></div></div>
      </div>
      {shown.length === 0 ? <EmptyState title={w('noNumbers')} /> : (
        <div class="table-wrap numbers" role="region" aria-label={w('numbers')} tabIndex={0}>
          <table class="table">
            <caption class="unseen">{w('numbers')}</caption>
            <thead>
              <tr>
                <th scope="col">{w('number')}</th><th scope="col">{w('class')}</th>
                <th scope="col" class="axis-cell"><span class="unseen">{w('life')}</span><Axis scale={scale} /></th>
                <th scope="col" class="right">{w('daysLeft')}</th><th scope="col" class="right">{w('callsToday')}</th><th scope="col">{w('perDay')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(of => (
                <tr key={of.number}>
                  <th scope="row"><button type="button" class="link" onClick={() => setChosen(of)}>{of.number}</button> <span class="soft">{titleBeside(of.number, of.title)}</span></th>
                  <td><Badge kind={KINDS[of.class] ?? 'break'} dot={false}>{classWord(of)}</Badge></td>
                  <td class="life-cell"><LifeBar of={of} scale={scale} /></td>
                  <td class="right">{of.days_left === null ? <span class="faint">–</span> : w('days', of.days_left)}</td>
                  <td class="right">{(of.calls.at(-1) ?? 0).toLocaleString('en-US')}</td>
                  <td><Spark values={of.calls} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen && <Detail of={chosen} scale={scale} onClose={() => setChosen(null)} />}
    </>
  );
}

export function Numbers() {
  const numbers = useLoad(more => get<{ items: PlanNumber[] }>('/api/v1/plan/numbers', more), '', 60_000);
  return <div class="ops-view"><Loaded of={numbers} lines={10}>{data => <Rows items={data.items} />}</Loaded></div>;
}
