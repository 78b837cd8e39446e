import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Select } from '../../shared/components/field.tsx';
import { askToNotify, permission } from '../notify.ts';
import { canRoute, choose, chosen, devices, lookForDevices, type Use } from '../phone/devices.ts';
import { holdMic, micFault, releaseMic } from '../phone/mic.ts';
import { tryRing, tryVoice } from '../phone/sound.ts';
import { w } from '../words.ts';
import { faultWord } from './faults.tsx';
import { Meter } from './meter.tsx';

export const devicesOpen = signal(false);

function Choice({ use, kind, label }: { use: Use; kind: MediaDeviceKind; label: string }) {
  const of = devices.value.filter(d => d.kind === kind && d.deviceId !== '' && d.deviceId !== 'default' && d.deviceId !== 'communications');
  const options = [{ value: '', says: w('systemDefault') }, ...of.map((d, at) => ({ value: d.deviceId, says: d.label || `${label} ${at + 1}` }))];
  const value = options.some(o => o.value === chosen[use].value) ? chosen[use].value : '';
  return <Select label={label} value={value} options={options} onChange={id => choose(use, id)} />;
}

/** Microphone, headset and loudspeaker, each to be tried. */
export function Devices() {
  useEffect(() => {
    void holdMic();
    void lookForDevices();
    return releaseMic;
  }, []);
  const fault = micFault.value;
  return (
    <div class="devices stack">
      <div class="stack tight">
        <Choice use="mic" kind="audioinput" label={w('mic')} />
        {fault ? <p class="field"><span class="wrong" role="alert">{faultWord(fault)}</span></p> : <Meter />}
        <span class="small faint">{fault ? null : w('level')}</span>
        {fault && <Button onPress={() => { void holdMic().then(releaseMic); }}>{w('allow')}</Button>}
      </div>
      {canRoute ? (
        <>
          <div class="with-try"><Choice use="headset" kind="audiooutput" label={w('headset')} /><Button icon="headset" label={w('tryVoice')} onPress={tryVoice} /></div>
          <div class="with-try"><Choice use="loudspeaker" kind="audiooutput" label={w('loudspeaker')} /><Button icon="speaker" label={w('tryRing')} onPress={tryRing} /></div>
        </>
      ) : <p class="small soft">{w('noSink')}</p>}
      {permission.value === 'default' && <Button icon="bell" onPress={() => void askToNotify()}>{w('notify')}</Button>}
      {permission.value === 'granted' && <p class="small soft">{w('notifyOn')}</p>}
      {permission.value === 'denied' && <p class="small soft">{w('notifyOff')}</p>}
    </div>
  );
}

export function DevicesDialog() {
  if (!devicesOpen.value) return null;
  return <Dialog title={w('devices')} onClose={() => { devicesOpen.value = false; }}><Devices /></Dialog>;
}
