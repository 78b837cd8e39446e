// The directory of the panel: every line, seat and group as a key of it.
import type { Line, LineKind, PanelGroup, PanelSeat } from './model.ts';
import { standing } from '../shared/states.ts';
import { seatWord } from '../shared/words.ts';
import { p } from './words-panel.ts';
import type { Target } from './view/key.tsx';

function lineTarget(line: Line): Target {
  const last = line.last && !line.last.ok ? line.last.seen : '';
  const title = line.title.startsWith(line.number) ? line.title.slice(line.number.length).trim() : line.title;
  const base = { number: line.number, title, kind: line.kind === 'emergency' ? 'emergency' : 'line', last } as const;
  const staffed = typeof line.at_work === 'number';
  if (staffed && line.at_work === 0) return { ...base, tone: 'none', avail: p(line.open ? 'nobody' : 'closed') };
  if (!line.up) return { ...base, tone: 'none', avail: p('down') };
  if (!line.open) return { ...base, tone: 'none', avail: p('closed') };
  if (typeof line.free !== 'number') return { ...base, tone: 'free', avail: p('up') };
  if (line.free > 0) return { ...base, tone: 'free', avail: p('free', line.free) };
  return { ...base, tone: 'busy', avail: p('noneFree') };
}

function seatTarget(seat: PanelSeat): Target {
  const { is } = standing(seat.state);
  const tone = seat.free ? 'free' : is === 'out' || is === 'lost' ? 'none' : 'busy';
  return { number: seat.seat, title: seat.name || seat.agent || '', kind: 'seat', last: '', tone, colour: is, avail: seatWord(seat.state) };
}

function groupTarget(group: PanelGroup): Target {
  const queue = group.waiting > 0 ? p('queue', group.waiting) : '';
  const base = { number: group.number ?? '', title: group.title, kind: 'group', last: queue } as const;
  if (group.ready > 0) return { ...base, tone: 'free', avail: p('free', group.ready) };
  return group.at_work > 0 ? { ...base, tone: 'busy', avail: p('noneFree') } : { ...base, tone: 'none', avail: p('nobody') };
}

export interface Section {
  id: LineKind | 'groups' | 'seats';
  says: string;
  targets: Target[];
}

// Free ones first: that is who is looked for.
const RANK = { free: 0, busy: 1, none: 2 };

export function sections(of: { lines: readonly Line[]; seats: readonly PanelSeat[]; groups: readonly PanelGroup[] }, me: string): Section[] {
  const kind = (id: LineKind) => of.lines.filter(line => line.kind === id).map(lineTarget);
  const seats = of.seats.filter(seat => seat.seat !== me).map(seatTarget);
  seats.sort((a, b) => RANK[a.tone] - RANK[b.tone] || a.number.localeCompare(b.number));
  // A group that a line's number leads to is shown as the line.
  const groups = of.groups.filter(group => !of.lines.some(line => line.number === group.number)).map(groupTarget);
  return [
    { id: 'emergency', says: p('emergency'), targets: kind('emergency') },
    { id: 'utility', says: p('utility'), targets: kind('utility') },
    { id: 'kept', says: p('kept'), targets: kind('kept') },
    { id: 'branch', says: p('branch'), targets: kind('branch') },
    { id: 'groups', says: p('groups'), targets: [...kind('hub'), ...groups] },
    { id: 'seats', says: p('seats'), targets: seats },
  ];
}

/** Those whose number or name has all that was typed. */
export function search(all: readonly Section[], text: string): Target[] {
  const words = text.trim().toLowerCase().split(/\s+/);
  const hits = all.flatMap(s => s.targets).filter(t => words.every(word => `${t.number} ${t.title}`.toLowerCase().includes(word)));
  const rank = (t: Target) => (t.number === text.trim() ? 0 : t.number.startsWith(text.trim()) ? 1 : 2);
  return hits.sort((a, b) => rank(a) - rank(b) || RANK[a.tone] - RANK[b.tone]);
}
