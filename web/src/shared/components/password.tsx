import { useState } from 'preact/hooks';
import { post } from '../api.ts';
import { useSending } from '../send.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
import { toast } from './toast.tsx';

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const { busy, at, send } = useSending('old');
  const change = async () => {
    await post('/api/v1/session/password', { old, new: fresh });
    toast(t('passwordChanged'), 'good');
    onClose();
  };
  return (
    <Dialog title={t('changePassword')} onClose={onClose}>
      <form class="stack" onSubmit={event => send(event, change)}>
        <Field label={t('oldPassword')} type="password" autocomplete="current-password" required value={old} onInput={setOld} wrong={at('old')} autofocus />
        <Field label={t('newPassword')} type="password" autocomplete="new-password" required value={fresh} onInput={setFresh} hint={t('atLeastTen')} wrong={at('new')} />
        <div class="actions">
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t('save')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
