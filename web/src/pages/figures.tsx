// Figures for who answers for them: the service by line, group, department, person, traffic and hour, and what became of transfers.
import '../figures/page.css';
import type { WallFigures } from '../hall/rows.ts';
import { TransfersView } from '../figures/transfers.tsx';
import { FiguresView } from '../figures/view.tsx';
import { w } from '../figures/words.ts';
import { get, type Session } from '../shared/api.ts';
import { HourChart, presentHour } from '../shared/components/chart.tsx';
import { Header } from '../shared/components/header.tsx';
import { Kpi, percent } from '../shared/components/kpi.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { SecrecyBanner } from '../shared/components/secrecy.tsx';
import { Tabs } from '../shared/components/tabs.tsx';
import { go, place } from '../shared/hash.ts';
import { useKeys } from '../shared/keys.ts';
import { useLoad } from '../shared/load.ts';
import { may, Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';

/** How the day goes: for who may see the whole house. */
function Day() {
  const wall = useLoad(more => get<WallFigures>('/api/v1/wall', more), '', 30_000);
  return (
    <Loaded of={wall} lines={8}>
      {({ today, rolling, targets, trend }) => (
        <div class="day">
          <div class="kpis" role="group" aria-label={w('today')}>
            <Kpi name={w('calls')} value={today.calls.toLocaleString('en-US')} beside={`${w('connected')} ${today.answered.toLocaleString('en-US')}`} />
            <Kpi name={w('connect_rate')} value={percent(today.connect_rate)} below={today.connect_rate !== null && today.connect_rate < targets.connect_rate} beside={`≥ ${percent(targets.connect_rate, 0)}`} />
            <Kpi name={w('within24')} value={percent(rolling.within_15s)} below={rolling.within_15s !== null && rolling.within_15s < targets.within_15s}
              beside={`≥ ${percent(targets.within_15s, 0)} · ${w('lowest', percent(rolling.minimum))}`} />
            <Kpi name={w('abandoned')} value={today.abandoned.toLocaleString('en-US')} />
          </div>
          <section class="card day-trend" aria-label={w('trend')}>
            <HourChart label={w('trend')} lines={[
              { says: `${w('today')} ${w('thisHour', trend.today.at(-1) ?? 0)}`, values: trend.today.slice(0, -1), colour: '--talking-solid' },
              presentHour(trend.today),
              { says: `${w('sameWeekday')} ${trend.date?.slice(5) ?? ''}`.trim(), values: trend.same_weekday, colour: '--out-solid', dashed: true },
            ]} />
          </section>
        </div>
      )}
    </Loaded>
  );
}

function FiguresPage({ session }: { session: Session }) {
  // A department sees what was transferred to it; the floor's figures are not its own.
  const tabs = session.roles.every(role => role === 'department') ? (['transfers'] as const) : may(session, 'wall') ? (['figures', 'transfers', 'day'] as const) : (['figures', 'transfers'] as const);
  const tab = tabs.find(of => of === place.value.tab) ?? tabs[0];
  useKeys(tabs.map((id, n) => ({ key: String(n + 1), says: w(id), group: w('views'), run: () => go(id) })));
  return (
    <div class="figures-page">
      <Header title={w('title')} home="/figures" account={session.title || session.account}><Nav session={session} label={w('pages')} /></Header>
      <SecrecyBanner session={session} />
      <main id="main">
        <h1 class="unseen">{w('title')}</h1>
        <Tabs tabs={tabs.map(id => ({ id, says: w(id) }))} chosen={tab} onChoose={go} label={w('views')}>
          {session.unit !== '' && tab !== 'day' && <p class="soft of-unit">{w('ofUnit', session.unit)}</p>}
          {tab === 'figures' && <FiguresView session={session} tab="figures" />}
          {tab === 'transfers' && <TransfersView session={session} />}
          {tab === 'day' && <Day />}
        </Tabs>
      </main>
    </div>
  );
}

void showTo(['manager', 'department', 'supervisor', 'operator'], session => <FiguresPage session={session} />);
