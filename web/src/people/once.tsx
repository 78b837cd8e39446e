import { useState } from 'preact/hooks';
import { Button } from '../shared/components/button.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { announce } from '../shared/components/toast.tsx';
import { w } from './words.ts';

/** What is shown once and never again: a link or a token. A stray key or press does not lose it. */
export function Once({ title, what, secret, onClose }: { title: string; what: string; secret: string; onClose: () => void }) {
  const [said, setSaid] = useState<'' | 'copied' | 'copyFailed' | 'notYet'>('');
  const copy = () => {
    navigator.clipboard.writeText(secret).then(
      () => { setSaid('copied'); announce(w('copied')); },
      () => { setSaid('copyFailed'); announce(w('copyFailed'), true); },
    );
  };
  const shut = () => {
    if (said === 'copied' || said === 'notYet') onClose();
    else setSaid('notYet');
  };
  return (
    <Dialog title={title} onClose={shut}>
      <p>{what}</p>
      <p class="once" tabIndex={0}>{secret}</p>
      <div class="actions">
        {said !== '' && <span class={said === 'copied' ? 'said-good' : 'said-bad'}>{w(said)}</span>}
        <Button icon={said === 'copied' ? 'check' : 'list'} onPress={copy}>{w('copy')}</Button>
        <Button kind="primary" onPress={onClose}>{w('done')}</Button>
      </div>
    </Dialog>
  );
}
