// A person's own account: who he is to the switchboard, and how he gets in.
import '../shared/components/work.css';
import '../account/account.css';
import { useState } from 'preact/hooks';
import { SecondFactor } from '../account/second.tsx';
import { a } from '../account/words.ts';
import { roleWord } from '../people/account.ts';
import { type Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Header } from '../shared/components/header.tsx';
import { PasswordDialog } from '../shared/components/password.tsx';
import { SecrecyBanner } from '../shared/components/secrecy.tsx';
import { stampOf } from '../shared/format.ts';
import { Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';
import { t } from '../shared/words.ts';

function factsOf(session: Session): [string, string][] {
  const { until, valid } = session.secrecy;
  const secrecy = until === null || !valid ? (valid ? a('on') : a('secrecyNone')) : a('secrecyUntil', stampOf(until).slice(0, 10));
  const reach: [string, string][] = session.roles.includes('supervisor')
    ? [[a('groups'), session.groups.join('、') || a('allGroups')]]
    : [];
  const all: [string, string][] = [
    [a('name'), session.title],
    [t('account'), session.account],
    [a('roles'), session.roles.map(roleWord).join('、')],
    [a('unit'), session.unit],
    ...reach,
    [a('agent'), session.agent ?? ''],
    [a('seat'), session.seat ?? session.own_seat ?? ''],
    [a('secrecy'), secrecy],
    [a('session'), a('sessionUntil', stampOf(session.until).slice(0, 16), Math.round(session.idle_s / 60))],
  ];
  return all.filter(([, says]) => says !== '');
}

function Own({ session }: { session: Session }) {
  const [password, setPassword] = useState(false);
  return (
    <>
      <Header title={a('title')} home={session.home} account={session.title}><Nav session={session} label={a('title')} /></Header>
      <SecrecyBanner session={session} />
      <main id="main" class="own">
        <h1>{a('title')}</h1>
        <section class="card stack" aria-labelledby="who">
          <h2 id="who">{a('who')}</h2>
          <dl class="facts">{factsOf(session).map(([what, says]) => <div key={what}><dt>{what}</dt><dd>{says}</dd></div>)}</dl>
        </section>
        <section class="card stack" aria-labelledby="password">
          <h2 id="password">{t('password')}</h2>
          <div class="row"><Button onPress={() => setPassword(true)}>{t('changePassword')}</Button></div>
        </section>
        <SecondFactor restricted={session.roles.length === 0} />
        <p class="row"><a href={session.roles.length === 0 ? '/account' : session.home}>{t('goHome')}</a> <a href="/api">{a('api')}</a></p>
      </main>
      {password && <PasswordDialog onClose={() => setPassword(false)} />}
    </>
  );
}

void showTo([], session => <Own session={session} />);
