import './work.css';
import type { ComponentChildren } from 'preact';

/** A big figure. `below`: under its target. `act`: somebody must do something about it, now. */
export function Kpi({ name, value, beside, below, act, children }: {
  name: string; value: ComponentChildren; beside?: ComponentChildren; below?: boolean; act?: boolean; children?: ComponentChildren;
}) {
  return (
    <div class={`kpi ${act ? 'act' : below ? 'below' : ''}`}>
      <span class="name">{name}</span>
      <span class="value">{value}</span>
      {beside !== undefined && <span class="beside">{beside}</span>}
      {children}
    </div>
  );
}

/** 0.9287 is `92.9%`, all is `100%`; nothing of nothing. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : share === 1 ? '100%' : `${(share * 100).toFixed(digits)}%`;
}
