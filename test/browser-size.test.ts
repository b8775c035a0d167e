import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { buildBrowserEntry } from './support/browser-entry.ts';
import { testFolder } from './support/files.ts';

it('is at most 150 kB of scripts, compressed, that import nothing of Node', async () => {
  using site = testFolder();
  await buildBrowserEntry(site.path);
  const folder = site.path;
  const scripts = new Map<string, string>();
  const load = (name: string): void => {
    if (scripts.has(name)) return;
    const script = readFileSync(join(folder, name), 'utf8');
    scripts.set(name, script);
    for (const [, path] of script.matchAll(/(?:from|import)\s*["'](\.\/[^"']+)["']/g)) load(join(dirname(name), path!));
  };
  load('index.js');
  load('worker.js');
  load(`parts/${readdirSync(join(folder, 'parts')).find((name) => name.startsWith('remote-ranges'))}`);
  let bytes = 0;
  for (const script of scripts.values()) {
    bytes += gzipSync(script, { level: 9 }).byteLength;
    expect(script).not.toMatch(/(?:from|import)\s*["'`]node:/);
  }
  console.log(
    `sagitta-search/browser: ${(bytes / 1000).toFixed(1)} kB of scripts, compressed, to search what lies on a server`,
  );
  expect(bytes).toBeLessThanOrEqual(150_000);
});
