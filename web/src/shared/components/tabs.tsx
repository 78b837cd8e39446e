import { useId, useRef } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

export interface Tab {
  id: string;
  says: string;
  count?: number;
  /** The count wants somebody. */
  hot?: boolean;
}

/** A row of tabs with the panel of the one that is chosen. */
export function Tabs({ tabs, chosen, onChoose, label, children, class: more = '' }: {
  tabs: readonly Tab[]; chosen: string; onChoose: (id: string) => void; label: string; children: ComponentChildren; class?: string;
}) {
  const id = useId();
  const row = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (!tab) return;
    onChoose(tab.id);
    row.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <div class={`tabbed ${more}`}>
      <div class="tabs" role="tablist" aria-label={label} ref={row} onKeyDown={move}>
        {tabs.map(tab => (
          <button key={tab.id} type="button" role="tab" id={`${id}-${tab.id}`} aria-selected={tab.id === chosen}
            {...(tab.id === chosen ? { 'aria-controls': `${id}-panel` } : {})} tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}>
            {tab.says}
            {tab.count !== undefined && tab.count > 0 && <span class={`count ${tab.hot ? 'hot' : ''}`}>{tab.count}</span>}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`} tabIndex={0}>{children}</div>
    </div>
  );
}
