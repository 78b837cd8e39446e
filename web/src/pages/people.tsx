// The accounts: who there is, what he may, and how he gets in.
import '../shared/components/work.css';
import '../people/people.css';
import { useEffect, useState } from 'preact/hooks';
import { called, ROLES, roleWord, type Account } from '../people/account.ts';
import { AccountForm, type Link } from '../people/form.tsx';
import { Once } from '../people/once.tsx';
import { Tokens } from '../people/tokens.tsx';
import { w } from '../people/words.ts';
import { get, patch, post, query, type Session } from '../shared/api.ts';
import { now } from '../shared/clock.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { Field, Select } from '../shared/components/field.tsx';
import { Header } from '../shared/components/header.tsx';
import { Menu, type MenuItem } from '../shared/components/menu.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { PagedTable, type Column, type Page } from '../shared/components/table.tsx';
import { toast, toastFault } from '../shared/components/toast.tsx';
import { stampOf, timeOf } from '../shared/format.ts';
import { amend, place } from '../shared/hash.ts';
import { useKeys } from '../shared/keys.ts';
import { Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';
import { say } from '../shared/text.ts';

type Open =
  | { is: 'add' } | { is: 'edit' | 'disable' | 'reset' | 'token' | 'tokens'; of: Account }
  | { is: 'once'; title: string; what: string; secret: string } | null;

const pathOf = (of: Account): string => `/api/v1/accounts/${encodeURIComponent(of.name)}`;
// Nobody wants an answer to half a name.
const PAUSE = 300;

function Second({ of }: { of: Account }) {
  if (of.totp) return <Badge kind="good" dot={false}>{w('secondOn')}</Badge>;
  return of.wants_totp ? <Badge kind="warn" dot={false}>{w('secondWanted')}</Badge> : <span class="faint">{w('secondNot')}</span>;
}

function Secrecy({ of }: { of: Account }) {
  if (of.secrecy_until === null) return <Badge kind="warn" dot={false}>{w('noSecrecy')}</Badge>;
  if (of.secrecy_until / 1000 < now.value) return <Badge kind="warn" dot={false}>{w('secrecyOver')}</Badge>;
  return <span class="soft num">{w('until', stampOf(of.secrecy_until).slice(0, 10))}</span>;
}

function columnsOf(open: (to: Open) => void, enable: (of: Account) => void): Column<Account>[] {
  const items = (of: Account): MenuItem[] => [
    { says: w('edit'), run: () => open({ is: 'edit', of }) },
    { says: w('reset'), run: () => open({ is: 'reset', of }) },
    { says: w('tokens'), run: () => open({ is: 'tokens', of }) },
    'line',
    of.disabled ? { says: w('enable'), run: () => enable(of) } : { says: w('disable'), run: () => open({ is: 'disable', of }) },
  ];
  return [
    { id: 'person', says: w('person'), show: of => <span class={of.disabled ? 'faint' : ''}><b>{of.title || of.name}</b> <span class="soft mono small">{of.name}</span></span> },
    { id: 'roles', says: w('roles'), show: of => <span class="row tight">{of.roles.map(role => <Badge key={role} kind={role === 'agent' ? 'break' : 'info'} dot={false}>{roleWord(role)}</Badge>)}{of.disabled && <Badge kind="out">{w('disabled')}</Badge>}</span> },
    { id: 'reach', says: w('reach'), show: of => [of.unit, ...of.groups].filter(Boolean).join(' · ') || <span class="faint">–</span> },
    { id: 'agent', says: w('agent'), show: of => of.agent ?? <span class="faint">–</span> },
    { id: 'second', says: w('second'), show: of => <Second of={of} /> },
    { id: 'secrecy', says: w('secrecy'), show: of => <Secrecy of={of} /> },
    { id: 'seen', says: w('seen'), show: of => (of.last_seen === null ? <span class="faint">{w('never')}</span> : <span class="num">{timeOf(of.last_seen, now.value)}</span>) },
    { id: 'orders', says: say(['操作', 'Orders']), right: true, show: of => (of.from === 'file'
      ? <span title={w('fromFileHint')}><Badge kind="break" dot={false}>{w('fromFile')}</Badge><span class="unseen">{w('fromFileHint')}</span></span>
      : <Menu kind="quiet" icon="gear" label={w('more', called(of))} items={items(of)} class="small" />) },
  ];
}

function Dialogs({ open, set, changed }: { open: Open; set: (to: Open) => void; changed: () => void }) {
  const shut = () => set(null);
  const once = (title: string, link: Link) => set({ is: 'once', title: w('linkTitle'), what: w('linkWhat', title, stampOf(link.until).slice(0, 16)), secret: link.link });
  switch (open?.is) {
    case 'add': return <AccountForm of={null} onClose={shut} onDone={(title, link) => { changed(); if (link) once(title, link); }} />;
    case 'edit': return <AccountForm of={open.of} onClose={shut} onDone={title => { changed(); shut(); toast(w('changed', title), 'good'); }} />;
    case 'disable': {
      const run = () => patch(pathOf(open.of), { disabled: true }).then(() => { changed(); toast(w('disabledDone', called(open.of)), 'good'); });
      return <ReasonDialog title={w('disable')} what={w('disableWhat', called(open.of))} action={w('disable')} danger plain run={run} onClose={shut} />;
    }
    case 'reset': {
      let link: Link | null = null;
      const run = () => post<Link>(`${pathOf(open.of)}/reset`).then(got => { link = got; changed(); });
      return <ReasonDialog title={w('reset')} what={<>{called(open.of)}<br />{w('resetWhat')}</>} action={w('reset')} danger plain run={run} onClose={() => (link ? once(called(open.of), link) : shut())} />;
    }
    case 'tokens': return <Tokens of={open.of} onNew={() => set({ is: 'token', of: open.of })} onChanged={changed} onClose={shut} />;
    case 'token': {
      let token = '';
      const run = (note: string) => post<{ token: string }>(`${pathOf(open.of)}/token`, { note }).then(got => { token = got.token; });
      return <ReasonDialog title={w('token')} what={<>{called(open.of)}<br />{w('tokenWhat')}</>} action={w('makeToken')} label={w('tokenNote')} run={run}
        onClose={() => (token ? set({ is: 'once', title: w('tokenTitle'), what: w('tokenOnce'), secret: token }) : shut())} />;
    }
    case 'once': return <Once title={open.title} what={open.what} secret={open.secret} onClose={shut} />;
    default: return null;
  }
}

function People({ session }: { session: Session }) {
  const of = place.value.of;
  const [open, setOpen] = useState<Open>(null);
  const [turn, setTurn] = useState(0);
  const [find, setFind] = useState(of['find'] ?? '');
  useEffect(() => {
    const timer = setTimeout(() => amend(find === '' ? { find } : { find, role: '' }), PAUSE);
    return () => clearTimeout(timer);
  }, [find]);
  const changed = () => setTurn(n => n + 1);
  const enable = (account: Account) => {
    patch(pathOf(account), { disabled: false }).then(() => { changed(); toast(w('enabledDone', called(account)), 'good'); }, toastFault);
  };
  useKeys([{ key: 'n', says: w('add'), group: w('title'), run: () => setOpen({ is: 'add' }) }]);
  // The server looks for one thing: a text, or a role.
  const role = of['role'] ?? '';
  const filter = of['find'] || role;
  const roles = [{ value: '', says: w('any') }, ...ROLES.map(value => ({ value, says: roleWord(value) }))];
  return (
    <>
      <Header title={w('title')} home="/people" account={session.title || session.account}><Nav session={session} label={w('pages')} /></Header>
      <main id="main" class="page">
        <h1 class="unseen">{w('title')}</h1>
        <div class="list-head">
          <form class="filters" role="search" onSubmit={event => { event.preventDefault(); amend({ find }); }}>
            <div class="wide-field"><Field label={w('find')} type="search" value={find} onInput={setFind} maxLength={64} /></div>
            <Select label={w('role')} value={role} options={roles} onChange={to => { setFind(''); amend({ role: to, find: '' }); }} />
          </form>
          <Button kind="primary" shortcut="N" onPress={() => setOpen({ is: 'add' })}>{w('add')}</Button>
        </div>
        <PagedTable<Account> load={after => get<Page<Account>>(`/api/v1/accounts${query({ filter, limit: 25, after })}`)} filter={`${filter} ${turn}`}
          columns={columnsOf(setOpen, enable)} keyOf={account => account.name} label={w('title')} empty={w('none')} />
      </main>
      <Dialogs open={open} set={setOpen} changed={changed} />
    </>
  );
}

void showTo(['admin'], session => <People session={session} />);
