import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** Says that there is nothing, and what can be done. `whole`: it is all there is on the page. */
export function EmptyState({ icon = 'list', title, children, whole }: {
  icon?: IconName; title: string; children?: ComponentChildren; whole?: boolean;
}) {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      {whole ? <h1>{title}</h1> : <strong>{title}</strong>}
      {children}
    </div>
  );
}
