import { effect, signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Fault, get, post } from '../../shared/api.ts';
import { now } from '../../shared/clock.ts';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { EmptyState } from '../../shared/components/empty.tsx';
import { Field } from '../../shared/components/field.tsx';
import { toastFault } from '../../shared/components/toast.tsx';
import { numberOf, timeOf } from '../../shared/format.ts';
import { told } from '../../shared/text.ts';
import { t } from '../../shared/words.ts';
import { seat, signedIn, talk } from '../board.ts';
import type { Callback } from '../model.ts';
import { p } from '../words-panel.ts';

// The feed does not carry this list: it is asked for so often, ms.
const EVERY = 10_000;

export const callbacks = signal<readonly Callback[] | null>(null);

async function readCallbacks(byItself = false): Promise<void> {
  callbacks.value = (await get<{ callbacks: Callback[] }>('/api/v1/callbacks', { byItself })).callbacks;
}

setInterval(() => {
  if (!document.hidden && signedIn.peek()) readCallbacks(true).catch(() => {});
}, EVERY);
effect(() => {
  if (signedIn.value) readCallbacks(true).catch(() => {});
});

function Close({ of, onClose }: { of: Callback; onClose: () => void }) {
  const [note, setNote] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    try {
      await post(`/api/v1/callbacks/${of.callback}/done`, { note });
      await readCallbacks();
      onClose();
    } catch (error) {
      setWrong(error instanceof Fault ? told(error) : t('failed'));
    }
  };
  return (
    <Dialog title={p('doneTitle', numberOf(of.number))} onClose={onClose}>
      <form class="stack" onSubmit={event => void send(event)}>
        <Field label={p('doneNote')} value={note} onInput={setNote} required autofocus rows={3} wrong={wrong} maxLength={200} />
        <div class="actions"><Button onPress={onClose}>{t('cancel')}</Button><Button kind="primary" type="submit">{p('doneKey')}</Button></div>
      </form>
    </Dialog>
  );
}

const WHY = { asked: 'whyAsked', abandoned: 'whyAbandoned', shed: 'whyShed', interrupted: 'whyInterrupted' } as const;

function Item({ of }: { of: Callback }) {
  const [closes, setCloses] = useState(false);
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    try {
      await post(`/api/v1/callbacks/${of.callback}/take`, { seat: seat.peek()?.seat });
      await readCallbacks();
    } catch (error) {
      toastFault(error);
    } finally {
      setBusy(false);
    }
  };
  const off = of.call ? p('callBackNow') : talk.value ? p('busyNow') : false;
  return (
    <li class="item">
      <div class="row"><strong class="num grow">{numberOf(of.number)}</strong><span class="num faint">{timeOf(of.place, now.value)}</span></div>
      <div class="small soft">{of.dialled} · {p(WHY[of.why])}{of.tries > 0 && ` · ${p('tries', of.tries)}`}</div>
      <div class="row">
        <Button icon="redial" busy={busy} off={off} onPress={() => void take()}>{of.call ? p('callBackNow') : p('callBack')}</Button>
        <Button kind="quiet" onPress={() => setCloses(true)}>{p('doneKey')}</Button>
      </div>
      {closes && <Close of={of} onClose={() => setCloses(false)} />}
    </li>
  );
}

/** Who is to be called back, the longest waiting first. */
export function Callbacks() {
  const all = callbacks.value;
  if (all === null) return <p class="soft pad" role="status">{t('loading')}</p>;
  if (all.length === 0) return <EmptyState icon="check" title={p('callbacksNone')} />;
  return <ul class="items">{[...all].sort((a, b) => a.place - b.place).map(of => <Item key={of.callback} of={of} />)}</ul>;
}
