// The ladder of a call: who said what to whom, without content. A line of life for each side, an arrow for each message.
import { get } from '../shared/api.ts';
import { EmptyState } from '../shared/components/empty.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { useLoad } from '../shared/load.ts';
import { w } from './words.ts';

interface Said {
  at: number;
  from: string;
  to: string;
  line: string;
  leg?: string;
}

interface Told {
  messages: Said[];
  /** The sides in order, with what they are called; without it they stand as they first speak. */
  parties?: { id: string; title: string }[];
}

const TIME = 84;
const HEAD = 52;
const STEP = 30;
const WIDTH = 1180;

/** A response's class has its colour; a request none. */
function kindOf(line: string): string {
  const status = /^(\d)\d\d /.exec(line)?.[1];
  if (!status) return /^(INVITE|BYE|CANCEL)/.test(line) ? 'strong' : '';
  return status === '1' ? 'soft' : status === '2' ? 'good' : 'bad';
}

function short(line: string): string {
  const text = line.replace(/ SIP\/2\.0$/, '');
  return text.length > 34 ? `${text.slice(0, 33)}…` : text;
}

function Drawn({ told, t0 }: { told: Told; t0: number }) {
  const { messages } = told;
  const sides = told.parties ?? [...new Set(messages.flatMap(m => [m.from, m.to]))].map(id => ({ id, title: id }));
  const gap = (WIDTH - TIME - 120) / Math.max(1, sides.length - 1);
  const xOf = (id: string): number => TIME + 70 + Math.max(0, sides.findIndex(side => side.id === id)) * gap;
  const height = HEAD + messages.length * STEP + 16;
  return (
    <svg class="ladder" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={w('ladderSaid', messages.length, sides.length)}>
      <defs>
        <marker id="tip" viewBox="0 0 8 8" refX="7.500" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="context-stroke" /></marker>
      </defs>
      {sides.map(side => (
        <g key={side.id}>
          <line class="life" x1={xOf(side.id)} x2={xOf(side.id)} y1={HEAD - 8} y2={height - 8} />
          <text class="side" x={xOf(side.id)} y={20}>{side.title}</text>
          {side.title !== side.id && <text class="address" x={xOf(side.id)} y={36}>{side.id}</text>}
        </g>
      ))}
      {messages.map((m, n) => {
        const y = HEAD + n * STEP + 18;
        const [from, to] = [xOf(m.from), xOf(m.to)];
        const before = messages[n - 1];
        const since = (m.at - t0) / 1_000_000;
        return (
          <g key={n} class={`said ${kindOf(m.line)}`}>
            {/* The time is written where it has moved on: what happens at once stands as one. */}
            {(!before || m.at - before.at > 20_000) && <text class="time" x={TIME - 8} y={y + 4}>+{since.toFixed(2)} s</text>}
            <line x1={from} x2={to} y1={y} y2={y} marker-end="url(#tip)" />
            <text x={(from + to) / 2} y={y - 5}>{short(m.line)}</text>
          </g>
        );
      })}
    </svg>
  );
}

export function Ladder({ call, t0 }: { call: string; t0: number }) {
  const told = useLoad(more => get<Told>(`/api/v1/journeys/${encodeURIComponent(call)}/ladder`, more), call);
  return (
    <Loaded of={told} lines={6}>
      {data => (data.messages.length === 0 ? <EmptyState title={w('noLadder')} /> : (
        <>
          <div class="ladder-box" tabIndex={0} role="region" aria-label={w('ladder')}><Drawn told={data} t0={t0} /></div>
          <div class="unseen"><table>
            <caption>{w('ladder')}</caption>
            <thead><tr><th>{w('at')}</th><th>{w('from')}</th><th>{w('to')}</th><th>{w('messageCol')}</th></tr></thead>
            <tbody>{data.messages.map((m, n) => <tr key={n}><td>{((m.at - t0) / 1_000_000).toFixed(3)}</td><td>{m.from}</td><td>{m.to}</td><td>{m.line}</td></tr>)}</tbody>
          </table></div>
        </>
      ))}
    </Loaded>
  );
}
