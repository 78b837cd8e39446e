// The sign-in page: account, password, and the code of the second factor where it is asked for.
import './signin.css';
import { useEffect, useState } from 'preact/hooks';
import { Fault, post, readSession, type Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Field } from '../shared/components/field.tsx';
import { Brand } from '../shared/components/header.tsx';
import { showPage } from '../shared/page.tsx';
import { dictionary, lang, told } from '../shared/text.ts';
import { t } from '../shared/words.ts';

const words = dictionary({
  hotline: ['政务服务便民热线', 'Government service hotline'],
  code: ['动态验证码', 'Verification code'],
  codeHint: ['验证器应用里的 6 位数字', 'The 6 digits in your authenticator app'],
  wrong: ['账号或密码不对', 'The account or the password is wrong'],
  codeWrong: ['验证码不对或已过期', 'The code is wrong or too old'],
  locked: ['尝试次数过多，请 {0} 秒后再试', 'Too many attempts. Try again in {0} s'],
  wanted: ['这个账号需要动态验证码', 'This account needs a verification code'],
});

/** Only an address of this site is gone to. */
function destination(session: Session): string {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  const inside = /^\/[a-z]/i.test(next) && new URL(next, location.origin).origin === location.origin;
  return inside ? next : session.home;
}

function SignIn() {
  const [account, setAccount] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [notice, setNotice] = useState('');
  const [left, setLeft] = useState(0);

  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);

  const refused = (fault: Fault) => {
    if (fault.error === 'code_wanted') {
      setNotice(code ? words('codeWrong') : '');
      setCode('');
    } else if (fault.status === 429) {
      setLeft(Math.ceil(fault.retryAfter ?? 30));
      setNotice('');
    } else {
      setNotice(fault.error === 'wrong' ? words('wrong') : told(fault));
    }
  };

  const send = async (event: Event) => {
    event.preventDefault();
    if (busy || left > 0) return;
    setBusy(true);
    setNotice('');
    try {
      const body = code ? { account, password, code: code.trim() } : { account, password };
      location.replace(destination(await post<Session>('/api/v1/session', body, { keep401: true })));
    } catch (error) {
      if (error instanceof Fault) refused(error);
      setBusy(false);
    }
  };

  const said = left > 0 ? words('locked', left) : notice;
  return (
    <main class="door" id="main">
      <div>
        <form class="card stack" onSubmit={event => void send(event)}>
          <Brand title={words('hotline')} home="/" />
          <h1>{t('signIn')}</h1>
          {said !== '' && <p class="notice" role="alert">{said}</p>}
          <Field label={t('account')} name="account" autocomplete="username" required autofocus value={account} onInput={setAccount} />
          <Field label={t('password')} name="password" type="password" autocomplete="current-password" required value={password} onInput={setPassword} />
          {code !== null && (
            <Field label={words('code')} name="code" autocomplete="one-time-code" inputmode="numeric" required autofocus
              value={code} onInput={setCode} hint={said === '' ? words('wanted') : words('codeHint')} maxLength={8} />
          )}
          <Button kind="primary" type="submit" busy={busy} off={left > 0}>{t('signIn')}</Button>
        </form>
        <div class="langs">
          <Button kind="quiet" pressed={lang.value === 'zh'} onPress={() => { lang.value = 'zh'; }}>中文</Button>
          <Button kind="quiet" pressed={lang.value === 'en'} onPress={() => { lang.value = 'en'; }}>English</Button>
        </div>
      </div>
    </main>
  );
}

// Who has a session already goes on to his page.
readSession({ keep401: true }).then(
  session => location.replace(destination(session)),
  () => showPage(() => <SignIn />),
);
