import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium } from './support/chromium.ts';
import { sagittaIn } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { pdf } from './support/pdf.ts';
import { type RangeServer, rangeServer } from './support/range-server.ts';

const site = testFolder({
  'files/keys.md':
    '# Keys\n\nA signing key is rotated every ninety days.\n\n# Lost keys\n\nA key that is lost is revoked at once.\n',
  'files/copies.html':
    '<title>Copies</title><p>Backups are made at night &amp; kept for a month.</p><script>lost()</script>',
  'files/boats.txt': 'Boats moor at the pier. '.repeat(40),
  'files/records.json': JSON.stringify([
    { id: 'a', text: 'Gulls nest on cliffs.' },
    { id: 'b', text: 'Terns nest on shores.' },
  ]),
  'files/picture.png': Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0]),
  'files/broken.pdf': 'no PDF at all',
  'files/latin.txt': Buffer.from('Stra\xdfe und Br\xfccke am Hafen', 'latin1'),
});
let server: RangeServer;
let browser: BrowserContext;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  const { code, stderr } = await sagittaIn(site.at('.'), 'export', '--offline', 'www');
  expect(`${stderr} ${code}`).toMatch(/ 0$/);
  server = await rangeServer({ '/': site.at('www') });
  server.before = (request, response) => {
    if (request.url !== '/') return false;
    response.setHeader('content-type', 'text/html');
    response.end(readFileSync(site.at('www/index.html')));
    return true;
  };
  browser = await launchChromium(site.at('profile'), { viewport: { width: 1200, height: 800 } });
  page = await browser.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  site[Symbol.dispose]();
});

const settled = () => expect.poll(() => page.getByText(/\d+ files? added/).count(), { timeout: 60_000 }).toBe(1);
/** What axe finds. */
async function violations(): Promise<unknown[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations: found } = await (window as unknown as { axe: typeof axe }).axe.run(document);
    return found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  });
}

/** A page with a line of text. */
function onePage(text: string): Buffer {
  const content = `BT /T 12 Tf 20 100 Td (${text}) Tj ET`;
  return pdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R /Resources << /Font << /T 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]);
}

const titles = () => page.locator('.hits h2').allTextContents();

describe.skipIf(!existsSync(CHROMIUM))('a page for files of one’s own', () => {
  it('reads what is chosen, and says what it could not read', async () => {
    await page.goto(`${server.url}/`);
    await page.getByText('Nothing is here yet.').waitFor();
    const files = ['keys.md', 'copies.html', 'boats.txt', 'records.json', 'picture.png', 'broken.pdf', 'latin.txt'];
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(files.map((name) => site.at(join('files', name))));
    await settled();
    await expect.poll(() => page.locator('.documents li').count()).toBe(6);
    const told = await page.locator('.outcomes li').allTextContents();
    expect(told.find((line) => line.startsWith('picture.png'))).toMatch(/does not read such files/);
    expect(told.find((line) => line.startsWith('broken.pdf'))).toMatch(/PDF/);
    expect(await violations()).toEqual([]);
  });

  it('finds by words and by meaning, with what matched, and says when nothing answers', async () => {
    const field = page.getByRole('searchbox');
    await field.fill('how often are signing keys changed');
    await expect.poll(titles).toContain('Keys');
    expect(await page.locator('.hits mark').allTextContents()).toContain('signing');
    await page.locator('.hits h2 button').first().click();
    await page.locator('.document .here').waitFor();
    expect(await page.locator('.document').textContent()).toContain('revoked at once');
    await field.fill('Brücke');
    await expect.poll(titles).toEqual(['latin']);
    await field.fill('xylophone zyzzyva');
    await page.getByText(/Nothing (here answers|was found)/).waitFor();
    expect(await violations()).toEqual([]);
  });

  it('reads PDF, and replaces what was kept of a file before', async () => {
    site.write({ 'files/report.pdf': onePage('Lighthouses are painted in spring.') });
    site.write({ 'files/records.json': JSON.stringify([{ id: 'a', text: 'Gulls nest on roofs.' }]) });
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(['report.pdf', 'records.json'].map((name) => site.at(join('files', name))));
    await expect.poll(() => page.locator('.adding').textContent(), { timeout: 60_000 }).toContain('2 files added');
    await page.getByRole('searchbox').fill('when are lighthouses painted');
    await expect.poll(titles).toContain('report');
    await page.getByRole('searchbox').fill('');
    await expect.poll(() => page.locator('.documents li').count()).toBe(6);
    expect(await page.locator('.documents').textContent()).not.toContain('records.json#b');
  });

  it('opens and searches without a network, with all that it was given', async () => {
    await page.getByText('This page opens without a network.').waitFor({ timeout: 60_000 });
    server.before = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    await page.reload();
    await expect.poll(() => page.locator('.documents li').count(), { timeout: 30_000 }).toBe(6);
    await page.getByRole('searchbox').fill('lost key');
    await expect.poll(titles).toContain('Keys');
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('Forget keys.md').click();
    await expect.poll(() => page.locator('.documents li').count()).toBe(5);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByText('Forget all').click();
    await page.getByText('Nothing is here yet.').waitFor();
    await page.reload();
    await page.getByText('Nothing is here yet.').waitFor();
    expect(errors).toEqual([]);
  });

  it('is written anew over itself, and never over something else', async () => {
    copyFileSync(fileURLToPath(import.meta.url), site.at('www/mine.ts'));
    const { code, stderr } = await sagittaIn(site.at('.'), 'export', '--offline', 'www');
    expect(stderr).toMatch(/holds "mine.ts", which no export wrote/);
    expect(code).toBe(2);
  });
});
