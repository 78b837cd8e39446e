// What is chosen: a seat, a call or both, with everything that can be done about it.
import { useState } from 'preact/hooks';
import { get, type Session } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { clockOf, numberOf, spanOf } from '../shared/format.ts';
import { titleBeside } from '../journeys/terms.ts';
import { useKeys } from '../shared/keys.ts';
import { useLoad } from '../shared/load.ts';
import { standing } from '../shared/states.ts';
import { lang, told } from '../shared/text.ts';
import { ageOf, cameOf, stageOf, whoOf } from './calls.tsx';
import { age, callOf, calls, positionOf, seats, selected, sitterOf, titleOf } from './floor.ts';
import { askMessage, CallOrders, hangUp, SeatOrders, supervise, WORDS } from './orders.tsx';
import type { CallRow, PartyRow, SeatRow } from './rows.ts';
import { stateOf } from './seats.tsx';
import { w } from './words.ts';

function Party({ party }: { party: PartyRow }) {
  const name = party.title || sitterOf(seats.value.get(party.who));
  const kind = party.role === 'supervisor' ? 'wrap' : !party.answered ? 'ringing' : party.held ? 'held' : 'talking';
  const marks = [party.supervision ? w(`sup_${party.supervision}`) : '', party.held ? w('held') : '', party.muted && party.role !== 'supervisor' ? w('muted') : '', party.answered ? '' : w('stage_ringing')];
  return <Badge kind={kind}><span class="faint-in">{w(`role_${party.role}`)}</span> {party.role === 'caller' ? numberOf(party.who) : whoOf(party.who)} {name} {marks.filter(Boolean).join(' ')}</Badge>;
}

interface Why {
  position: number;
  skill?: string;
  likely_ms?: [number, number];
  seats: { seat: string; agent?: string; zh: string; en: string }[];
}

function WhyDialog({ call, onClose }: { call: string; onClose: () => void }) {
  const why = useLoad(() => get<{ why?: Why } & Why>(`/api/v1/calls/${call}/why`), call);
  return (
    <Dialog title={w('whyWaits')} onClose={onClose}>
      <Loaded of={why}>
        {answer => {
          const of = answer.why ?? answer;
          return (
            <>
              <p>{w('position', of.position)}{of.skill && ` · ${of.skill}`}{of.likely_ms && ` · ${w('likely', spanOf(of.likely_ms[0]), spanOf(of.likely_ms[1]))}`}</p>
              <dl class="facts">
                {of.seats.slice(0, 40).map(lack => (
                  <><dt key={lack.seat} class="num">{lack.seat} {sitterOf(seats.value.get(lack.seat))}</dt><dd>{told(lack)}</dd></>
                ))}
              </dl>
            </>
          );
        }}
      </Loaded>
    </Dialog>
  );
}

function CallPart({ session, row }: { session: Session; row: CallRow }) {
  const [why, setWhy] = useState(false);
  const came = cameOf(row);
  return (
    <>
      <div class="row wrap">
        <strong class="num">{numberOf(row.caller)}</strong>
        <span>→ <b>{row.dialled}</b> {titleBeside(row.dialled, row.title)}</span>
        <span class="soft">{row.stage === 'queueing' ? `${titleOf(row.group ?? '')} ${w('position', positionOf(row))}` : stageOf(row)} <span class="num">{clockOf(ageOf(row))}</span></span>
        {came && <Badge kind="warn" dot={false}>{came}</Badge>}
        {row.recording && <Badge kind={row.recording_paused ? 'warn' : 'break'}>{row.recording_paused ? w('paused') : w('recording')}</Badge>}
        {row.stage === 'queueing' && <button type="button" class="link" onClick={() => setWhy(true)}>{w('whyWaits')}</button>}
      </div>
      <div class="row wrap">{row.parties.map(party => <Party key={party.leg} party={party} />)}</div>
      <CallOrders key={row.call} session={session} row={row} />
      {why && <WhyDialog call={row.call} onClose={() => setWhy(false)} />}
    </>
  );
}

function SeatPart({ row, brief }: { row: SeatRow; brief: boolean }) {
  const { is, lost } = standing(row.state);
  return (
    <div class={brief ? 'sits' : 'stack'}>
      <div class="row wrap">
        <strong>{row.seat} {sitterOf(row)}</strong>
        {!brief && <Badge kind={is}>{stateOf(row)} <span class="num">{is === 'out' ? '' : clockOf(age(row.since))}</span></Badge>}
        {lost && <Badge kind="bad">{w('lostPhone')}</Badge>}
        {!brief && <span class="soft">{row.groups.map(titleOf).join(lang.value === 'zh' ? '、' : ', ')}</span>}
        {!brief && row.agent !== null && <span class="soft">{w('today', row.answered, spanOf(row.talked_s * 1000))}</span>}
      </div>
      <SeatOrders row={row} />
    </div>
  );
}

export function Dock({ session }: { session: Session }) {
  const chosen = selected.value;
  const seat = chosen?.kind === 'seat' ? seats.value.get(chosen.id) : undefined;
  const call = chosen?.kind === 'call' ? calls.value.get(chosen.id) : seat && callOf(seat.seat);
  const server = call?.parties.find(p => p.role === 'agent');
  const sits = seat ?? (server ? seats.value.get(server.who) : undefined);
  const off = call === undefined;
  const letters = { monitor: 'l', whisper: 'w', barge: 'b', takeover: 't' } as const;
  useKeys([
    ...WORDS.map(word => ({ key: letters[word], says: w(word), group: w('orders'), off: off || call.stage !== 'talking', run: () => call && supervise(session, word, call.call) })),
    { key: 'x', says: w('hangUp'), group: w('orders'), off: off || !session.rights.includes('hang_up'), run: () => call && hangUp(call.call) },
    { key: 'm', says: w('message'), group: w('orders'), off: !sits?.agent, run: () => sits && askMessage(sits) },
  ]);
  return (
    <section class="card panel dock" aria-label={w('chosen')}>
      {!call && !seat && (
        <div class="choose">
          <p>{chosen?.kind === 'call' ? w('over') : w('choose')}</p>
          <p class="small faint">{w('chooseKeys')}</p>
        </div>
      )}
      {call && <CallPart session={session} row={call} />}
      {sits && <SeatPart row={sits} brief={call !== undefined} />}
    </section>
  );
}
