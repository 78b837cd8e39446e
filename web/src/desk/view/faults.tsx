// What is wrong with the phone in the page, said at once and with what to do.
import { useEffect } from 'preact/hooks';
import { post, sessionOver } from '../../shared/api.ts';
import { Button } from '../../shared/components/button.tsx';
import { Icon } from '../../shared/components/icon.tsx';
import { announce } from '../../shared/components/toast.tsx';
import { notes, stands } from '../board.ts';
import { mode } from '../choice.ts';
import type { Note } from '../model.ts';
import { micFault, micMuted, type MicFault } from '../phone/mic.ts';
import { liveLine, phone, returning, takePhoneHere } from '../phone/phone.ts';
import { micSilent } from '../phone/quality.ts';
import { playNow, wantsGesture } from '../phone/sound.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';
import { devicesOpen } from './devices.tsx';

export function faultWord(fault: MicFault): string {
  return w(({ denied: 'micDenied', missing: 'micMissing', busy: 'micBusy', insecure: 'micInsecure' } as const)[fault]);
}

interface Trouble {
  says: string;
  bad: boolean;
  key?: { says: string; run: () => void };
}

const look = { says: '', run: () => { devicesOpen.value = true; } };

function trouble(): Trouble | null {
  const is = phone.value;
  if (sessionOver.value) return { says: w('sessionOver'), bad: true };
  if (mode.value === 'desk') return stands.value?.lost ? { says: w('deskPhoneLost'), bad: true } : null;
  if (is.is === 'elsewhere') return { says: w('otherTab'), bad: false, key: { says: w('takePhone'), run: takePhoneHere } };
  if (is.is === 'off') return null;
  if (wantsGesture.value) return { says: w('gesture'), bad: true, key: { says: w('confirmSound'), run: playNow } };
  if (micFault.value) return { says: faultWord(micFault.value), bad: true, key: { ...look, says: w('devices') } };
  const talks = liveLine.value?.state.value === 'talks';
  if (talks && liveLine.value?.media.value === 'interrupted') return { says: w('mediaLost'), bad: true };
  if (talks && (micSilent.value || micMuted.value)) return { says: w('micSilent'), bad: true, key: { ...look, says: w('devices') } };
  if (returning.value) return { says: w('restored'), bad: false };
  if (is.is === 'refused') return { says: w('phoneRefused', is.why), bad: true };
  return null;
}

/** The one trouble that matters most now. */
export function Faults() {
  const now = trouble();
  const says = now?.says ?? '';
  useEffect(() => {
    if (says !== '') announce(says, now?.bad ?? false);
  }, [says]);
  const putAway = (note: Note) => {
    notes.value = notes.peek().filter(other => other !== note);
    // What the server does not hear of comes again with the next page.
    post(`/api/v1/desk/messages/${note.id}/seen`, {}, { byItself: true }).catch(() => {});
  };
  return (
    <>
      {now && (
        <div class={`banner ${now.bad ? 'bad' : ''}`}>
          <Icon name="warn" /><span class="grow">{now.says}</span>
          {now.key && <Button onPress={now.key.run}>{now.key.says}</Button>}
        </div>
      )}
      {notes.value.map(note => (
        <div class="banner note" key={note.id} role="alert">
          <Icon name="user" /><span class="grow"><strong>{p('messageFrom', note.from)}</strong> {note.text}</span>
          <Button onPress={() => putAway(note)}>{p('gotIt')}</Button>
        </div>
      ))}
    </>
  );
}
