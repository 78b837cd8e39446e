// The agent's page: one screen, everything by keyboard, nothing shown that the server has not said.
import '../desk/desk.css';
import '../desk/panel.css';
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get, type Session } from '../shared/api.ts';
import { ConnectionBar } from '../shared/components/connection.tsx';
import { Header } from '../shared/components/header.tsx';
import { toast } from '../shared/components/toast.tsx';
import { useKeys } from '../shared/keys.ts';
import { showTo } from '../shared/page.tsx';
import { t } from '../shared/words.ts';
import { known, ringing, seat, signedIn, talk } from '../desk/board.ts';
import { mode } from '../desk/choice.ts';
import { feedState } from '../desk/feed.ts';
import type { Words } from '../desk/model.ts';
import '../desk/notify.ts';
import { ringingLine, startPhone, stopPhone, useDeskPhone } from '../desk/phone/phone.ts';
import { DevicesDialog, devicesOpen } from '../desk/view/devices.tsx';
import { Faults } from '../desk/view/faults.tsx';
import { Idle } from '../desk/view/idle.tsx';
import { PanelView } from '../desk/view/panel.tsx';
import { PhoneState } from '../desk/view/phonestate.tsx';
import { Ringing, RingingAlone } from '../desk/view/ringing.tsx';
import { Side } from '../desk/view/side.tsx';
import { SignInSeat } from '../desk/view/signin.tsx';
import { StateBar } from '../desk/view/statebar.tsx';
import { Talking } from '../desk/view/talking.tsx';
import { p } from '../desk/words-panel.ts';
import { w } from '../desk/words.ts';

function Card({ words }: { words: Words | null }) {
  if (ringing.value) return <Ringing row={ringing.value} />;
  if (ringingLine.value && feedState.value.is !== 'connected') return <RingingAlone />;
  if (talk.value) return <Talking row={talk.value} words={words} />;
  return <Idle />;
}

function Desk({ session }: { session: Session }) {
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => { get<Words>('/api/v1/desk/words').then(setWords, () => {}); }, []);
  useKeys([{ key: 'shift+s', group: p('kPage'), says: p('kDevices'), run: () => { devicesOpen.value = true; } }]);
  const inCall = () => {
    if (!talk.peek()) return true;
    toast(w('endCallFirst'), 'bad');
    return false;
  };
  return (
    <div class="desk">
      <Header title={w('title')} home="/desk" account={session.title} beforeSignOut={inCall}>
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

// The seat's phone is here while its agent is signed in and answers in the page.
let phoneOf = '';
effect(() => {
  if (!known.value) return;
  const of = signedIn.value && seat.value ? `${mode.value}:${seat.value.seat}` : '';
  if (of === phoneOf) return;
  phoneOf = of;
  if (of === '') stopPhone();
  else if (mode.value === 'desk') useDeskPhone();
  else void startPhone(seat.value?.seat ?? '');
});

void showTo(['agent', 'supervisor'], session => <Desk session={session} />);
