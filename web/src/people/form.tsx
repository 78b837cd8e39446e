// One form for a new account and for a change of one.
import { useState } from 'preact/hooks';
import { Fault, patch, post } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { Field } from '../shared/components/field.tsx';
import { told } from '../shared/text.ts';
import { t } from '../shared/words.ts';
import { called, ROLES, roleWord, type Account } from './account.ts';
import { w } from './words.ts';

export interface Link {
  link: string;
  until: number;
}

const words = (text: string): string[] => text.split(/[\s,，、]+/).filter(Boolean);

export function AccountForm({ of, onDone, onClose }: { of: Account | null; onDone: (title: string, link: Link | null) => void; onClose: () => void }) {
  const [name, setName] = useState(of?.name ?? '');
  const [title, setTitle] = useState(of?.title ?? '');
  const [roles, setRoles] = useState<readonly string[]>(of?.roles ?? ['agent']);
  const [unit, setUnit] = useState(of?.unit ?? '');
  const [groups, setGroups] = useState((of?.groups ?? []).join(' '));
  const [agent, setAgent] = useState(of?.agent ?? '');
  const [seat, setSeat] = useState(of?.seat ?? '');
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<{ field: string; says: string } | null>(null);
  const at = (field: string) => (wrong?.field === field ? wrong.says : null);
  const has = (role: string) => roles.includes(role);

  const send = async (event: Event) => {
    event.preventDefault();
    if (roles.length === 0) return setWrong({ field: 'roles', says: w('oneRole') });
    setBusy(true);
    setWrong(null);
    // Of one that is there already, nothing in a field takes away what stood there.
    const none = of ? '' : null;
    const body = { title: title.trim(), roles, unit: unit.trim(), groups: words(groups), agent: agent.trim() || none, seat: seat.trim() || none };
    try {
      if (of) {
        await patch(`/api/v1/accounts/${encodeURIComponent(of.name)}`, body);
        onDone(body.title || of.name, null);
      } else {
        const link = await post<Link>('/api/v1/accounts', { name: name.trim(), role: roles[0], ...body });
        onDone(body.title || name.trim(), link);
      }
    } catch (error) {
      const fault = error instanceof Fault ? error : null;
      const field = fault?.field === 'role' ? 'roles' : (fault?.field ?? '');
      setWrong({ field, says: fault ? told(fault) : t('failed') });
      setBusy(false);
    }
  };
  const turn = (role: string, on: boolean) => setRoles(ROLES.filter(known => (known === role ? on : roles.includes(known))));
  return (
    <Dialog title={of ? w('editOf', called(of)) : w('add')} wide onClose={onClose}>
      <form class="stack" onSubmit={event => void send(event)}>
        <div class="split">
          {!of && <Field label={w('name')} value={name} onInput={setName} hint={w('nameHint')} wrong={at('name')} required autofocus autocomplete="off" maxLength={64} />}
          <Field label={w('titleField')} value={title} onInput={setTitle} wrong={at('title')} required autofocus={of !== null} autocomplete="off" maxLength={64} />
        </div>
        <fieldset class="roles-of">
          <legend>{w('roles')}</legend>
          {ROLES.map(role => (
            <label key={role} class="check"><input type="checkbox" checked={has(role)} onChange={event => turn(role, event.currentTarget.checked)} />{roleWord(role)}</label>
          ))}
          {at('roles') && <span class="wrong" role="alert">{at('roles')}</span>}
        </fieldset>
        <div class="split">
          {(has('agent') || has('supervisor')) && <Field label={w('groups')} value={groups} onInput={setGroups} hint={w('groupsHint')} wrong={at('groups')} autocomplete="off" />}
          {(has('agent') || has('supervisor')) && <Field label={w('agentField')} value={agent} onInput={setAgent} hint={w('agentHint')} wrong={at('agent')} autocomplete="off" inputmode="numeric" maxLength={16} />}
          {(has('supervisor') || seat !== '') && <Field label={w('seatField')} value={seat} onInput={setSeat} hint={w('seatHint')} wrong={at('seat')} autocomplete="off" inputmode="numeric" maxLength={16} />}
          {(has('department') || unit !== '') && <Field label={w('unit')} value={unit} onInput={setUnit} hint={w('unitHint')} wrong={at('unit')} autocomplete="off" maxLength={128} />}
        </div>
        {wrong && !['name', 'title', 'roles', 'groups', 'agent', 'seat', 'unit'].includes(wrong.field) && <p class="notice-bad" role="alert">{wrong.says}</p>}
        <div class="actions">
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button kind="primary" type="submit" busy={busy}>{of ? t('save') : w('create')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
