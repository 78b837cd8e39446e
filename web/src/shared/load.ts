// What a part of a page has asked for: not there yet, there, refused, or as it was before the server went silent.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Fault, type Ask } from './api.ts';
import { serverNow } from './clock.ts';
import { t } from './words.ts';

export interface Load<T> {
  data: T | null;
  fault: Fault | null;
  /** Asked for and not answered yet. */
  busy: boolean;
  /** When the data came, ms by the server's clock. */
  at: number;
  again: () => void;
}

/** Asks once, anew whenever `key` says something else, and every so many ms if told to. A failed turn keeps what was there. */
export function useLoad<T>(ask: (more: Ask) => Promise<T>, key = '', every = 0): Load<T> {
  const [got, setGot] = useState<{ key: string; data: T | null; fault: Fault | null; at: number }>({ key: '', data: null, fault: null, at: 0 });
  const [busy, setBusy] = useState(true);
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (byItself: boolean) => {
      setBusy(true);
      try {
        const data = await latest.current({ signal: stop.signal, byItself });
        if (!stop.signal.aborted) setGot({ key, data, fault: null, at: serverNow() });
      } catch (error) {
        if (stop.signal.aborted) return;
        const fault = error instanceof Fault ? error : new Fault(0, 'unknown', t('failed'), t('failed'));
        setGot(before => ({ key, data: before.key === key ? before.data : null, fault, at: before.at }));
      }
      if (stop.signal.aborted) return;
      setBusy(false);
      if (every > 0) timer = setTimeout(() => void once(true), every);
    };
    void once(false);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, turn, every]);

  const mine = got.key === key;
  return { data: mine ? got.data : null, fault: mine ? got.fault : null, busy, at: got.at, again: () => setTurn(n => n + 1) };
}
