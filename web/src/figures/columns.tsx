// Which figures a table shows, by dimension. Their formulas are the server's.
import type { FigureColumn, Figures } from './grid.tsx';
import { titleBeside } from '../journeys/terms.ts';
import { w } from './words.ts';
import type { Dimension } from './view.tsx';

const RATE = { connect: 0.95, within: 0.9 };

const calls = (): FigureColumn[] => [
  { id: 'calls', says: w('calls'), kind: 'count', behind: {} },
  { id: 'offered', says: w('offered'), kind: 'count' },
  { id: 'connected', says: w('connected'), kind: 'count', behind: { outcome: 'connected' } },
  { id: 'connect_rate', says: w('connect_rate'), kind: 'rate', target: RATE.connect },
  { id: 'answer_15s', says: w('answer_15s'), kind: 'rate', target: RATE.within },
  { id: 'abandoned', says: w('abandoned'), kind: 'count', behind: { outcome: 'abandoned' } },
  { id: 'speed_of_answer_ms', says: w('speed_of_answer_ms'), kind: 'time' },
  { id: 'longest_wait_ms', says: w('longest_wait_ms'), kind: 'time' },
  { id: 'mean_talk_ms', says: w('mean_talk_ms'), kind: 'time' },
  { id: 'transfers', says: w('transfersCol'), kind: 'count' },
  { id: 'satisfaction', says: w('satisfaction'), kind: 'rate' },
];

const visits = (): FigureColumn[] => [
  { id: 'visits', says: w('visits'), kind: 'count', behind: {} },
  { id: 'answered', says: w('answered'), kind: 'count', behind: { visit: 'answered' } },
  { id: 'answer_rate', says: w('answer_rate'), kind: 'rate', target: RATE.connect },
  { id: 'answer_15s', says: w('answer_15s'), kind: 'rate', target: RATE.within },
  { id: 'abandoned', says: w('abandoned'), kind: 'count', behind: { visit: 'abandoned' } },
  { id: 'speed_of_answer_ms', says: w('speed_of_answer_ms'), kind: 'time' },
  { id: 'longest_wait_ms', says: w('longest_wait_ms'), kind: 'time' },
  { id: 'mean_talk_ms', says: w('mean_talk_ms'), kind: 'time' },
  { id: 'satisfaction', says: w('satisfaction'), kind: 'rate' },
];

const offers = (): FigureColumn[] => [
  { id: 'seat', says: w('seat'), kind: 'text' },
  { id: 'offered', says: w('offered'), kind: 'count', behind: {} },
  { id: 'answered', says: w('answered'), kind: 'count', behind: { rang: 'answered' } },
  { id: 'rang_out', says: w('rang_out'), kind: 'count', behind: { rang: 'rang_out' } },
  { id: 'answer_rate', says: w('answer_rate'), kind: 'rate' },
  { id: 'mean_ring_ms', says: w('mean_ring_ms'), kind: 'time' },
  { id: 'talk_ms', says: w('talk_ms'), kind: 'time' },
  { id: 'mean_talk_ms', says: w('mean_talk_ms'), kind: 'time' },
  { id: 'longest_talk_ms', says: w('longest_talk_ms'), kind: 'time' },
  { id: 'satisfaction', says: w('satisfaction'), kind: 'rate' },
];

export function columnsOf(by: Dimension): FigureColumn[] {
  if (by === 'group') return visits();
  return by === 'person' ? offers() : calls();
}

/** What a row is called, and what stands softly beside it. */
export function nameOf(by: Dimension, row: Figures): [string, string] {
  const key = String(row[by] ?? '');
  const beside = (of: string) => String(row[of] ?? '');
  switch (by) {
    case 'line': return key === 'other' ? [w('other'), ''] : [key, titleBeside(key, beside('title'))];
    case 'group': return [beside('title') || key, key];
    case 'department': return [key || w('nobody'), beside('lines')];
    case 'person': return [key || w('nobody'), beside('name')];
    case 'traffic': return [key === 'city' ? w('city') : key === 'province' ? w('province') : key, ''];
    case 'hour': return [key.replace('T', ' '), ''];
  }
}
