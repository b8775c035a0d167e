// How fast is each format read, and what does it take? One file of each, of the size of a long book or a large table, read in a process of its
// own. `npm run bench -- reading [FORMAT...]`, of these formats alone (`pdf docx`); with `--hostile [NAME...]`, what files do that are made to cost more than
// their size: nesting, loops, expansion, a workbook of a million rows, a notebook of 500 MB. Each row is told as soon as it is there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { docxParagraph, makeDocx, makePdf } from '../test/support/files.ts';
import { makeEpub, makeOpenDocument, makePptx, makeXlsx, soundFiles } from '../test/support/samples.ts';
import { report } from './harness.ts';
import { HOSTILE, readHostile } from './lib-hostile.ts';
import { readWordNet } from './lib-wordnet.ts';

const ROUNDS = 3;
const folder = mkdtempSync(join(tmpdir(), 'sagitta-reading-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const paragraphs = (count: number): string[] => {
  const glosses = readWordNet().map(({ text }) => text.replace(/[<>&{}\\$%#_^~"|`]/g, ''));
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 8 }, (_, j) => glosses[(8 * i + j) % glosses.length]!).join('. '),
  );
};

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
if (process.argv.includes('--hostile')) await hostile();
else measure(chosen);

/** Says what was found while the rest is measured. */
function tell(row: object): void {
  const cells = Object.entries(row).map(([name, value]) =>
    typeof value === 'number' && !Number.isInteger(value) ? `${value.toPrecision(3)} ${name}` : `${value} ${name}`,
  );
  console.error(cells.join(', '));
}

function measure(formats: readonly string[]): void {
  const prose = paragraphs(4000);
  const some = prose.slice(0, 2000);
  const few = prose.slice(0, 700);
  const records = readWordNet().slice(0, 30_000);
  const lines = (text: string): string[] => text.match(/.{1,90}(?:\s|$)/g) ?? [text];
  const files: Record<string, string | Uint8Array> = {
    txt: prose.join('\n\n'),
    md: prose.map((text, i) => (i % 20 === 0 ? `## Part ${i}\n\n${text}` : text)).join('\n\n'),
    html: `<!doctype html><html><body>${prose.map((text) => `<p>${text.replace(/\b(\w{9,})\b/g, '<em>$1</em>')}</p>`).join('\n')}</body></html>`,
    pdf: makePdf(few.map((text) => lines(text))),
    docx: makeDocx(some.map((text) => docxParagraph(text)).join('')),
    odt: makeOpenDocument('odt', some.join('</text:p><text:p>')),
    pptx: makePptx(some.join('</a:t></a:r></a:p><a:p><a:r><a:t>')),
    epub: makeEpub(
      Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [
          `c${i}`,
          some
            .slice(50 * i, 50 * (i + 1))
            .map((text) => `<p>${text}</p>`)
            .join(''),
        ]),
      ),
    ),
    xlsx: makeXlsx(
      records
        .map(
          ({ text }, i) =>
            `<row r="${i + 1}"><c r="A${i + 1}"><v>${i}</v></c><c r="B${i + 1}" t="inlineStr"><is><t>${text.replace(/[<&]/g, '')}</t></is></c></row>`,
        )
        .join(''),
    ),
    ods: makeOpenDocument(
      'ods',
      records
        .map(({ text }) => text.replace(/[<&]/g, ''))
        .join('</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>'),
    ),
    rtf: `{\\rtf1\\ansi ${some.map((text) => `${text}\\par\n`).join('')}}`,
    eml: `From: a@example.org\r\nSubject: s\r\nContent-Type: text/plain\r\n\r\n${some.flatMap((text) => [...lines(text), '']).join('\r\n')}`,
    mbox: some
      .map(
        (text, i) =>
          `From a@example.org Thu May  2 10:00:00 2024\nFrom: a@example.org\nSubject: Message ${i}\nMessage-ID: <${i}@example.org>\n\n${lines(text).join('\n')}\n`,
      )
      .join('\n'),
    ipynb: JSON.stringify({
      nbformat: 4,
      metadata: {},
      cells: some.map((text, i) => ({
        cell_type: i % 2 === 0 ? 'markdown' : 'code',
        source: lines(text),
        outputs: [],
      })),
    }),
    json: JSON.stringify(records.map(({ id, text }) => ({ id, text }))),
    jsonl: records.map(({ id, text }) => JSON.stringify({ id, text })).join('\n'),
    csv: `id,text\n${records.map(({ id, text }) => `${id},"${text.replace(/"/g, '""')}"`).join('\n')}`,
    '1': `.TH PAGE 1\n.SH NAME\npage \\- a page\n${some.map((text, i) => (i % 10 === 0 ? `.SH PART ${i}\n.PP\n${text}` : `.PP\n${text}`)).join('\n')}\n`,
    rst: some.map((text, i) => (i % 20 === 0 ? `Part ${i}\n${'='.repeat(12)}\n\n${text}` : text)).join('\n\n'),
    adoc: some.map((text, i) => (i % 20 === 0 ? `== Part ${i}\n\n${text}` : text)).join('\n\n'),
    org: some.map((text, i) => (i % 20 === 0 ? `* Part ${i}\n\n${text}` : text)).join('\n\n'),
    tex: `\\documentclass{article}\\begin{document}\n${some.map((text, i) => (i % 20 === 0 ? `\\section{Part ${i}}\n${text}` : text)).join('\n\n')}\n\\end{document}\n`,
    dbk: `<article xmlns="http://docbook.org/ns/docbook">${some.map((text) => `<para>${text}</para>`).join('\n')}</article>`,
    srt: some.map((text, i) => `${i + 1}\n${clock(i)},000 --> ${clock(i)},900\n${text}\n`).join('\n'),
    svg: `<svg xmlns="http://www.w3.org/2000/svg">${some.map((text) => `<text>${text}</text>`).join('')}</svg>`,
    ts: few
      .map(
        (text, i) => `/** ${text} */\nexport function part${i}(value: number): number {\n  return value + ${i};\n}\n`,
      )
      .join('\n'),
    kt: few.map((text, i) => `/** ${text} */\nfun part${i}(value: Int): Int {\n  return value + ${i}\n}\n`).join('\n'),
    'txt.gz': gzipSync(prose.join('\n\n')),
  };
  const unknown = formats.filter((format) => !(format in files));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. Formats: ${Object.keys(files).join(', ')}.`);
  const small = soundFiles('some words');
  mkdirSync(join(folder, 'small'));
  const rows: Record<string, string | number>[] = [];
  for (const [extension, content] of Object.entries(files)) {
    if (formats.length > 0 && !formats.includes(extension)) continue;
    const warmUp = join(folder, 'small', `a.${extension}`);
    writeFileSync(warmUp, small[extension] ?? small['ts']!);
    const path = join(folder, `a.${extension}`);
    writeFileSync(path, content);
    const child = fileURLToPath(new URL('lib-reading-child.ts', import.meta.url));
    const args = ['--import', 'tsx', child, warmUp, path, String(ROUNDS)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    const found = JSON.parse(stdout) as {
      documents: number;
      characters: number;
      problems: string[];
      seconds: number;
      before: number;
      peak: number;
      size: number;
    };
    if (found.problems.length > 0 || found.documents === 0)
      throw new Error(`${extension}: ${found.problems.join(' ')}`);
    const row = {
      format: `.${extension}`,
      'file MB': found.size / 1e6,
      'text MB': found.characters / 1e6,
      documents: found.documents,
      'text MB/s': found.characters / 1e6 / found.seconds,
      'peak MB': Math.round(found.peak / 1e6),
      'of it for this file': Math.round((found.peak - found.before) / 1e6),
    };
    rows.push(row);
    tell(row);
    rmSync(path);
  }
  report({
    name: 'reading',
    threads: 1,
    columns: ['format', 'file MB', 'text MB', 'documents', 'text MB/s', 'peak MB', 'of it for this file'],
    rows,
    notes: [
      `WordNet's glosses as one file of each format; median of at most ${ROUNDS} readings in 3 seconds after a first one, each format in a process of its own.`,
      'Text MB: characters that come out, in millions. Peak: resident memory at its highest in the first reading, Node and sources compiled on the fly included.',
    ],
  });
}

function clock(second: number): string {
  return [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** The command line's way to read: in a process with limits, which is ended when a file takes more. */
async function hostile(): Promise<void> {
  const rows = await readHostile(folder, chosen, tell);
  report({
    name: 'reading, hostile files',
    threads: 1,
    columns: ['file', 'MB', 'seconds', 'documents', 'run MB', 'outcome'],
    rows: rows.map((row) => ({ ...row })),
    notes: [
      `What is hostile about a file is repeated ${HOSTILE} times. Limits are the defaults: 60 seconds (between two records of a file that is read line by line), 400 MiB, 64 MiB of file, 32 Mi characters of text.`,
      `${rows.length} files; the slowest took ${Math.max(...rows.map(({ seconds }) => seconds)).toFixed(1)} s, the run at most ${Math.max(...rows.map((row) => row['run MB']))} MB.`,
    ],
  });
}
