// Which microphone, headset and loudspeaker this browser's user has chosen, and which there are.
import { signal, type Signal } from '@preact/signals';

export type Use = 'mic' | 'headset' | 'loudspeaker';
const KEPT = 'switchboard.devices';

function kept(): Partial<Record<Use, string>> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Record<Use, string>>;
  } catch {
    return {};
  }
}

const first = kept();

/** The id of the device for each use; empty is the system's own choice. */
export const chosen: Record<Use, Signal<string>> = {
  mic: signal(first.mic ?? ''),
  headset: signal(first.headset ?? ''),
  loudspeaker: signal(first.loudspeaker ?? ''),
};

export const devices = signal<readonly MediaDeviceInfo[]>([]);

/** Sound can be sent to a device of choice. */
export const canRoute = 'setSinkId' in HTMLMediaElement.prototype;

export function choose(use: Use, id: string): void {
  chosen[use].value = id;
  const all = { mic: chosen.mic.peek(), headset: chosen.headset.peek(), loudspeaker: chosen.loudspeaker.peek() };
  localStorage.setItem(KEPT, JSON.stringify(all));
}

export async function lookForDevices(): Promise<void> {
  if (!navigator.mediaDevices) return;
  devices.value = await navigator.mediaDevices.enumerateDevices();
}

navigator.mediaDevices?.addEventListener('devicechange', () => void lookForDevices());
