// What happened in a call, in order, each with the time since it came in.
import { clockOf } from '../shared/format.ts';
import type { Cdr, Target } from './record.ts';
import { causeWord, fateWord, outcomeWord, wayWord } from './terms.ts';
import { w } from './words.ts';

interface Moment {
  at: number;
  says: string;
  then?: string;
  kind: '' | 'good' | 'bad' | 'soft';
}

export function targetName(target: Target): string {
  return 'seat' in target ? w('seat', target.seat) : `${w('trunk', target.trunk.trunk)} ${target.trunk.number}`;
}

const lasted = (from: number, to: number | null): string => (to === null ? '' : `${((to - from) / 1_000_000).toFixed(1)} s`);

function moments(cdr: Cdr): Moment[] {
  const all: Moment[] = [{ at: cdr.t0, says: w('began'), kind: '' }];
  for (const p of cdr.prompts) all.push({ at: p.at, says: w('prompt', p.prompt), then: [lasted(p.at, p.end), p.whole ? w('whole') : w('cut')].filter(Boolean).join(' · '), kind: 'soft' });
  for (const v of cdr.visits) all.push({ at: v.at, says: w('queued', v.group), then: [lasted(v.at, v.end), v.overflow ? w('overflowed', causeWord(v.overflow)) : ''].filter(Boolean).join(' · '), kind: v.overflow ? 'bad' : '' });
  for (const a of cdr.attempts) {
    const then = a.answered ? `${lasted(a.at, a.answered)} · ${w('answered')}` : `${lasted(a.at, a.end)} · ${causeWord(a.cause)}${a.status ? ` ${a.status}` : ''}`;
    all.push({ at: a.at, says: w('rang', targetName(a.target)), then, kind: a.answered ? 'good' : 'bad' });
  }
  for (const tr of cdr.transfers ?? []) {
    const then = [lasted(tr.asked, tr.end), fateWord(tr.fate), causeWord(tr.cause), tr.reason].filter(Boolean).join(' · ');
    all.push({ at: tr.asked, says: w('transfer', wayWord(tr.way), tr.to, tr.title), then, kind: tr.fate === 'joined' ? 'good' : 'bad' });
  }
  all.push({ at: cdr.end, says: w('overAt', outcomeWord(cdr.outcome)), kind: '' });
  return all.sort((a, b) => a.at - b.at);
}

export function Course({ cdr }: { cdr: Cdr }) {
  return (
    <ol class="course">
      {moments(cdr).map(({ at, says, then, kind }, n) => (
        <li key={n} class={kind}>
          <span class="num at">+{clockOf((at - cdr.t0) / 1000)}</span>
          <span class="knot" aria-hidden="true" />
          <span><span>{says}</span>{then && <span class="soft small"> {then}</span>}</span>
        </li>
      ))}
    </ol>
  );
}
