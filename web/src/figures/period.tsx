// Which hours are looked at: whole hours of the city by the server's clock.
import { serverNow } from '../shared/clock.ts';
import { stampOf } from '../shared/format.ts';
import { Field, Select } from '../shared/components/field.tsx';
import { w } from './words.ts';

export interface Period {
  from: string;
  to: string;
}

const HOUR = 3_600_000;

/** The hour of a moment in the city's zone, `2021-12-15T08:00`. */
function hourOf(ms: number): string {
  return `${stampOf(ms * 1000).slice(0, 13).replace(' ', 'T')}:00`;
}

/** The midnight with which the city's day of a moment begins, so many days on. */
function midnight(ms: number, days = 0): string {
  const day = new Date(`${stampOf(ms * 1000).slice(0, 10)}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return `${day.toISOString().slice(0, 10)}T00:00`;
}

export const CHOICES = ['today', 'yesterday', 'day24', 'week', 'own'] as const;
export type Choice = (typeof CHOICES)[number];

/** The hours of a choice; the end is not in it. */
export function hoursOf(choice: Choice, own: Partial<Period> = {}): Period {
  const now = serverNow();
  const next = hourOf(now + HOUR);
  switch (choice) {
    case 'today': return { from: midnight(now), to: next };
    case 'yesterday': return { from: midnight(now, -1), to: midnight(now) };
    case 'day24': return { from: hourOf(now - 23 * HOUR), to: next };
    case 'week': return { from: midnight(now, -6), to: next };
    case 'own': return { from: own.from || midnight(now), to: own.to || next };
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
