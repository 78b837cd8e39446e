// Signing in to a seat: which one, with what phone, and whether the headset works.
import { useEffect, useState } from 'preact/hooks';
import { get, post, type Session } from '../../shared/api.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty.tsx';
import { Select, Switch } from '../../shared/components/field.tsx';
import { Icon, type IconName } from '../../shared/components/icon.tsx';
import { toastFault } from '../../shared/components/toast.tsx';
import { seatWord } from '../../shared/words.ts';
import { panel } from '../board.ts';
import { chooseMode, mode, type Mode } from '../choice.ts';
import type { Words } from '../model.ts';
import { isPending, signIn } from '../orders.ts';
import { w } from '../words.ts';
import { Devices } from './devices.tsx';

function ModeKey({ of, icon, title, says }: { of: Mode; icon: IconName; title: string; says: string }) {
  return (
    <label class="mode">
      <input type="radio" name="mode" checked={mode.value === of} onChange={() => chooseMode(of)} />
      <Icon name={icon} size={22} />
      <span><strong>{title}</strong><span class="small soft">{says}</span></span>
    </label>
  );
}

export function SignInSeat({ session }: { session: Session }) {
  const [words, setWords] = useState<Words | null>(null);
  const [chosen, setChosen] = useState(session.own_seat ?? session.agent ?? '');
  const [agreed, setAgreed] = useState(session.secrecy.valid);
  useEffect(() => {
    get<Words>('/api/v1/desk/words').then(of => {
      setWords(of);
      if (!of.seats.includes(chosen)) setChosen(of.seats[0] ?? '');
    }, toastFault);
  }, []);
  if (!words) return <p class="soft pad" role="status">…</p>;
  if (words.seats.length === 0 || session.agent === null) return <EmptyState whole icon="headset" title={w('noSeats')} />;
  const agent = session.agent;
  const row = (number: string) => panel.value.seats.find(s => s.seat === number);
  const taken = (number: string) => {
    const by = row(number)?.agent;
    return by && by !== agent ? ` · ${row(number)?.name ?? by} ${seatWord(row(number)?.state ?? '')}` : '';
  };
  const begin = async () => {
    if (!session.secrecy.valid) {
      try {
        await post('/api/v1/session/secrecy', { agreed: true });
        session.secrecy.valid = true;
      } catch (error) {
        return toastFault(error);
      }
    }
    signIn(chosen, agent);
  };
  return (
    <section class="signin card" aria-label={w('signIn')}>
      <div class="stack">
        <h1>{w('signIn')}</h1>
        <Select label={w('chooseSeat')} value={chosen} onChange={setChosen} options={words.seats.map(s => ({ value: s, says: `${s}${taken(s)}` }))} />
        <fieldset class="modes">
          <legend>{w('phoneHow')}</legend>
          <ModeKey of="page" icon="headset" title={w('phoneHere')} says={w('phoneHereWhat')} />
          <ModeKey of="desk" icon="phone" title={w('phoneDesk')} says={w('phoneDeskWhat')} />
        </fieldset>
        {!session.secrecy.valid && <div class="secrecy"><p>{w('secrecy')}</p><Switch on={agreed} onChange={setAgreed}>{w('secrecyAgree')}</Switch></div>}
        <Button kind="primary" busy={isPending('seat:in')} off={!agreed} onPress={() => void begin()}>{w('signIn')}</Button>
      </div>
      {mode.value === 'page' && <div class="stack"><h2>{w('devices')}</h2><Devices /></div>}
    </section>
  );
}
