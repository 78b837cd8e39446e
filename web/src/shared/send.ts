// A form that is sent: once at a time, and what the server finds wrong is said at its field.
import { useState } from 'preact/hooks';
import { Fault } from './api.ts';
import { told } from './text.ts';

export interface Sending {
  busy: boolean;
  /** What is wrong at a field. */
  at: (field: string) => string | null;
  send: (event: Event, run: () => Promise<unknown>) => void;
}

/** `first` is the field at which stands what names none. */
export function useSending(first: string): Sending {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Fault | null>(null);
  const go = async (run: () => Promise<unknown>) => {
    setBusy(true);
    setWrong(null);
    try {
      await run();
    } catch (error) {
      setWrong(error instanceof Fault ? error : null);
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    at: field => (wrong && (wrong.field ?? first) === field ? told(wrong) : null),
    send: (event, run) => {
      event.preventDefault();
      void go(run);
    },
  };
}
