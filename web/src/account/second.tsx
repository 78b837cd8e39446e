// The second factor of whoever is signed in: on, on another phone, off.
import { useState } from 'preact/hooks';
import { get, post } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { Field } from '../shared/components/field.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { toast } from '../shared/components/toast.tsx';
import { useLoad } from '../shared/load.ts';
import { useSending } from '../shared/send.ts';
import { t } from '../shared/words.ts';
import { Totp, type Secret } from './totp.tsx';
import { a } from './words.ts';

interface Standing {
  has: boolean;
  demanded: boolean;
  /** What the phone may take; none for an account of the configuration file. */
  totp?: Secret;
}

const PATH = '/api/v1/session/second';

/** Asks for the password, and for the app's digits where it is turned on. */
function Ask({ totp, onDone, onClose }: { totp: Secret | null; onDone: () => void; onClose: () => void }) {
  const [old, setOld] = useState('');
  const [code, setCode] = useState('');
  const { busy, at, send } = useSending('old');
  const set = async () => {
    await (totp ? post(PATH, { old, code: code.trim() }) : post(`${PATH}/off`, { old }));
    toast(totp ? a('taken') : a('dropped'), 'good');
    onDone();
  };
  return (
    <Dialog title={a('second')} onClose={onClose}>
      <form class="stack" onSubmit={event => send(event, set)}>
        {totp ? <Totp totp={totp} /> : <p>{a('turnOffWhy')}</p>}
        {totp && <Field label={a('code')} inputmode="numeric" autocomplete="one-time-code" required autofocus value={code} onInput={setCode} wrong={at('code')} maxLength={8} />}
        <Field label={t('oldPassword')} type="password" autocomplete="current-password" required value={old} onInput={setOld} wrong={at('old')} />
        <div class="actions">
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button kind="primary" type="submit" busy={busy}>{totp ? a('turnOn') : a('turnOff')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Keys({ of, again }: { of: Standing; again: () => void }) {
  const [open, setOpen] = useState<'on' | 'off' | null>(null);
  if (!of.totp) return <p class="soft">{a('inFile')}</p>;
  const close = () => setOpen(null);
  return (
    <>
      <div class="row">
        <Button kind={of.has ? 'plain' : 'primary'} onPress={() => setOpen('on')}>{of.has ? a('another') : a('turnOn')}</Button>
        {of.has && !of.demanded && <Button onPress={() => setOpen('off')}>{a('turnOff')}</Button>}
      </div>
      {of.demanded && <p class="soft small">{a('demanded')}</p>}
      {open && <Ask totp={open === 'on' ? of.totp : null} onClose={close} onDone={() => { close(); again(); }} />}
    </>
  );
}

/** `restricted`: without it he may nothing else. */
export function SecondFactor({ restricted }: { restricted: boolean }) {
  const load = useLoad<Standing>(more => get(PATH, more));
  return (
    <section class="card stack" aria-labelledby="second">
      <Loaded of={load} lines={2}>
        {of => (
          <>
            <h2 id="second" class="row">{a('second')} <Badge kind={of.has ? 'good' : 'out'} dot={false}>{of.has ? a('on') : a('off')}</Badge></h2>
            <p class="soft">{a('secondWhy')}</p>
            {restricted && !of.has && <p class="notice-bad">{a('wanted')}</p>}
            <Keys of={of} again={() => (restricted ? location.reload() : load.again())} />
          </>
        )}
      </Loaded>
    </section>
  );
}
