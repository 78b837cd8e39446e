import type { ComponentChildren } from 'preact';
import type { StateClass } from '../states.ts';

export type BadgeKind = StateClass | 'good' | 'info' | 'warn' | 'bad';

export function Badge({ kind, children, dot = true }: { kind: BadgeKind; children: ComponentChildren; dot?: boolean }) {
  return <span class={`badge ${kind}`}>{dot && <span class="dot" aria-hidden="true" />}{children}</span>;
}
