import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { del, post } from '../api.ts';
import { now } from '../clock.ts';
import { hourOf } from '../format.ts';
import { sheetOpen } from '../keys.ts';
import { lang, type Lang } from '../text.ts';
import { theme, type Theme } from '../theme.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';
import { Menu, type MenuItem } from './menu.tsx';
import { PasswordDialog } from './password.tsx';
import { toastFault } from './toast.tsx';

function Clock() {
  return <time class="clock" dateTime={new Date(now.value).toISOString()}>{hourOf(now.value)}</time>;
}

export function Brand({ title, home }: { title: string; home: string }) {
  return (
    <a class="brand" href={home}>
      <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="currentColor" /><path d="M9 13v3.5a5.5 5.5 0 0 0 5.5 5.5H20" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" /><circle cx="9" cy="10" r="2.6" fill="none" stroke="#fff" stroke-width="2.4" /><circle cx="23" cy="22" r="2.6" fill="none" stroke="#fff" stroke-width="2.4" /></svg>
      <span>12345 · {title}</span>
    </a>
  );
}

/** The head of a page: its name, what it puts there, and the account's menu. */
export function Header({ title, home, account, children, beforeSignOut, more = [] }: {
  title: string; home: string; account: string; children?: ComponentChildren;
  /** Asked before the session is ended; false keeps it. */
  beforeSignOut?: () => Promise<boolean> | boolean;
  more?: readonly MenuItem[];
}) {
  const [password, setPassword] = useState(false);
  const signOut = async () => {
    if (beforeSignOut && !(await beforeSignOut())) return;
    try {
      await del('/api/v1/session');
      location.assign('/');
    } catch (error) {
      toastFault(error);
    }
  };
  const setLang = (to: Lang) => {
    lang.value = to;
    post('/api/v1/session/lang', { lang: to }).catch(toastFault);
  };
  const themes: [Theme, string][] = [['auto', t('themeAuto')], ['light', t('themeLight')], ['dark', t('themeDark')]];
  const items: MenuItem[] = [
    ...more,
    { heading: t('language') },
    { says: '中文', checked: lang.value === 'zh', run: () => setLang('zh') },
    { says: 'English', checked: lang.value === 'en', run: () => setLang('en') },
    { heading: t('theme') },
    ...themes.map(([of, says]) => ({ says, checked: theme.value === of, run: () => { theme.value = of; } })),
    'line',
    { says: t('myAccount'), run: () => { location.assign('/account'); } },
    { says: t('changePassword'), run: () => setPassword(true) },
    { says: t('signOut'), run: () => void signOut() },
  ];
  return (
    <header class="top">
      <a class="skip" href="#main">{t('skip')}</a>
      <Brand title={title} home={home} />
      <div class="row grow">{children}</div>
      <Clock />
      <Button kind="quiet" icon="help" label={t('shortcuts')} onPress={() => { sheetOpen.value = true; }} />
      <Menu kind="quiet" icon="user" label={`${t('accountMenu')}: ${account}`} items={items} class="account">{account}</Menu>
      {password && <PasswordDialog onClose={() => setPassword(false)} />}
    </header>
  );
}
