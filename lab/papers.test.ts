import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkable, loadPaper, statuses } from './catalogue.ts';
import { evidenceFolder, root } from './grading/index.ts';
import { families, registry } from './registry.ts';
import { PAGE_PARTS, withPart } from './report/parts.ts';
import { renderPapers } from './report/render.ts';

const index = resolve(root, '../shared/papers/INDEX.md');

describe('the registry', () => {
  it('has 117 papers in twelve families, each slug once', () => {
    expect(registry).toHaveLength(117);
    expect(new Set(registry.map(({ slug }) => slug)).size).toBe(117);
    expect(new Set(registry.map(({ family }) => family))).toEqual(new Set(families));
    for (const { slug, year } of registry) {
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(year).toBeGreaterThan(2010);
    }
  });

  it.skipIf(!existsSync(index))('agrees with the index of dossiers (skipped where that is not at hand)', () => {
    let family = '';
    const listed = readFileSync(index, 'utf8')
      .split('\n')
      .flatMap((line) => {
        family = /^## (.+) \([0-9]+\)$/.exec(line)?.[1] ?? family;
        const entry = /^- \[([^\]]+)\]\([^)]*\) (.+) \(([0-9]{4})\)\s*$/.exec(line);
        return entry === null ? [] : [{ slug: entry[1], title: entry[2], year: Number(entry[3]), family }];
      });
    expect(registry).toEqual(listed);
  });
});

describe('papers with claims', () => {
  it.each(checkable())('%s is declared in full', async (slug) => {
    const paper = await loadPaper(slug);
    expect(paper.slug).toBe(slug);
    expect(paper.claims.length).toBeGreaterThan(0);
    expect(new Set(paper.claims.map(({ id }) => id)).size).toBe(paper.claims.length);
    for (const part of paper.parts) {
      const path = join(root, 'src', part);
      expect(existsSync(`${path}.ts`) || existsSync(path), `src/${part}`).toBe(true);
    }
    for (const claim of paper.claims) {
      expect(claim.statement).toMatch(/\.$/);
      if (claim.kind === 'comparative' && claim.seeds !== undefined)
        expect(claim.seeds.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('are declarations: 120 lines each on average, and no more than 200', () => {
    const lines = checkable().map((slug) => {
      const folder = join(root, 'lab/papers', slug);
      const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
      return texts.join('').split('\n').length - 1;
    });
    expect(Math.max(...lines)).toBeLessThanOrEqual(200);
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(120 * lines.length);
  });

  it.each(checkable())('%s is to be had as it says', async (slug) => {
    const { commands = [], exports = [] } = (await loadPaper(slug)).reach;
    const manual = ['cli', 'training'].map((name) => readFileSync(join(root, `docs/${name}.md`), 'utf8')).join();
    for (const command of commands) {
      const [program, name, ...rest] = command.split(' ');
      expect(manual, command).toContain(`\`${program} ${name}`);
      for (const flag of rest.filter((word) => word.startsWith('--'))) expect(manual, command).toContain(flag);
    }
    for (const path of exports) {
      const [folder, name] = path.split('/');
      expect(await import(`../src/${folder}/index.ts`), path).toHaveProperty(name!);
    }
  });

  it('have a page that is made from their evidence', async () => {
    const page = readFileSync(join(root, 'docs/papers.md'), 'utf8');
    // Which evidence is stale is as of when the page was made.
    const all = (await statuses(evidenceFolder)).map((status) => {
      if (status.evidence === undefined) return status;
      return {
        ...status,
        state: page.includes(`(\`${status.slug}\`) | ${status.year} | ${status.verdict} | stale |`)
          ? 'stale'
          : 'current',
      } as const;
    });
    expect(page, 'run: npm run papers -- docs').toBe(renderPapers(all));
  }, 120_000);

  it.each(PAGE_PARTS)('make the part "$name" of $page', async (part) => {
    const content = part.make(await statuses(evidenceFolder))!;
    expect(content.split('\n').length).toBeGreaterThan(10);
    const page = readFileSync(join(root, part.page), 'utf8');
    expect(withPart(page, part, content), 'run: npm run papers -- docs').toBe(page);
    expect(() => withPart('', part, content)).toThrow(`no part "${part.name}"`);
  });
});
