// What a wallboard can be told: shown while somebody moves the mouse or goes there by keyboard, out of sight otherwise.
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { toastFault } from '../shared/components/toast.tsx';
import { useKeys } from '../shared/keys.ts';
import { shown, theme } from '../shared/theme.ts';
import { w } from './words.ts';

const LINGER = 4000;

function fullScreen(): void {
  const turn = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  turn.catch(toastFault);
}

export function Controls({ session }: { session: Session }) {
  const [awake, setAwake] = useState(false);
  const turnTheme = () => { theme.value = shown.value === 'dark' ? 'light' : 'dark'; };
  useKeys([
    { key: 'f', says: w('full'), group: w('view'), run: fullScreen },
    { key: 't', says: w('themeKey'), group: w('view'), run: turnTheme },
  ]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      setAwake(true);
      clearTimeout(timer);
      timer = setTimeout(() => setAwake(false), LINGER);
    };
    addEventListener('pointermove', wake);
    return () => {
      removeEventListener('pointermove', wake);
      clearTimeout(timer);
    };
  }, []);
  return (
    <nav class={`wall-controls ${awake ? 'awake' : ''}`} aria-label={w('view')}>
      <a class="button" href={session.home}>{w('leave')}</a>
      <Button shortcut="T" onPress={turnTheme}>{w('themeKey')}</Button>
      <Button shortcut="F" onPress={fullScreen}>{w('full')}</Button>
    </nav>
  );
}
