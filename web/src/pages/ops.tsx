// The operators' page: numbers, why, plan, calls and health, each a tab with an address of its own.
import '../ops/ops.css';
import { AlarmBar, AlarmHistory, isOpen, readAlarms } from '../hall/alarms.tsx';
import { SearchView } from '../journeys/search.tsx';
import { HealthView } from '../ops/health.tsx';
import { Numbers } from '../ops/numbers.tsx';
import { PlanView } from '../ops/plan.tsx';
import { WhyView } from '../ops/why.tsx';
import { w } from '../ops/words.ts';
import type { Session } from '../shared/api.ts';
import { Header } from '../shared/components/header.tsx';
import { SecrecyBanner } from '../shared/components/secrecy.tsx';
import { Tabs } from '../shared/components/tabs.tsx';
import { go, place } from '../shared/hash.ts';
import { useKeys } from '../shared/keys.ts';
import { useLoad } from '../shared/load.ts';
import { may, Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';

const TABS = ['numbers', 'why', 'plan', 'calls', 'health', 'alarms'] as const;

function Ops({ session }: { session: Session }) {
  const tab = TABS.find(of => of === place.value.tab) ?? 'numbers';
  useKeys(TABS.map((id, n) => ({ key: String(n + 1), says: w('goTo', w(id)), group: w('views'), run: () => go(id) })));
  const alarms = useLoad(more => readAlarms(null, more), '', 5000);
  const open = (alarms.data?.items ?? []).filter(isOpen).length;
  const tabs = TABS.map(id => ({ id, says: w(id), ...(id === 'alarms' ? { count: open, hot: true } : {}) }));
  return (
    <div class="ops">
      <Header title={w('title')} home="/ops" account={session.title || session.account}><Nav session={session} label={w('pages')} /></Header>
      <SecrecyBanner session={session} />
      <AlarmBar of={alarms} toAll={() => go('alarms')} />
      <main id="main">
        <h1 class="unseen">{w('title')}</h1>
        <Tabs tabs={tabs} chosen={tab} onChoose={go} label={w('views')}>
          {tab === 'numbers' && <Numbers />}
          {tab === 'why' && <WhyView />}
          {tab === 'plan' && <PlanView session={session} />}
          {tab === 'calls' && <SearchView session={session} tab="calls" />}
          {tab === 'health' && <HealthView />}
          {tab === 'alarms' && <AlarmHistory changed={alarms.again} may={may(session, 'acknowledge')} />}
        </Tabs>
      </main>
    </div>
  );
}

void showTo(['operator'], session => <Ops session={session} />);
