// Alarms: those that want somebody stand above the floor until they are acknowledged; all of them have a list.
import './alarms.css';
import { useState } from 'preact/hooks';
import { get, post, query, type Ask } from '../shared/api.ts';
import { now } from '../shared/clock.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { Icon } from '../shared/components/icon.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { PagedTable, type Column, type Page } from '../shared/components/table.tsx';
import { spanOf, stampOf, timeOf } from '../shared/format.ts';
import { told } from '../shared/text.ts';
import type { Load } from '../shared/load.ts';
import type { Alarm } from './rows.ts';
import { w } from './words.ts';

export const readAlarms = (after: string | null, more?: Ask, limit = 50): Promise<Page<Alarm>> =>
  get<Page<Alarm>>(`/api/v1/alarms${query({ after, limit })}`, more);

/** What it says, in the language of now where it has both. */
const textOf = (alarm: Alarm): string => told({ zh: alarm.text, en: alarm.text_en ?? alarm.text });

/** Nobody has seen to it, and it stands, or was told and has no end of its own. */
export const isOpen = (alarm: Alarm): boolean => alarm.acknowledged === null && (alarm.standing || (alarm.over ?? null) === null);

const Times = ({ of }: { of: Alarm }) => ((of.times ?? 1) > 1 ? <span class="since num">{w('times', of.times ?? 1, timeOf(of.last ?? of.at, now.value))}</span> : null);

function Acknowledge({ alarm, onDone, onClose }: { alarm: Alarm; onDone: () => void; onClose: () => void }) {
  const run = (note: string) => post(`/api/v1/alarms/${alarm.id}/acknowledge`, note ? { note } : {}).then(onDone);
  return <ReasonDialog title={w('ackTitle')} what={textOf(alarm)} action={w('acknowledge')} label={w('ackNote')} hint="" optional run={run} onClose={onClose} />;
}

/** The newest that nobody has seen to. */
export function AlarmBar({ of, toAll }: { of: Load<Page<Alarm>>; toAll: () => void }) {
  const [chosen, setChosen] = useState<Alarm | null>(null);
  const open = (of.data?.items ?? []).filter(isOpen);
  const [first] = open;
  return (
    <>
      {first && (
        <div class="banner bad alarm-bar" role="alert">
          <Icon name="bell" />
          <span class="grow cut">{textOf(first)}<span class="since">{w(first.standing ? 'since' : 'toldAt', timeOf(first.at, now.value))}</span><Times of={first} /></span>
          {open.length > 1 && <button type="button" class="link" onClick={toAll}>{w('more', open.length - 1)}</button>}
          <Button class="small" onPress={() => setChosen(first)}>{w('acknowledge')}</Button>
        </div>
      )}
      {chosen && <Acknowledge alarm={chosen} onDone={of.again} onClose={() => setChosen(null)} />}
    </>
  );
}

export function AlarmHistory({ changed, may }: { changed: () => void; may: boolean }) {
  const [chosen, setChosen] = useState<Alarm | null>(null);
  const [turn, setTurn] = useState(0);
  const columns: Column<Alarm>[] = [
    { id: 'at', says: w('colAt'), show: a => <span class="num">{stampOf(a.at)}</span> },
    { id: 'what', says: w('colWhat'), show: a => <>{textOf(a)}<Times of={a} /></> },
    { id: 'state', says: w('colState'), show: a => (a.standing
      ? <Badge kind={a.acknowledged ? 'warn' : 'bad'}>{w('standing')} {spanOf(Math.max(0, now.value - a.at / 1000))}</Badge>
      : <span class="soft num">{a.over ? w('overAt', timeOf(a.over, now.value), spanOf((a.over - a.at) / 1000)) : '–'}</span>) },
    { id: 'ack', says: w('colAck'), show: a => {
      if (a.acknowledged) return <span>{w('ackBy', a.acknowledged.by, timeOf(a.acknowledged.at, now.value))}{a.acknowledged.note && <span class="soft"> · {a.acknowledged.note}</span>}</span>;
      return may ? <Button class="small" onPress={() => setChosen(a)}>{w('acknowledge')}</Button> : <span class="soft">{w('notYet')}</span>;
    } },
  ];
  const done = () => {
    setTurn(turn + 1);
    changed();
  };
  return (
    <>
      <PagedTable<Alarm> load={after => readAlarms(after)} filter={String(turn)} columns={columns} keyOf={a => a.id} label={w('alarms')} empty={w('noAlarmsYet')} />
      {chosen && <Acknowledge alarm={chosen} onDone={done} onClose={() => setChosen(null)} />}
    </>
  );
}
