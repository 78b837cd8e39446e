// The directory of the panel: every line, seat and group as a key of it.
import type { Line, LineKind, PanelGroup, PanelSeat } from './model.ts';
import { p } from './words-panel.ts';
import type { Target } from './view/key.tsx';

function lineTarget(line: Line): Target {
  const last = line.last && !line.last.ok ? line.last.seen : '';
  const base = { number: line.number, title: line.title, kind: line.kind === 'emergency' ? 'emergency' : 'line', last } as const;
  if (!line.up) return { ...base, tone: 'none', avail: p('down') };
  if (!line.open) return { ...base, tone: 'none', avail: p('closed') };
  if (line.free === null) return { ...base, tone: 'free', avail: p('up') };
  if (line.free > 0) return { ...base, tone: 'free', avail: p('free', line.free) };
  return (line.at_work ?? 0) > 0 ? { ...base, tone: 'busy', avail: p('noneFree') } : { ...base, tone: 'none', avail: p('nobody') };
}

function seatTarget(seat: PanelSeat): Target {
  const title = seat.name || seat.agent || '';
  const away = /signed_out|\+lost/.test(seat.state);
  return { number: seat.seat, title, kind: 'seat', last: '', tone: seat.free ? 'free' : away ? 'none' : 'busy', avail: seat.zh };
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
  // A group that a hub's number leads to is shown as the hub.
  const hubs = kind('hub');
  return [
    { id: 'emergency', says: p('emergency'), targets: kind('emergency') },
    { id: 'utility', says: p('utility'), targets: kind('utility') },
    { id: 'kept', says: p('kept'), targets: kind('kept') },
    { id: 'branch', says: p('branch'), targets: kind('branch') },
    { id: 'groups', says: p('groups'), targets: [...hubs, ...of.groups.filter(g => !hubs.some(h => h.number === g.number)).map(groupTarget)] },
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
