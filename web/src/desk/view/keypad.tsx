import { useLayoutEffect, useState } from 'preact/hooks';
import { post } from '../../shared/api.ts';
import { toastFault } from '../../shared/components/toast.tsx';
import { isTaken } from '../../shared/keys.ts';
import type { Line } from '../phone/line.ts';
import { w } from '../words.ts';

const TONES = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

/** Digits into the call, by press or by the keyboard's own. */
/** The keys go by the phone in the page, or by order for one beside it. */
export function Keypad({ line, call, onClose }: { line: Line | null; call: string; onClose: () => void }) {
  const [sent, setSent] = useState('');
  const send = (tone: string) => {
    if (line) line.digit(tone);
    else post(`/api/v1/calls/${call}/digits`, { digits: tone }).catch(toastFault);
    setSent(before => (before + tone).slice(-20));
  };
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTaken(event.target)) return;
      if (event.key === 'Escape') onClose();
      else if (TONES.includes(event.key)) send(event.key);
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    // Before all others: a digit is for the call while the keypad is open.
    addEventListener('keydown', press, true);
    return () => removeEventListener('keydown', press, true);
  }, [line, call]);
  return (
    <div class="keypad" role="group" aria-label={w('keypad')}>
      <output class="num" aria-live="polite">{sent === '' ? w('keypad') : sent}</output>
      <div class="tones">{TONES.map(tone => <button key={tone} type="button" class="button" onClick={() => send(tone)}>{tone}</button>)}</div>
    </div>
  );
}
