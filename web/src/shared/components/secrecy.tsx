import { useState } from 'preact/hooks';
import { post, type Session } from '../api.ts';
import { dictionary } from '../text.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { toastFault } from './toast.tsx';

const words = dictionary({
  missing: ['保密协议未签署或已到期，看不到来电人的资料。来电人的号码和诉求只用于办理，不得外传。', 'Your agreement to secrecy is missing or over: callers are not shown. What they tell us, and their numbers, are for this service only and are not passed on.'],
  agree: ['我已阅读并同意', 'I have read it and agree'],
});

/** Whoever has not agreed to secrecy is shown no citizen's data: here he may. Nothing for all others. */
export function SecrecyBanner({ session }: { session: Session }) {
  const [busy, setBusy] = useState(false);
  if (session.secrecy.valid) return null;
  const agree = () => {
    setBusy(true);
    // What was refused before is asked for anew with the page.
    post('/api/v1/session/secrecy', { agreed: true }).then(() => location.reload(), (error: unknown) => {
      setBusy(false);
      toastFault(error);
    });
  };
  return (
    <section class="banner" aria-label={words('agree')}>
      <Icon name="warn" />
      <span class="grow">{words('missing')}</span>
      <Button busy={busy} onPress={agree}>{words('agree')}</Button>
    </section>
  );
}
