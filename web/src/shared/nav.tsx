// The pages that whoever is signed in may go to.
import type { Session } from './api.ts';
import { say, type Pair } from './text.ts';

interface Way {
  to: string;
  says: Pair;
  right: string;
  roles: readonly string[];
}

const WAYS: readonly Way[] = [
  { to: '/desk', says: ['坐席', 'Desk'], right: 'desk', roles: ['agent', 'supervisor'] },
  { to: '/hall', says: ['班长台', 'Hall'], right: 'supervise', roles: ['supervisor'] },
  { to: '/ops', says: ['运维', 'Operations'], right: 'health', roles: ['operator'] },
  { to: '/figures', says: ['统计', 'Figures'], right: 'figures', roles: ['manager', 'department', 'supervisor', 'operator'] },
  { to: '/people', says: ['账号', 'Accounts'], right: 'accounts', roles: ['admin'] },
  { to: '/audit', says: ['审计', 'Audit'], right: 'audit', roles: ['auditor'] },
  { to: '/wall', says: ['大屏', 'Wallboard'], right: 'wall', roles: ['supervisor', 'operator', 'manager'] },
];

export function may(session: Session, right: string): boolean {
  return session.rights.includes(right);
}

export function Nav({ session, label }: { session: Session; label: string }) {
  const mine = WAYS.filter(way => may(session, way.right) && way.roles.some(role => session.roles.includes(role)));
  if (mine.length < 2) return null;
  return (
    <nav aria-label={label}>
      {mine.map(way => (
        <a key={way.to} href={way.to} {...(location.pathname === way.to ? { 'aria-current': 'page' as const } : {})}>{say(way.says)}</a>
      ))}
    </nav>
  );
}
