import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../words.ts';
import { Button } from './button.tsx';

/** A modal dialog: the browser's own, which keeps the focus and gives it back. */
export function Dialog({ title, onClose, children, wide }: {
  title: string; onClose: () => void; children: ComponentChildren; wide?: boolean;
}) {
  const node = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    node.current?.showModal();
    // The browser gives the focus to what comes first, which is the key that closes.
    const body = node.current?.querySelector<HTMLElement>('.body');
    const first = body?.querySelector<HTMLElement>('[data-met]') ?? body?.querySelector<HTMLElement>('select, input, button');
    first?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={node} class={`dialog ${wide ? 'wide' : ''}`} aria-labelledby={id}
      onCancel={event => { event.preventDefault(); onClose(); }}
      onMouseDown={event => event.target === node.current && onClose()}>
      <header>
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" label={t('close')} onPress={onClose} />
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
}
