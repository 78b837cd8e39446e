// The agent's page: one screen, everything by keyboard, nothing shown that the server has not said.
import '../desk/desk.css';
import '../desk/panel.css';
import { effect, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get, post, stayWhile, type Session } from '../shared/api.ts';
import { ConnectionBar } from '../shared/components/connection.tsx';
import { Header } from '../shared/components/header.tsx';
import { toast, toastFault } from '../shared/components/toast.tsx';
import { useKeys } from '../shared/keys.ts';
import { showTo } from '../shared/page.tsx';
import { t } from '../shared/words.ts';
import { known, mine, ringing, seat, signedIn, talk } from '../desk/board.ts';
import { mode } from '../desk/choice.ts';
import { feedState } from '../desk/feed.ts';
import type { Words } from '../desk/model.ts';
import '../desk/notify.ts';
import { liveLine, ringingLine, startPhone, stopPhone, useDeskPhone } from '../desk/phone/phone.ts';
import { LineAlone, RingingAlone } from '../desk/view/alone.tsx';
import '../desk/phone/stale.ts';
import { DevicesDialog, devicesOpen } from '../desk/view/devices.tsx';
import { Faults } from '../desk/view/faults.tsx';
import { Idle } from '../desk/view/idle.tsx';
import { PanelView } from '../desk/view/panel.tsx';
import { PhoneState } from '../desk/view/phonestate.tsx';
import { Ringing } from '../desk/view/ringing.tsx';
import { Side } from '../desk/view/side.tsx';
import { SignInSeat } from '../desk/view/signin.tsx';
import { StateBar } from '../desk/view/statebar.tsx';
import { Talking } from '../desk/view/talking.tsx';
import { p } from '../desk/words-panel.ts';
import { w } from '../desk/words.ts';

function Card({ words }: { words: Words | null }) {
  if (talk.value && mine.value?.answered) return <Talking row={talk.value} words={words} />;
  if (ringing.value) return <Ringing row={ringing.value} />;
  if (ringingLine.value && feedState.value.is !== 'connected') return <RingingAlone line={ringingLine.value} />;
  if (talk.value) return <Talking row={talk.value} words={words} />;
  if (liveLine.value && !liveLine.value.returns) return <LineAlone line={liveLine.value} />;
  return <Idle />;
}

function Desk({ session }: { session: Session }) {
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => { get<Words>('/api/v1/desk/words').then(setWords, () => {}); }, []);
  useKeys([{ key: 'shift+s', group: p('kPage'), says: p('kDevices'), run: () => { devicesOpen.value = true; } }]);
  // Who goes leaves no seat behind that calls would be sent to.
  const leaves = async () => {
    if (talk.peek()) {
      toast(w('callFirst'), 'bad');
      return false;
    }
    if (signedIn.peek() && seat.peek()) await post(`/api/v1/seats/${seat.peek()?.seat}`, { state: 'out' }).catch(toastFault);
    return true;
  };
  return (
    <div class="desk">
      <Header title={w('title')} home="/desk" account={session.title} beforeSignOut={leaves}>
        {seat.value && signedIn.value && <span class="seat-no num">{w('seat', seat.value.seat)}</span>}
        <span class="grow" />
        <PhoneState />
      </Header>
      <div><ConnectionBar state={feedState} /><Faults /></div>
      {!known.value ? <main id="main" class="pad"><p role="status">{t('loading')}</p></main> : signedIn.value ? (
        <main id="main" class="desk-main">
          <h1 class="unseen">{w('title')}</h1>
          <StateBar words={words} />
          <section class="card call" aria-label={w('talking')}><Card words={words} /></section>
          <PanelView />
          <Side />
        </main>
      ) : <main id="main" class="signin-main"><SignInSeat session={session} /></main>}
      <DevicesDialog />
    </div>
  );
}

stayWhile(() => liveLine.peek()?.media.peek() === 'connected');

// The seat's phone is here while its agent is signed in and answers in the page. Who he is comes by another way than the feed: the
// phone's credential needs both.
const session = signal<Session | null>(null);
let phoneOf = '';
effect(() => {
  if (!known.value || session.value === null) return;
  const of = signedIn.value && seat.value ? `${mode.value}:${seat.value.seat}` : '';
  if (of === phoneOf) return;
  phoneOf = of;
  if (of === '') stopPhone();
  else if (mode.value === 'desk') useDeskPhone();
  else void startPhone(seat.value?.seat ?? '');
});

void showTo(['agent', 'supervisor'], of => <Desk session={of} />, of => { session.value = of; });
