import type { ComponentChildren, Ref } from 'preact';
import { Icon, type IconName } from './icon.tsx';

export interface ButtonProps {
  children?: ComponentChildren;
  /** Its name where it shows only an icon. */
  label?: string;
  icon?: IconName;
  kind?: 'plain' | 'primary' | 'danger' | 'good' | 'quiet';
  /** The shortcut that does the same. */
  shortcut?: string;
  /** It has been asked for and not confirmed yet. */
  busy?: boolean;
  /** Not now; why, for its title. It keeps the focus. */
  off?: string | boolean | undefined;
  pressed?: boolean;
  /** Lit, where its name already says so: what is pressed *and* called otherwise would be said twice. */
  lit?: boolean;
  onPress?: () => void;
  type?: 'button' | 'submit';
  class?: string;
  hasPopup?: boolean;
  expanded?: boolean;
  inner?: Ref<HTMLButtonElement>;
}

export function Button(props: ButtonProps) {
  const { children, label, icon, kind = 'plain', shortcut, busy, off, pressed, onPress, type = 'button' } = props;
  const disabled = off !== undefined && off !== false;
  const optional = {
    ...(label ? { 'aria-label': label } : {}),
    ...(pressed === undefined ? {} : { 'aria-pressed': pressed }),
    ...(props.hasPopup ? { 'aria-haspopup': 'menu' as const, 'aria-expanded': props.expanded ?? false } : {}),
    ...(shortcut ? { 'aria-keyshortcuts': shortcut } : {}),
    ...(props.inner ? { ref: props.inner } : {}),
  };
  const title = typeof off === 'string' ? off : children ? undefined : label;
  return (
    <button type={type} class={`button ${kind} ${children ? '' : 'icon'} ${props.lit ? 'lit' : ''} ${props.class ?? ''}`} aria-busy={busy ?? false}
      aria-disabled={disabled} {...(title ? { title } : {})} {...optional}
      onClick={event => {
        if (disabled || busy) event.preventDefault();
        else onPress?.();
      }}>
      {icon && <Icon name={icon} />}
      {children}
      {shortcut && children && <kbd aria-hidden="true">{shortcut}</kbd>}
    </button>
  );
}
