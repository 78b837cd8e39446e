// Starts a page: who is signed in, in which language, with what at hand on every page.
import './theme.css';
import './components/components.css';
import './theme.ts';
import { render, type ComponentChildren } from 'preact';
import { Fault, readSession, type Session } from './api.ts';
import { EmptyState } from './components/empty.tsx';
import { KeySheet } from './components/keysheet.tsx';
import { Announcer, Toasts } from './components/toast.tsx';
import { accountLang, told } from './text.ts';
import { t } from './words.ts';

function root(): HTMLElement {
  const node = document.getElementById('app');
  if (!node) throw new Error('the shell has no #app');
  return node;
}

function Around({ children }: { children: ComponentChildren }) {
  return <>{children}<KeySheet /><Toasts /><Announcer /></>;
}

/** A page for whoever comes. */
export function showPage(page: () => ComponentChildren): void {
  const Page = page;
  render(<Around><Page /></Around>, root());
}

/** A page for who has signed in, with a role that it is for (none named: for everybody); `begin` is told once who that is. */
export async function showTo(
  roles: readonly string[],
  page: (session: Session) => ComponentChildren,
  begin: (session: Session) => void = () => {},
): Promise<void> {
  try {
    const session = await readSession();
    accountLang(session.lang);
    // Whoever may nothing until he has his second factor may see to his account.
    if (roles.length === 0 || session.roles.some(role => roles.includes(role))) {
      begin(session);
      return showPage(() => page(session));
    }
    showPage(() => (
      <main id="main"><EmptyState whole icon="warn" title={t('notForYou')}><a href={session.home}>{t('goHome')}</a></EmptyState></main>
    ));
  } catch (error) {
    // Who is not signed in is on his way to the sign-in page.
    if (error instanceof Fault && error.status === 401) return;
    const why = error instanceof Fault ? told(error) : t('failed');
    showPage(() => <main id="main"><EmptyState whole icon="warn" title={why}><a href={location.href}>{t('again')}</a></EmptyState></main>);
  }
}
