// Records of calls, in pages.
import { get, query } from '../shared/api.ts';
import { now } from '../shared/clock.ts';
import { Badge, type BadgeKind } from '../shared/components/badge.tsx';
import { PagedTable, type Column, type Page } from '../shared/components/table.tsx';
import { clockOf, numberOf, timeOf } from '../shared/format.ts';
import { hrefOf, place } from '../shared/hash.ts';
import type { Journey } from '../shared/rows.ts';
import { lang, told } from '../shared/text.ts';
import { outcomeWord, titleBeside } from './terms.ts';
import { w } from './words.ts';

const KINDS: Record<string, BadgeKind> = {
  connected: 'good', served: 'good', callback: 'info', abandoned: 'warn', abandoned_in_prompt: 'warn', no_answer: 'warn', busy: 'warn',
  unreachable: 'bad', shed: 'bad', failed: 'bad', interrupted: 'bad',
};

export function OutcomeBadge({ outcome, zh }: { outcome: string; zh?: string }) {
  return <Badge kind={KINDS[outcome] ?? 'break'} dot={false}>{lang.value === 'zh' && zh ? zh : outcomeWord(outcome)}</Badge>;
}

const time = (ms: number | null) => (ms === null ? <span class="faint">–</span> : <span class="num">{clockOf(ms)}</span>);

/** `asked` is what the server is asked for, by its own names. */
export function JourneyList({ asked, onOpen, limit = 25 }: { asked: Record<string, string>; onOpen: (ref: string) => void; limit?: number }) {
  const columns: Column<Journey>[] = [
    { id: 'at', says: w('at'), show: j => <span class="num">{timeOf(j.began, now.value)}</span> },
    { id: 'caller', says: w('caller'), show: j => <span class="num">{numberOf(j.caller)}</span> },
    { id: 'dialled', says: w('dialled'), show: j => <><b class="num">{j.dialled}</b> <span class="soft">{titleBeside(j.dialled, j.title)}</span></> },
    { id: 'by', says: w('answeredBy'), show: j => (j.answered_by ? `${told({ zh: j.answered_by, en: j.answered_by_en ?? j.answered_by })} ${j.name ?? ''}` : <span class="faint">–</span>) },
    { id: 'wait', says: w('wait'), right: true, show: j => time(j.wait_ms) },
    { id: 'talk', says: w('talk'), right: true, show: j => time(j.talk_ms) },
    { id: 'outcome', says: w('outcome'), show: j => <OutcomeBadge outcome={j.outcome} zh={j.zh} /> },
    { id: 'ref', says: w('ref'), show: j => <a class="mono small" href={hrefOf(place.value.tab, { ...place.value.of, ref: j.ref })} onClick={event => event.stopPropagation()}>{j.ref}</a> },
  ];
  return (
    <PagedTable<Journey> load={after => get<Page<Journey>>(`/api/v1/journeys${query({ ...asked, limit, after })}`)} filter={JSON.stringify(asked)}
      columns={columns} keyOf={j => j.ref} label={w('calls')} empty={w('none')} onPress={j => onOpen(j.ref)} />
  );
}
