// How the exchange is: what doctor says first, then trunks, telephones, ports, queues and disk.
import { get } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Kpi } from '../shared/components/kpi.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { Table, type Column } from '../shared/components/table.tsx';
import { spanOf } from '../shared/format.ts';
import { useLoad } from '../shared/load.ts';
import { told } from '../shared/text.ts';
import { w } from './words.ts';

interface Status {
  version: string;
  plan: string;
  calls: number;
  waiting: number;
  seats_registered: number;
  seats: number;
  ports: [number, number];
  trunks_down: string[];
  draining: boolean;
  shed_permille: number;
  shed: number;
}

interface Trunk {
  trunk: string;
  title?: string;
  outbound: string | null;
  targets?: { transport: string; address: string; up: boolean }[];
  up: boolean;
  calls: number;
  registration?: { state: 'registered' | 'failing' | 'asking' | 'silent' | 'refused'; status?: number; left_s?: number };
}

interface Queue { name: string; zh: string; en: string; length: number; bound: number; dropped: number }
interface Disk { what: string; zh: string; en: string; path?: string; free: number; total: number; days_left?: number | null }

interface Health {
  version: string;
  uptime_s: number;
  checks: { level: 'ok' | 'warn' | 'bad'; zh: string; en: string }[];
  queues: Queue[];
  disk: Disk[];
}

function bytes(of: number): string {
  return of >= 1e12 ? `${(of / 1e12).toFixed(1)} TB` : of >= 1e9 ? `${Math.round(of / 1e9)} GB` : `${Math.round(of / 1e6)} MB`;
}

/** How full something is; amber from eight tenths on, red when hardly anything is left. */
function Fill({ part }: { part: number }) {
  const kind = part >= 0.95 ? 'bad' : part >= 0.8 ? 'warn' : 'good';
  return <span class={`bar wide-bar ${kind}`} aria-hidden="true"><span ref={node => node?.style.setProperty('width', `${Math.min(100, Math.round(part * 100))}%`)} /></span>;
}

const LEVELS = { bad: 0, warn: 1, ok: 2 } as const;

function Checks({ checks }: { checks: Health['checks'] }) {
  const sorted = [...checks].sort((a, b) => LEVELS[a.level] - LEVELS[b.level]);
  return (
    <ul class="checks">
      {sorted.map((check, n) => (
        <li key={n}><Badge kind={check.level === 'ok' ? 'good' : check.level}>{w(`level_${check.level}`)}</Badge><span>{told(check)}</span></li>
      ))}
    </ul>
  );
}

function Trunks({ trunks }: { trunks: readonly Trunk[] }) {
  const columns: Column<Trunk>[] = [
    { id: 'trunk', says: w('trunk'), show: of => <><b>{of.trunk}</b> <span class="soft">{of.title ?? ''}</span></> },
    { id: 'up', says: w('reach'), show: of => <Badge kind={of.up ? 'good' : 'bad'}>{of.up ? w('trunkUp') : w('trunkDown')}</Badge> },
    { id: 'targets', says: w('addresses'), show: of => (of.targets ?? []).map(target => (
      <span key={target.address} class={`target small ${target.up ? '' : 'down'}`}>{target.transport} {target.address}{target.up ? '' : ` ${w('trunkDown')}`}</span>
    )) },
    { id: 'registration', says: w('registration'), show: ({ registration: r }) => (r
      ? <span><Badge kind={r.state === 'registered' ? 'good' : r.state === 'asking' ? 'info' : 'warn'} dot={false}>{w(`reg_${r.state}`)}{r.status ? ` ${r.status}` : ''}</Badge>{r.left_s !== undefined && <span class="soft small"> {w('leftS', spanOf(r.left_s * 1000))}</span>}</span>
      : <span class="faint">{w('noRegistration')}</span>) },
    { id: 'calls', says: w('liveCalls'), right: true, show: of => of.calls },
  ];
  return <Table columns={columns} rows={trunks} keyOf={of => of.trunk} label={w('trunks')} />;
}

function Queues({ queues }: { queues: readonly Queue[] }) {
  const columns: Column<Queue>[] = [
    { id: 'queue', says: w('queue'), show: told },
    { id: 'fill', says: w('fill'), show: of => <Fill part={of.bound > 0 ? of.length / of.bound : 0} /> },
    { id: 'length', says: w('length'), right: true, show: of => of.length },
    { id: 'bound', says: w('bound'), right: true, show: of => of.bound },
    { id: 'dropped', says: w('dropped'), right: true, show: of => (of.dropped > 0 ? <Badge kind="warn" dot={false}>{of.dropped}</Badge> : '0') },
  ];
  return <Table columns={columns} rows={queues} keyOf={of => of.name} label={w('queues')} />;
}

function Disks({ disks }: { disks: readonly Disk[] }) {
  return (
    <ul class="disks">
      {disks.map(of => (
        <li key={of.what}>
          <span><b>{told(of)}</b> <span class="mono small faint">{of.path ?? ''}</span></span>
          <Fill part={of.total > 0 ? 1 - of.free / of.total : 0} />
          <span class="soft num">{w('free', bytes(of.free))} / {bytes(of.total)}{of.days_left ? ` · ${w('lasts', of.days_left)}` : ''}</span>
        </li>
      ))}
    </ul>
  );
}

function Figures({ status, health }: { status: Status; health: Health | null }) {
  const [used, bound] = status.ports;
  const minutes = Math.floor((health?.uptime_s ?? 0) / 60);
  const hours = Math.floor(minutes / 60);
  const uptime = hours < 24 ? w('uptimeToday', hours, minutes % 60) : w('uptime', Math.floor(hours / 24), hours % 24);
  return (
    <div class="kpis" role="group" aria-label={w('health')}>
      <Kpi name={w('program')} value={status.version} beside={`${w('plan')} ${status.plan}`} />
      <Kpi name={w('uptimeCol')} value={health ? uptime : '–'} beside={status.draining ? w('draining') : undefined} below={status.draining} />
      <Kpi name={w('liveCalls')} value={status.calls} beside={w('waitingCalls', status.waiting)} />
      <Kpi name={w('phones')} value={status.seats_registered} beside={w('ofSeats', status.seats)} />
      <Kpi name={w('ports')} value={used} beside={w('ofPorts', bound)} act={bound === 0 || used >= bound} />
      <Kpi name={w('shed')} value={status.shed_permille > 0 ? w('shedNow', status.shed_permille) : '0'} beside={w('shedSince', status.shed)} act={status.shed_permille > 0} />
    </div>
  );
}

export function HealthView() {
  const status = useLoad(more => get<Status>('/api/v1/status', more), '', 5000);
  const health = useLoad(more => get<Health>('/api/v1/health', more), '', 5000);
  const trunks = useLoad(more => get<{ trunks: Trunk[] }>('/api/v1/trunks', more), '', 5000);
  return (
    <div class="ops-view">
      <Loaded of={status} lines={3}>{now => <Figures status={now} health={health.data} />}</Loaded>
      <Loaded of={health} lines={6}>
        {of => (
          <div class="health">
            <section class="card part"><h2>{w('doctor')}</h2><Checks checks={of.checks} /><h2>{w('disk')}</h2><Disks disks={of.disk} /></section>
            <section class="card part"><h2>{w('queues')}</h2><Queues queues={of.queues} /></section>
          </div>
        )}
      </Loaded>
      <section class="card part"><h2>{w('trunks')}</h2><Loaded of={trunks}>{of => <Trunks trunks={of.trunks} />}</Loaded></section>
      <Phones />
    </div>
  );
}

interface SeatRow { seat: string; agent: string | null; name?: string; zh: string; contact: string | null; groups: string[] }

function Phones() {
  const seats = useLoad(more => get<{ seats: SeatRow[] }>('/api/v1/seats', more), '', 10_000);
  const columns: Column<SeatRow>[] = [
    { id: 'seat', says: w('phones'), show: of => <><b class="num">{of.seat}</b> <span class="soft">{of.name ?? of.agent ?? ''}</span></> },
    { id: 'contact', says: w('contact'), show: of => (of.contact ? <span class="mono small">{of.contact}</span> : <span class="faint">{w('notRegistered')}</span>) },
    { id: 'state', says: w('state'), show: of => of.zh },
    { id: 'groups', says: w('groups'), show: of => <span class="soft">{of.groups.join(' ')}</span> },
  ];
  return (
    <section class="card part">
      <h2>{w('registrations')}</h2>
      <Loaded of={seats}>{of => <div class="phones"><Table columns={columns} rows={[...of.seats].sort((a, b) => Number(a.contact !== null) - Number(b.contact !== null))} keyOf={row => row.seat} label={w('registrations')} /></div>}</Loaded>
    </section>
  );
}
