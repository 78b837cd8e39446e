// The supervisor's page: the floor at one look, and behind it figures, transfers and alarms.
import '../ops/ops.css';
import '../hall/hall.css';
import { effect } from '@preact/signals';
import { AlarmBar, AlarmHistory, isOpen, readAlarms } from '../hall/alarms.tsx';
import { CallList, WaitingList } from '../hall/calls.tsx';
import { Dock } from '../hall/dock.tsx';
import { liveShown, seatsShown, take, unseen, waitingShown, type FloorMessage } from '../hall/floor.ts';
import { Kpis } from '../hall/kpis.tsx';
import { OrderDialogs } from '../hall/orders.tsx';
import type { WallFigures } from '../hall/rows.ts';
import { GroupChips, GroupOrders, SeatGrid } from '../hall/seats.tsx';
import { w } from '../hall/words.ts';
import { FiguresView } from '../figures/view.tsx';
import { TransfersView } from '../figures/transfers.tsx';
import { SearchView } from '../journeys/search.tsx';
import { get, type Session } from '../shared/api.ts';
import { HourChart, presentHour } from '../shared/components/chart.tsx';
import { ConnectionBar } from '../shared/components/connection.tsx';
import { Header } from '../shared/components/header.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { SecrecyBanner } from '../shared/components/secrecy.tsx';
import { Tabs } from '../shared/components/tabs.tsx';
import { go, place } from '../shared/hash.ts';
import { useKeys } from '../shared/keys.ts';
import { Feed } from '../shared/live.ts';
import { useLoad, type Load } from '../shared/load.ts';
import { may, Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';

const TABS = ['floor', 'figures', 'transfers', 'records', 'alarms'] as const;

function Trend({ wall }: { wall: Load<WallFigures> }) {
  return (
    <section class="card panel trend" aria-labelledby="trend">
      <header><h2 id="trend">{w('trend')}</h2></header>
      <Loaded of={wall} lines={3}>
        {({ trend }) => (
          <HourChart label={w('trend')} lines={[
            { says: `${w('trendToday')} ${w('thisHour', trend.today.at(-1) ?? 0)}`, values: trend.today.slice(0, -1), colour: '--talking-solid' },
            presentHour(trend.today),
            { says: trend.date ? `${w('trendThen')} ${trend.date.slice(5)}` : w('trendThen'), values: trend.same_weekday, colour: '--out-solid', dashed: true },
          ]} />
        )}
      </Loaded>
    </section>
  );
}

function Floor({ session, wall }: { session: Session; wall: Load<WallFigures> }) {
  const limit = (wall.data?.targets.longest_wait_s ?? 60) * 1000;
  return (
    <div class="floor-grid">
      <section class="card panel seats-panel" aria-labelledby="seats">
        <header><h2 id="seats">{w('seats')}</h2><span class="count">{seatsShown.value.length}</span><GroupChips /></header>
        <GroupOrders session={session} />
        <SeatGrid />
      </section>
      <Trend wall={wall} />
      <div class="side">
        <section class="card panel waiting-panel" aria-labelledby="waiting">
          <header><h2 id="waiting">{w('waiting')}</h2><span class="count">{waitingShown.value.length}</span></header>
          <WaitingList limit={limit} />
        </section>
        <section class="card panel calls-panel" aria-labelledby="calls">
          <header><h2 id="calls">{w('calls')}</h2><span class="count">{liveShown.value.length}</span></header>
          <CallList />
        </section>
        <Dock session={session} />
      </div>
    </div>
  );
}

function focusIn(selector: string): void {
  const focus = () => document.querySelector<HTMLElement>(`${selector} [role=option][tabindex="0"]`)?.focus();
  // At once where it is shown: the next key is meant for it already.
  if (place.peek().tab === '' || place.peek().tab === 'floor') return focus();
  go('floor');
  requestAnimationFrame(() => requestAnimationFrame(focus));
}

function Hall({ session, feed }: { session: Session; feed: Feed<FloorMessage> }) {
  const wall = useLoad(more => get<WallFigures>('/api/v1/wall', more), '', 5000);
  const alarms = useLoad(more => readAlarms(null, more), '', 5000);
  const tab = TABS.find(of => of === place.value.tab) ?? 'floor';
  const open = (alarms.data?.items ?? []).filter(isOpen).length;
  const group = w('keysMove');
  useKeys([
    { key: 's', says: w('toSeats'), group, run: () => focusIn('.seat-grid') },
    { key: 'q', says: w('toWaiting'), group, run: () => focusIn('.waiting-panel') },
    { key: 'c', says: w('toCalls'), group, run: () => focusIn('.calls-panel') },
    { key: 'a', says: w('toAlarms'), group, run: () => go('alarms') },
  ]);
  const tabs = TABS.map(id => ({ id, says: w(id), ...(id === 'alarms' ? { count: open, hot: true } : {}) }));
  return (
    <div class={`hall ${tab}`}>
      <Header title={w('title')} home="/hall" account={session.title || session.account}><Nav session={session} label={w('pages')} /></Header>
      <SecrecyBanner session={session} />
      <div role="region" aria-label={w('connection')}><ConnectionBar state={feed.state} /></div>
      <AlarmBar of={alarms} toAll={() => go('alarms')} />
      <main id="main" class={feed.state.value.is === 'lost' ? 'as-it-was' : ''}>
        <h1 class="unseen">{w('title')}</h1>
        <Kpis wall={wall.data} alarms={alarms.data ? open : null} />
        <Tabs tabs={tabs} chosen={tab} onChoose={go} label={w('views')}>
          {tab === 'floor' && <Floor session={session} wall={wall} />}
          {tab === 'figures' && <FiguresView session={session} tab="figures" />}
          {tab === 'transfers' && <TransfersView session={session} />}
          {tab === 'records' && <SearchView session={session} tab="records" />}
          {tab === 'alarms' && <AlarmHistory changed={alarms.again} may={may(session, 'acknowledge')} />}
        </Tabs>
      </main>
      <OrderDialogs session={session} />
    </div>
  );
}

let feed: Feed<FloorMessage> | null = null;

void showTo(['supervisor'], session => feed && <Hall session={session} feed={feed} />, () => {
  const opened = new Feed<FloorMessage>('/api/v1/live', take);
  effect(() => { unseen.value = opened.state.value.is === 'lost'; });
  feed = opened;
});
