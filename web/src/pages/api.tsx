// The doors for programs, as the server itself describes them: every address, what it does, and what one must be allowed.
import '../shared/components/work.css';
import '../api/api.css';
import { useState } from 'preact/hooks';
import { a } from '../api/words.ts';
import { ROLES } from '../people/account.ts';
import { get, type Session } from '../shared/api.ts';
import { Badge } from '../shared/components/badge.tsx';
import { Field } from '../shared/components/field.tsx';
import { Header } from '../shared/components/header.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { useLoad } from '../shared/load.ts';
import { may, Nav } from '../shared/nav.tsx';
import { showTo } from '../shared/page.tsx';
import { lang } from '../shared/text.ts';

interface Schema {
  type?: string | string[];
  enum?: string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

interface Operation {
  summary: string;
  description: string;
  'x-right': string;
  parameters: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Document {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
}

const typeOf = (of: Schema): string => of.enum?.join(' | ') ?? [of.type ?? ''].flat().join(' | ');

function Rows({ rows }: { rows: [name: string, type: string, what: string, required: boolean][] }) {
  return (
    <table class="params">
      <tbody>
        {rows.map(([name, type, what, required]) => (
          <tr key={name}><th scope="row" class="mono">{name}{required && <span class="must" title={a('required')}>*</span>}</th><td class="mono soft">{type}</td><td>{what}</td></tr>
        ))}
      </tbody>
    </table>
  );
}

function Door({ method, path, of, mine }: { method: string; path: string; of: Operation; mine: boolean }) {
  const body = of.requestBody?.content['application/json']?.schema.properties;
  const required = of.requestBody?.content['application/json']?.schema.required ?? [];
  const rows: [string, string, string, boolean][] = [
    ...of.parameters.map(p => [p.in === 'query' ? `?${p.name}` : `{${p.name}}`, typeOf(p.schema), p.description ?? '', p.required === true] as [string, string, string, boolean]),
    ...Object.entries(body ?? {}).map(([name, schema]) => [name, typeOf(schema), schema.description ?? '', required.includes(name)] as [string, string, string, boolean]),
  ];
  return (
    <li class="door-row">
      <div class="row"><Badge kind={method === 'get' ? 'info' : method === 'delete' ? 'bad' : 'good'} dot={false}>{method.toUpperCase()}</Badge><code class="mono">{path}</code><span class="grow" /><span class={`small ${mine ? 'soft' : 'faint'}`}>{of['x-right']}{mine ? '' : ` · ${a('notYours')}`}</span></div>
      <p>{lang.value === 'zh' ? of.summary : of.description}</p>
      {rows.length > 0 && <Rows rows={rows} />}
    </li>
  );
}

function Doors({ session, of }: { session: Session; of: Document }) {
  const [find, setFind] = useState('');
  const all = Object.entries(of.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const shown = all.filter(({ path, operation }) => `${path} ${operation.summary} ${operation.description}`.toLowerCase().includes(find.toLowerCase()));
  return (
    <>
      <div class="list-head"><div class="wide-field"><Field label={a('find')} type="search" value={find} onInput={setFind} /></div><span class="soft">{a('count', shown.length, all.length)} · {of.info.title} {of.info.version} · <a href="/api/v1/openapi.json">openapi.json</a></span></div>
      <ul class="door-rows">{shown.map(({ path, method, operation }) => <Door key={`${method} ${path}`} method={method} path={path} of={operation} mine={may(session, operation['x-right'])} />)}</ul>
    </>
  );
}

function Api({ session }: { session: Session }) {
  const load = useLoad<Document>(more => get('/api/v1/openapi.json', more));
  return (
    <>
      <Header title={a('title')} home={session.home} account={session.title || session.account}><Nav session={session} label={a('title')} /></Header>
      <main id="main" class="page">
        <h1>{a('title')}</h1>
        <p class="soft">{a('what')}</p>
        <Loaded of={load} lines={10}>{of => <Doors session={session} of={of} />}</Loaded>
      </main>
    </>
  );
}

void showTo(ROLES, session => <Api session={session} />);
