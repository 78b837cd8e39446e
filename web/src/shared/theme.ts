// Light or dark: the system's choice, unless this browser's user has made his own.
import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEPT = 'switchboard.theme';

function kept(): Theme {
  const value = localStorage.getItem(KEPT);
  return value === 'light' || value === 'dark' ? value : 'auto';
}

export const theme = signal<Theme>(kept());

const query = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(query.matches);
query.addEventListener('change', event => { systemDark.value = event.matches; });

/** What is shown. */
export const shown = signal<'light' | 'dark'>('light');

effect(() => {
  shown.value = theme.value === 'auto' ? (systemDark.value ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset['theme'] = shown.value;
  if (theme.value === 'auto') localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, theme.value);
});
