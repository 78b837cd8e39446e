// The programs that act for an account: what there are, another one, and one taken back.
import { useState } from 'preact/hooks';
import { del } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { toast, toastFault } from '../shared/components/toast.tsx';
import { t } from '../shared/words.ts';
import { called, type Account } from './account.ts';
import { w } from './words.ts';

export function Tokens({ of, onNew, onChanged, onClose }: { of: Account; onNew: () => void; onChanged: () => void; onClose: () => void }) {
  const [left, setLeft] = useState(of.programs);
  const [sure, setSure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const take = (program: string) => {
    setBusy(true);
    del(`/api/v1/accounts/${encodeURIComponent(of.name)}/tokens/${encodeURIComponent(program)}`).then(() => {
      setLeft(left.filter(([name]) => name !== program));
      toast(w('tokenGone', program), 'good');
      onChanged();
    }, toastFault).finally(() => { setBusy(false); setSure(null); });
  };
  return (
    <Dialog title={w('tokensOf', called(of))} onClose={onClose}>
      {left.length === 0 && <p class="soft">{w('noTokens')}</p>}
      <ul class="tokens">
        {left.map(([name, note]) => (
          <li key={name} class="row">
            <span class="mono">{name}</span><span class="soft grow">{note}</span>
            {sure === name
              ? <Button kind="danger" class="small" busy={busy} onPress={() => take(name)}>{w('tokenSure')}</Button>
              : <Button class="small" onPress={() => setSure(name)}>{w('tokenTake')}</Button>}
          </li>
        ))}
      </ul>
      <div class="actions">
        <Button onPress={onClose}>{t('close')}</Button>
        <Button kind="primary" onPress={onNew}>{w('token')}</Button>
      </div>
    </Dialog>
  );
}
