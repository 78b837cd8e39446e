// The sound of each leg, in words and in figures. Opinions are in hundredths (ITU-T G.107).
import { Badge } from '../shared/components/badge.tsx';
import { EmptyState } from '../shared/components/empty.tsx';
import { Table, type Column } from '../shared/components/table.tsx';
import { targetName } from './course.tsx';
import type { Cdr, Leg, Quality } from './record.ts';
import { w } from './words.ts';

function Opinion({ mos }: { mos: number | undefined }) {
  if (mos === undefined) return <span class="faint">{w('noQuality')}</span>;
  const word = mos >= 400 ? 'good' : mos >= 350 ? 'fair' : 'poor';
  return <Badge kind={word === 'good' ? 'good' : word === 'fair' ? 'warn' : 'bad'}>{w(word)} <span class="num">{(mos / 100).toFixed(2)}</span></Badge>;
}

const loss = (lost: number | undefined, of: number | undefined): string =>
  (lost === undefined || !of ? '–' : `${((lost / of) * 100).toFixed(2)}%`);
const ms = (us: number | undefined): string => (us === undefined ? '–' : `${(us / 1000).toFixed(0)} ms`);

export function QualityTable({ cdr }: { cdr: Cdr }) {
  const media = cdr.media ?? [];
  if (media.length === 0) return <EmptyState icon="speaker" title={w('noQuality')} />;
  const name = (leg: Leg): string => {
    const attempt = cdr.attempts.find(a => a.leg === leg);
    return attempt ? targetName(attempt.target) : w('caller');
  };
  const columns: Column<Quality>[] = [
    { id: 'leg', says: w('leg'), show: q => <>{name(q.leg)} <span class="faint">#{String(q.leg).replace('#', '')}</span></> },
    { id: 'codec', says: w('codec'), show: q => q.codec },
    { id: 'heard', says: w('heard'), show: q => <Opinion mos={q.mos} /> },
    { id: 'loss', says: w('lossCol'), right: true, show: q => loss(q.lost, q.received + q.lost) },
    { id: 'jitter', says: w('jitter'), right: true, show: q => ms(q.jitter_us) },
    { id: 'hears', says: w('hears'), show: q => <Opinion mos={q.far_mos} /> },
    { id: 'far_loss', says: w('lossCol'), right: true, show: q => loss(q.far_lost, q.far_expected) },
    { id: 'far_jitter', says: w('jitter'), right: true, show: q => ms(q.far_jitter_us) },
    { id: 'rtt', says: w('roundTrip'), right: true, show: q => ms(q.round_trip_us) },
  ];
  return <Table columns={columns} rows={media} keyOf={q => String(q.leg)} label={w('quality')} />;
}
