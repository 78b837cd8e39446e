// Bundles each test below src and runs it with Node's own runner: what is tested is what the pages are built from.
import { build } from 'esbuild';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'switchboard-pages-test-'));
try {
  const tests = (await readdir(here)).filter(file => file.endsWith('.test.ts'));
  await build({
    entryPoints: tests.map(file => join(here, file)), outdir: folder, outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning',
  });
  const files = tests.map(file => join(folder, file.replace(/ts$/, 'mjs')));
  const { status } = spawnSync(process.execPath, ['--import', join(here, 'browser.mjs'), '--test', ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
