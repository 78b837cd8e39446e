// Which hours are looked at: whole local hours by the server's clock.
import { serverNow } from '../shared/clock.ts';
import { Field, Select } from '../shared/components/field.tsx';
import { w } from './words.ts';

export interface Period {
  from: string;
  to: string;
}

const HOUR = 3_600_000;
const two = (n: number): string => String(n).padStart(2, '0');

function hourOf(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:00`;
}

function midnight(ms: number, days = 0): number {
  const at = new Date(ms);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

export const CHOICES = ['today', 'yesterday', 'day24', 'week', 'own'] as const;
export type Choice = (typeof CHOICES)[number];

/** The hours of a choice; the end is not in it. */
export function hoursOf(choice: Choice, own: Partial<Period> = {}): Period {
  const now = serverNow();
  const next = hourOf(now + HOUR);
  switch (choice) {
    case 'today': return { from: hourOf(midnight(now)), to: next };
    case 'yesterday': return { from: hourOf(midnight(now, -1)), to: hourOf(midnight(now)) };
    case 'day24': return { from: hourOf(now - 23 * HOUR), to: next };
    case 'week': return { from: hourOf(midnight(now, -6)), to: next };
    case 'own': return { from: own.from || hourOf(midnight(now)), to: own.to || next };
  }
}

const wholeHour = (text: string): string => (text === '' ? '' : `${text.slice(0, 13)}:00`);

export function PeriodPicker({ of, onChange }: { of: Record<string, string>; onChange: (of: Record<string, string>) => void }) {
  const choice = CHOICES.find(word => word === of['period']) ?? 'today';
  const hours = hoursOf(choice, { from: of['from'] ?? '', to: of['to'] ?? '' });
  return (
    <>
      <Select label={w('period')} hideLabel value={choice} options={CHOICES.map(value => ({ value, says: w(value) }))}
        onChange={period => onChange(period === 'own' ? { period, ...hours } : { period, from: '', to: '' })} />
      {choice === 'own' && (
        <>
          <Field label={w('from')} type="datetime-local" value={hours.from} onInput={text => onChange({ from: wholeHour(text) })} />
          <Field label={w('to')} type="datetime-local" value={hours.to} onInput={text => onChange({ to: wholeHour(text) })} />
        </>
      )}
    </>
  );
}

/** The hours that an address asks for. */
export function periodOf(of: Record<string, string>): Period {
  return hoursOf(CHOICES.find(word => word === of['period']) ?? 'today', { from: of['from'] ?? '', to: of['to'] ?? '' });
}
