// Builds the pages into dist: one script and one style sheet a page, and its shell. The same input gives the same bytes.
// `--fresh` builds into a folder of its own and fails where dist is not what the source builds.
import { build } from 'esbuild';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile, copyFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const source = join(here, 'src', 'pages');
const dist = join(here, 'dist');

// Most that a page may weigh for a browser that comes for the first time, script and style gzipped.
const BUDGET = { desk: 150_000 };

const TITLES = {
  signin: '登录', join: '设置密码', desk: '坐席工作台', hall: '班长台', wall: '大屏', ops: '运维',
  people: '账号', account: '我的账号', api: '程序接口', audit: '审计', figures: '统计',
};

const shell = page => `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>${TITLES[page] ?? page} · 12345</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/${page}.css">
<script type="module" src="/assets/${page}.js"></script>
</head>
<body data-page="${page}">
<div id="app"></div>
<noscript>本页需要 JavaScript。 This page needs JavaScript.</noscript>
</body>
</html>
`;

async function pages() {
  const files = await readdir(source);
  return files.filter(file => file.endsWith('.tsx')).map(file => file.slice(0, -4)).sort();
}

async function make(folder) {
  await mkdir(folder, { recursive: true });
  const names = await pages();
  await build({
    absWorkingDir: here,
    entryPoints: names.map(name => ({ in: `src/pages/${name}.tsx`, out: name })),
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome109', 'firefox115', 'safari16'],
    charset: 'utf8',
    legalComments: 'eof',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
  for (const name of names) await writeFile(join(folder, `${name}.html`), shell(name));
  await copyFile(join(here, 'src', 'icon.svg'), join(folder, 'icon.svg'));
  return names;
}

async function weigh(names) {
  for (const name of names) {
    const files = [`${name}.js`, `${name}.css`].map(file => readFile(join(dist, file)));
    const [script, style] = (await Promise.all(files)).map(bytes => gzipSync(bytes, { level: 9 }).length);
    const total = script + style;
    const budget = BUDGET[name];
    console.log(`${name.padEnd(8)} js ${script} css ${style} total ${total} B gzipped${budget ? ` of ${budget}` : ''}`);
    if (budget && total > budget) throw new Error(`${name} weighs ${total} B gzipped, more than ${budget}`);
  }
}

async function compare(folder) {
  const [ours, built] = await Promise.all([dist, folder].map(path => readdir(path)));
  const stale = [];
  for (const file of new Set([...ours, ...built])) {
    const [a, b] = await Promise.all([dist, folder].map(path => readFile(join(path, file)).catch(() => null)));
    if (a === null || b === null || !a.equals(b)) stale.push(file);
  }
  if (stale.length > 0) throw new Error(`dist is not what src builds: ${stale.sort().join(', ')}; npm run build`);
}

if (process.argv.includes('--fresh')) {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-pages-'));
  try {
    await make(folder);
    await compare(folder);
    console.log('dist is what src builds');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
} else {
  await rm(dist, { recursive: true, force: true });
  await weigh(await make(dist));
}
