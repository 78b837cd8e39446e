// The microphone: opened when it is needed, and what is wrong with it said at once.
import { effect, signal } from '@preact/signals';
import { chosen, devices, lookForDevices } from './devices.ts';

export type MicFault = 'denied' | 'missing' | 'busy' | 'insecure';

/** Why there is no microphone; `null` while there is one or it has not been asked for. */
export const micFault = signal<MicFault | null>(null);
/** The open one. */
export const micStream = signal<MediaStream | null>(null);
/** The system says that nothing comes from it. */
export const micMuted = signal(false);

let opening: Promise<MediaStream | null> | null = null;
let users = 0;

function faultOf(error: unknown): MicFault {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotFoundError' ? 'missing' : 'busy';
}

async function ask(): Promise<MediaStream> {
  const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const id = chosen.mic.peek();
  if (id !== '') {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: { ...sound, deviceId: { exact: id } } });
    } catch (error) {
      // The chosen one is not plugged in: the system's own is better than none.
      const gone = error instanceof DOMException && /^(OverconstrainedError|NotFoundError)$/.test(error.name);
      if (!gone) throw error;
    }
  }
  return navigator.mediaDevices.getUserMedia({ audio: sound });
}

async function open(): Promise<MediaStream | null> {
  if (!navigator.mediaDevices) {
    micFault.value = 'insecure';
    return null;
  }
  try {
    const stream = await ask();
    const [track] = stream.getAudioTracks();
    track?.addEventListener('mute', () => { micMuted.value = micStream.peek() === stream; });
    track?.addEventListener('unmute', () => { micMuted.value = false; });
    track?.addEventListener('ended', () => micStream.peek() === stream && void reopen());
    micFault.value = null;
    micMuted.value = track?.muted ?? false;
    micStream.value = stream;
    void lookForDevices();
    return stream;
  } catch (error) {
    micFault.value = faultOf(error);
    micStream.value = null;
    return null;
  }
}

/** Takes hold of the microphone; [`releaseMic`] lets go of it. */
export function holdMic(): Promise<MediaStream | null> {
  users += 1;
  if (micStream.peek()) return Promise.resolve(micStream.peek());
  opening ??= open().finally(() => { opening = null; });
  return opening;
}

export function releaseMic(): void {
  users = Math.max(0, users - 1);
  if (users > 0) return;
  const stream = micStream.peek();
  micStream.value = null;
  micMuted.value = false;
  stream?.getTracks().forEach(track => track.stop());
}

async function reopen(): Promise<void> {
  const before = micStream.peek();
  await open();
  before?.getTracks().forEach(track => track.stop());
}

/** Asks for the permission, and looks whether there is one, without keeping it open. */
export async function checkMic(): Promise<void> {
  await holdMic();
  releaseMic();
}

// Another one is chosen, or one is plugged in where none was.
let was = chosen.mic.peek();
effect(() => {
  const id = chosen.mic.value;
  const count = devices.value.filter(device => device.kind === 'audioinput').length;
  const isNew = id !== was;
  was = id;
  if (users > 0 && (isNew || (micFault.peek() === 'missing' && count > 0))) void reopen();
});

let nothing: MediaStream | null = null;

/** A voice that says nothing, for a call that is answered without a microphone. */
export function silence(): MediaStream {
  nothing ??= new AudioContext().createMediaStreamDestination().stream;
  return nothing;
}
