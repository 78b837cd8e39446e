import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Fault, post } from '../../shared/api.ts';
import { now } from '../../shared/clock.ts';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Field } from '../../shared/components/field.tsx';
import { numberOf, spanOf, timeOf } from '../../shared/format.ts';
import { told } from '../../shared/text.ts';
import { t } from '../../shared/words.ts';
import type { Journey } from '../model.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';

const unmasked = signal<ReadonlyMap<string, string>>(new Map());

function Unmask({ of, onClose }: { of: Journey; onClose: () => void }) {
  const [why, setWhy] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    try {
      const { caller } = await post<{ caller: string }>(`/api/v1/journeys/${of.ref}/unmask`, { why });
      unmasked.value = new Map(unmasked.peek()).set(of.ref, caller);
      onClose();
    } catch (error) {
      setWrong(error instanceof Fault ? told(error) : t('failed'));
    }
  };
  return (
    <Dialog title={p('unmaskTitle')} onClose={onClose}>
      <form class="stack" onSubmit={event => void send(event)}>
        <Field label={p('unmaskWhy')} value={why} onInput={setWhy} required autofocus wrong={wrong} maxLength={200} />
        <div class="actions"><Button onPress={onClose}>{t('cancel')}</Button><Button kind="primary" type="submit">{p('unmask')}</Button></div>
      </form>
    </Dialog>
  );
}

/** One call that is over, as a line of a list. */
export function JourneyItem({ of, withCaller }: { of: Journey; withCaller: boolean }) {
  const [asks, setAsks] = useState(false);
  const full = unmasked.value.get(of.ref);
  const details = [
    of.answered_by ? p('answeredBy', told({ zh: of.answered_by, en: of.answered_by_en ?? of.answered_by })) : null,
    of.talk_ms ? p('talk', spanOf(of.talk_ms)) : null,
    of.wait_ms ? p('wait', spanOf(of.wait_ms)) : null,
  ].filter(Boolean).join(' · ');
  return (
    <li class="item">
      <div class="row">
        <span class="num faint">{timeOf(of.began, now.value)}</span>
        <strong class="grow cut num">{of.dialled} <span class="plain">{of.title}</span></strong>
        <span class="small">{told(of)}</span>
      </div>
      {withCaller && (
        <div class="row">
          <span class="num grow">{of.caller === '' ? w('anonymous') : numberOf(full ?? of.caller)}</span>
          {of.masked && full === undefined && <Button kind="quiet" class="slim" onPress={() => setAsks(true)}>{p('unmask')}</Button>}
        </div>
      )}
      {details !== '' && <div class="small faint">{details}</div>}
      {asks && <Unmask of={of} onClose={() => setAsks(false)} />}
    </li>
  );
}
