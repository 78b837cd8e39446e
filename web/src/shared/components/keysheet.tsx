import { sheetOpen, shortcuts, singleKeys, type Shortcut } from '../keys.ts';
import { t } from '../words.ts';
import { Dialog } from './dialog.tsx';
import { Switch } from './field.tsx';

const NAMES: Record<string, string> = { ' ': 'Space', enter: 'Enter', escape: 'Esc', shift: 'Shift', alt: 'Alt', ctrl: 'Ctrl' };

export function keyName(key: string): string[] {
  return key.split('+').map(part => NAMES[part] ?? part.toUpperCase());
}

/** What can be done by keyboard now: `?` shows it. */
export function KeySheet() {
  if (!sheetOpen.value) return null;
  return (
    <Dialog title={t('shortcuts')} wide onClose={() => { sheetOpen.value = false; }}>
      <div>
        <Switch on={singleKeys.value} onChange={on => { singleKeys.value = on; }}>{t('shortcutsOn')}</Switch>
        <p class="soft small">{t('shortcutsWhy')}</p>
      </div>
      <div class="sheet">
        {[...byGroup()].map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {list.map(s => (
                <li key={s.key} class={s.off ? 'off' : ''}>
                  <span>{s.says}</span>
                  <span>{keyName(s.key).map(part => <kbd key={part}>{part}</kbd>)}</span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function byGroup(): Map<string, Shortcut[]> {
  const groups = new Map<string, Shortcut[]>();
  for (const s of shortcuts.value) groups.set(s.group, [...(groups.get(s.group) ?? []), s]);
  return groups;
}
