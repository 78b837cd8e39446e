// The dialplan: what is in force, how it came there, what would differ; check, apply, roll back with the words of the command line.
import { useState } from 'preact/hooks';
import { Fault, get, post, query, type Session } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Button } from '../shared/components/button.tsx';
import { Loaded, Waiting, Wrong } from '../shared/components/loaded.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { PagedTable, type Column, type Page } from '../shared/components/table.tsx';
import { toast } from '../shared/components/toast.tsx';
import { stampOf } from '../shared/format.ts';
import { useLoad } from '../shared/load.ts';
import { may } from '../shared/nav.tsx';
import { told } from '../shared/text.ts';
import { t } from '../shared/words.ts';
import { DifferenceView, type Planned } from './difference.tsx';
import { Editor } from './editor.tsx';
import { w } from './words.ts';

interface Version {
  number: number;
  version: string;
  at: number;
  by: string;
  note: string;
  change: string;
  /** Its texts are kept: it can be gone back to. */
  kept?: boolean;
}

interface PlanNow {
  version: string;
  edited_by: 'files' | 'pages';
  since: number;
}

const HOW = ['start', 'reload', 'apply', 'rollback'] as const;
const BAD = ['wrong', 'moved', 'failed', 'no_version'];

type Asking = { is: 'apply' } | { is: 'rollback'; version: string } | null;

/** What an order has come to, in the words of the command line. */
function Result({ result }: { result: Planned }) {
  const bad = BAD.includes(result.outcome);
  const warnings = result.warnings ? told(result.warnings) : '';
  return (
    <section class="card part" aria-labelledby="result">
      <h2 class="small-head" id="result">{w('result')}</h2>
      <pre class={`said ${bad ? 'bad' : ''}`} role="status" tabIndex={0}>{result.text.trimEnd()}</pre>
      {warnings.trim() !== '' && <><h3>{w('warnings')}</h3><pre class="said warn" tabIndex={0}>{warnings.trimEnd()}</pre></>}
      {result.difference && <DifferenceView planned={result} />}
    </section>
  );
}

function Plan({ session, plan, again }: { session: Session; plan: PlanNow; again: () => void }) {
  const [result, setResult] = useState<Planned | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState<'check' | 'diff' | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [editing, setEditing] = useState(false);
  const off = plan.edited_by === 'files' ? w('byCommand') : undefined;
  const changes = may(session, 'plan_change');

  const look = async (what: 'check' | 'diff') => {
    setBusy(what);
    setFault(null);
    try {
      setResult(await post<Planned>(`/api/v1/plan/${what}`));
    } catch (error) {
      setResult(null);
      setFault(error instanceof Fault ? error : new Fault(0, 'unknown', t('failed'), t('failed')));
    }
    setBusy(null);
  };
  const change = async (path: string, body: Record<string, string>) => {
    const got = await post<Planned>(path, body);
    setResult(got);
    setFault(null);
    if (!BAD.includes(got.outcome)) toast(got.text.trim().split('\n')[0] ?? '', 'good');
    again();
  };

  const columns: Column<Version>[] = [
    { id: 'at', says: w('at_since'), show: v => <span class="num">{stampOf(v.at)}</span> },
    { id: 'version', says: w('version'), show: v => <><code class="mono">{v.version}</code> {v.version === plan.version && <Badge kind="good">{w('now')}</Badge>}</> },
    { id: 'how', says: w('how'), show: v => { const how = HOW.find(of => of === v.change); return how ? w(`how_${how}`) : v.change; } },
    { id: 'by', says: w('by'), show: v => v.by || '–' },
    { id: 'note', says: w('noteCol'), show: v => v.note || <span class="faint">–</span> },
    { id: 'back', says: w('orders'), right: true, show: v => {
      if (v.version === plan.version || !changes) return null;
      if (v.kept === false) return <span class="faint small">{w('notKept')}</span>;
      return <Button class="small" off={off} onPress={() => setAsking({ is: 'rollback', version: v.version })}>{w('rollback')}</Button>;
    } },
  ];
  return (
    <>
      {plan.edited_by === 'files' && <p class="banner soft-banner">{w('readOnly')}</p>}
      <div class="ops-head">
        <p class="in-force">{w('inForce')} <code class="mono">{plan.version}</code> <span class="soft num">{w('since', stampOf(plan.since))}</span></p>
        <div class="row">
          <Button busy={busy === 'check'} onPress={() => void look('check')}>{w('check')}</Button>
          <Button busy={busy === 'diff'} onPress={() => void look('diff')}>{w('diff')}</Button>
          {changes && !editing && <Button off={off} onPress={() => setEditing(true)}>{w('edit')}</Button>}
          {changes && <Button kind="primary" off={off} onPress={() => setAsking({ is: 'apply' })}>{w('apply')}</Button>}
        </div>
      </div>
      {busy !== null && <section class="card"><Waiting lines={3} /></section>}
      {busy === null && fault && <section class="card"><Wrong fault={fault} /></section>}
      {busy === null && result && <Result result={result} />}
      {editing && <Editor show={got => { setResult(got); setFault(null); }} done={() => { setEditing(false); again(); }} close={() => setEditing(false)} />}
      <h2>{w('history')}</h2>
      <PagedTable<Version> load={after => get<Page<Version>>(`/api/v1/plan/history${query({ after, limit: 25 })}`)} filter={`${plan.version} ${plan.since}`}
        columns={columns} keyOf={v => String(v.number)} label={w('history')} empty={w('noHistory')} />
      {asking?.is === 'apply' && (
        <ReasonDialog title={w('applyNow')} what={w('applyWhat')} action={w('applyNow')} label={w('note')} hint="" run={note => change('/api/v1/plan/apply', { note })} onClose={() => setAsking(null)} />
      )}
      {asking?.is === 'rollback' && (
        <ReasonDialog title={w('rollbackNow')} what={w('rollbackWhat', asking.version, plan.version)} action={w('rollbackNow')} danger label={w('note')} hint=""
          run={note => change('/api/v1/plan/rollback', { version: asking.version, note })} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

export function PlanView({ session }: { session: Session }) {
  const plan = useLoad(more => get<PlanNow>('/api/v1/plan', more), '', 30_000);
  return <div class="ops-view"><Loaded of={plan} lines={8}>{data => <Plan session={session} plan={data} again={plan.again} />}</Loaded></div>;
}
