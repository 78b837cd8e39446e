import './work.css';
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { Fault } from '../api.ts';
import { dictionary, told } from '../text.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';

const words = dictionary({
  why: ['理由', 'Reason'],
  kept: ['理由会记入审计。', 'The reason is kept in the audit trail.'],
  wanted: ['请写理由', 'A reason is wanted'],
});

/** Asks, and mostly for a reason, before something is done; stays until the server has said that it is done. */
export function ReasonDialog({ title, what, action, danger, label, hint, optional, plain, first = '', check, run, onClose, children }: {
  title: string; what?: ComponentChildren; action: string; danger?: boolean; label?: string; hint?: string; optional?: boolean; first?: string;
  /** No reason is asked for: only whether it is meant. */
  plain?: boolean;
  /** What else is asked for is there; says itself what is wrong. */
  check?: () => boolean;
  run: (why: string) => Promise<unknown>; onClose: () => void; children?: ComponentChildren;
}) {
  const [why, setWhy] = useState(first);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    if (check && !check()) return;
    if (!optional && !plain && why.trim() === '') return setWrong(words('wanted'));
    setBusy(true);
    setWrong(null);
    try {
      await run(why.trim());
      onClose();
    } catch (error) {
      setWrong(error instanceof Fault ? told(error) : t('failed'));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={event => void send(event)}>
        {what && <p class="soft">{what}</p>}
        {children}
        {plain
          ? wrong && <p class="wrong-line" role="alert">{wrong}</p>
          : <Field label={label ?? words('why')} value={why} onInput={setWhy} autofocus hint={hint ?? words('kept')} wrong={wrong} maxLength={200} />}
        <div class="actions">
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" busy={busy}>{action}</Button>
        </div>
      </form>
    </Dialog>
  );
}
