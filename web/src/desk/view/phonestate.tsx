import { Badge, type BadgeKind } from '../../shared/components/badge.tsx';
import { Button } from '../../shared/components/button.tsx';
import { t } from '../../shared/words.ts';
import { mode } from '../choice.ts';
import { feedState } from '../feed.ts';
import { liveLine, phone } from '../phone/phone.ts';
import { quality } from '../phone/quality.ts';
import { w } from '../words.ts';
import { devicesOpen } from './devices.tsx';
import { signedIn, stands } from '../board.ts';

function phoneWord(): [BadgeKind, string, string?] {
  if (mode.value === 'desk') return stands.value?.lost ? ['bad', w('deskPhoneLost')] : ['good', w('phoneIsDesk')];
  const of = quality.value;
  if (of && liveLine.value?.media.value === 'connected') {
    const says = of.deaf ? w('nothingHeard') : w('quality', w(of.word));
    const kind = { good: 'good', fair: 'warn', poor: 'bad' } as const;
    return [kind[of.word], says, w('qualityOf', (of.lossPermille / 10).toFixed(1), of.jitterMs, of.roundTripMs)];
  }
  const { is } = phone.value;
  if (is === 'ready') return ['good', w('phoneOn')];
  if (is === 'connecting') return ['warn', w('phoneConnecting')];
  return is === 'elsewhere' ? ['break', w('answerElsewhere')] : ['bad', w('phoneOff')];
}

/** How the page's two connections stand: to the phone, and to the server. */
export function PhoneState() {
  const { is } = feedState.value;
  const [kind, says, title] = phoneWord();
  return (
    <>
      <Badge kind={is === 'connected' ? 'good' : is === 'lost' ? 'bad' : 'warn'}>{is === 'connected' ? t('connected') : is === 'lost' ? t('network') : t('opening')}</Badge>
      {signedIn.value && <span title={title}><Badge kind={kind}>{says}</Badge></span>}
      {mode.value === 'page' && <Button kind="quiet" icon="gear" label={w('devices')} onPress={() => { devicesOpen.value = true; }} />}
    </>
  );
}
