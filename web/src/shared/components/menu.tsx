import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from './button.tsx';

export type MenuItem =
  | { says: string; checked?: boolean; run: () => void; icon?: ComponentChildren }
  | { heading: string }
  | 'line';

/** A button with a menu below it: arrows, Home, End and Escape as everywhere. */
export function Menu({ items, side = 'end', openRef, ...button }: Omit<ButtonProps, 'onPress' | 'hasPopup' | 'expanded' | 'inner'> & {
  items: readonly MenuItem[]; side?: 'start' | 'end';
  /** Given the function that opens it, for a shortcut. */
  openRef?: (open: () => void) => void;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  openRef?.(() => setOpen(true));

  useLayoutEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [open]);

  const shut = () => {
    setOpen(false);
    opener.current?.focus();
  };

  const move = (event: KeyboardEvent) => {
    const all = [...(box.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      if (event.key === 'Escape') event.preventDefault();
      shut();
    }
  };

  return (
    <div class="menu" ref={box}>
      <Button {...button} hasPopup expanded={open} inner={opener} onPress={() => setOpen(!open)} />
      {open && (
        <div class={`menu-items ${side}`} role="menu" onKeyDown={move}>
          {items.map((item, at) => {
            if (item === 'line') return <hr key={at} role="separator" />;
            if ('heading' in item) return <div key={at} class="heading" role="presentation">{item.heading}</div>;
            const radio = item.checked === undefined ? {} : { 'aria-checked': item.checked };
            return (
              <button key={at} type="button" tabIndex={-1} role={item.checked === undefined ? 'menuitem' : 'menuitemradio'} {...radio}
                onClick={() => { shut(); item.run(); }}>
                {item.icon}{item.says}
              </button>
            );
          })}
        </div>
      )}
    </div>
  );
}
