// A one-time link: its owner sets his password, and takes the secret of the second factor where his role demands one.
// The link's token stands in the fragment, which no browser sends in an address.
import './signin.css';
import { useEffect, useState } from 'preact/hooks';
import { Totp, type Secret } from '../account/totp.tsx';
import { a } from '../account/words.ts';
import { Fault, post, type Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Field } from '../shared/components/field.tsx';
import { Brand } from '../shared/components/header.tsx';
import { showPage } from '../shared/page.tsx';
import { dictionary, told } from '../shared/text.ts';
import { t } from '../shared/words.ts';

const words = dictionary({
  welcome: ['{0}，请设置密码', '{0}, set your password'],
  account: ['账号 {0}', 'Account {0}'],
  twice: ['再输一遍', 'Once more'],
  differ: ['两次输入的不一样', 'The two are not the same'],
  short: ['密码至少 10 个字符', 'At least 10 characters'],
  enter: ['完成并登录', 'Finish and sign in'],
  gone: ['这个链接已用过或已过期', 'This link has been used or is too old'],
  goneWhat: ['请向管理员要一个新的链接。', 'Ask your administrator for a new one.'],
});

interface Look {
  account: string;
  title: string;
  role: string;
  totp_wanted: boolean;
  /** The link signs in by itself: there is no password to set. */
  enters?: boolean;
  totp?: Secret;
}

function Join({ link, look }: { link: string; look: Look }) {
  const [password, setPassword] = useState('');
  const [twice, setTwice] = useState('');
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<{ field: string; says: string } | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    if ([...password].length < 10) return setWrong({ field: 'password', says: words('short') });
    if (password !== twice) return setWrong({ field: 'twice', says: words('differ') });
    setBusy(true);
    setWrong(null);
    try {
      const body = look.totp_wanted ? { link, password, code: code.trim() } : { link, password };
      location.replace((await post<Session>('/api/v1/join', body, { keep401: true })).home);
    } catch (error) {
      const fault = error instanceof Fault ? error : null;
      setWrong({ field: fault?.field ?? (fault?.error === 'code_wanted' ? 'code' : 'password'), says: fault ? told(fault) : t('failed') });
      setBusy(false);
    }
  };
  const at = (field: string) => (wrong?.field === field ? wrong.says : null);
  return (
    <main class="door wide" id="main">
      <form class="card stack" onSubmit={event => void send(event)}>
        <Brand title={words('account', look.account)} home="/" />
        <h1>{words('welcome', look.title)}</h1>
        {/* Password managers keep the account with the password. */}
        <input type="text" autocomplete="username" value={look.account} readOnly hidden />
        <Field label={t('newPassword')} type="password" autocomplete="new-password" required autofocus value={password} onInput={setPassword} hint={t('atLeastTen')} wrong={at('password')} />
        <Field label={words('twice')} type="password" autocomplete="new-password" required value={twice} onInput={setTwice} wrong={at('twice')} />
        {look.totp && <Totp totp={look.totp} />}
        {look.totp_wanted && <Field label={a('code')} inputmode="numeric" autocomplete="one-time-code" required value={code} onInput={setCode} wrong={at('code')} maxLength={8} />}
        <Button kind="primary" type="submit" busy={busy}>{words('enter')}</Button>
      </form>
    </main>
  );
}

function Door() {
  const [link] = useState(() => location.hash.slice(1));
  const [look, setLook] = useState<Look | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    // It is not left in the browser's history.
    history.replaceState(null, '', location.pathname + location.search);
    const begin = async () => {
      const seen = await post<Look>('/api/v1/join/look', { link }, { keep401: true });
      if (seen.enters) location.replace((await post<Session>('/api/v1/join', { link }, { keep401: true })).home);
      else setLook(seen);
    };
    begin().catch((error: unknown) => setWrong(error instanceof Fault && error.status !== 410 ? told(error) : words('gone')));
  }, []);
  if (wrong !== null) return <main class="door" id="main"><EmptyState whole icon="warn" title={wrong}><p>{words('goneWhat')}</p></EmptyState></main>;
  if (look === null) return <main class="door" id="main"><p class="soft" role="status">{t('loading')}</p></main>;
  return <Join link={link} look={look} />;
}

showPage(() => <Door />);
