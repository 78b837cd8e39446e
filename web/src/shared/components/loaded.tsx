import './work.css';
import type { ComponentChildren } from 'preact';
import { Fault } from '../api.ts';
import { stampOf } from '../format.ts';
import type { Load } from '../load.ts';
import { dictionary, told } from '../text.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';
import { EmptyState } from './empty.tsx';

const words = dictionary({
  refused: ['没有权限', 'Not allowed'],
  stale: ['服务器没有应答，以下是 {0} 的情况。', 'The server does not answer; this is how it was at {0}.'],
});

/** Why there is nothing: refused, or failed and may be tried again. */
export function Wrong({ fault, again }: { fault: Fault; again?: () => void }) {
  const refused = fault.status === 403;
  return (
    <EmptyState icon={refused ? 'user' : 'warn'} title={refused ? words('refused') : told(fault)}>
      {refused && <p>{told(fault)}</p>}
      {!refused && again && <Button onPress={again}>{t('again')}</Button>}
    </EmptyState>
  );
}

/** Grey lines in the place of what comes. */
export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <div class="waiting" role="status">
      <span class="unseen">{t('loading')}</span>
      {Array.from({ length: lines }, (_, at) => <span key={at} class="line" aria-hidden="true" />)}
    </div>
  );
}

/** Shows what has been loaded; says so when it is old. */
export function Loaded<T>({ of, children, lines }: { of: Load<T>; children: (data: T) => ComponentChildren; lines?: number }) {
  if (of.data === null) return of.fault ? <Wrong fault={of.fault} again={of.again} /> : <Waiting {...(lines ? { lines } : {})} />;
  return (
    <>
      {of.fault && <p class="stale" role="status">{words('stale', stampOf(of.at * 1000))} {told(of.fault)}</p>}
      {children(of.data)}
    </>
  );
}
