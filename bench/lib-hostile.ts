import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { docxParagraph, makeDocx, makePdf } from '../test/support/files.ts';
import { HOSTILE_FILES } from '../test/support/hostile.ts';
import { pdf } from '../test/support/pdf.ts';
import { makeXlsx } from '../test/support/samples.ts';
import { bundled } from './lib-built.ts';
import type { HostileLine } from './lib-hostile-child.ts';

/** Times that what is hostile about a file is repeated. */
export const HOSTILE = 100_000;

/** What became of a file, and the most memory of the run (the process that asks, and the one that reads) until it was done with, in MB. */
export interface HostileRow extends HostileLine {
  readonly MB: number;
  readonly 'run MB': number;
}

/** Makes hostile files in a folder (all, or those that are named), and has them read with the default limits: in a process that is ended when a file takes more. */
export async function readHostile(
  home: string,
  names: readonly string[],
  tell: (row: HostileRow) => void,
): Promise<HostileRow[]> {
  const folder = join(home, 'hostile');
  mkdirSync(folder);
  const wanted = (name: string): boolean => names.length === 0 || names.includes(name);
  await makeHostile(folder, wanted);
  const [script] = await bundled(home, ['lib-hostile-child']);
  const child = spawn(process.execPath, [script!, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, memoryOfTree(child.pid!));
  }, 20);
  const rows: HostileRow[] = [];
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as HostileLine;
    const { file, ...rest } = line;
    const row = { file, MB: statSync(join(folder, file)).size / 1e6, ...rest, 'run MB': Math.round(most / 1e6) };
    rows.push(row);
    tell(row);
    most = 0;
  }
  clearInterval(timer);
  const [code] = await exited;
  if (code !== 0) throw new Error(`The run ended with ${code}.`);
  return rows;
}

/** Resident bytes of a process and all that it started; 0 where the system does not tell. */
function memoryOfTree(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return pages * 4096 + children.reduce((sum, child) => sum + memoryOfTree(child), 0);
  } catch {
    return 0;
  }
}

async function makeHostile(folder: string, wanted: (name: string) => boolean): Promise<void> {
  const columns = 1_000_000;
  const row = (i: number): string =>
    `<row r="${i + 1}"><c r="A${i + 1}"><v>${i}</v></c><c r="B${i + 1}"><v>${(i * 7919) % 1000}</v></c></row>`;
  const files: Readonly<Record<string, () => Uint8Array | string>> = {
    ...Object.fromEntries(HOSTILE_FILES.map(({ name, make }) => [name, () => make(HOSTILE)])),
    'million-rows.xlsx': () => makeXlsx(Array.from({ length: 1_000_000 }, (_, i) => row(i)).join('')),
    'million-paragraphs.docx': () => makeDocx(docxParagraph('word').repeat(1_000_000)),
    'forms.pdf': () => formsPdf(40, 3),
    'equal-pages.pdf': () => makePdf(Array.from({ length: 30_000 }, () => ['The same page.'])),
    'streams.pdf': () => streamsPdf(200_000),
    'ligatures.txt': () => '\ufdfa'.repeat(700_000),
    'million-columns.csv': () =>
      `${Array.from({ length: columns }, (_, i) => `c${i}`).join(',')}\n${'1,'.repeat(columns - 1)}1\n`,
  };
  for (const [name, make] of Object.entries(files)) if (wanted(name)) writeFileSync(join(folder, name), make());
  const large: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'one-line-500MB.txt': (path) => repeated(path, ['word '.repeat(200_000)], 500),
    'notebook-500MB.ipynb': (path) => notebook(path, 500e6),
    'notebook-60MB.ipynb': (path) => notebook(path, 60e6),
  };
  for (const [name, make] of Object.entries(large)) if (wanted(name)) await make(join(folder, name));
}

/** A page whose only word is drawn by a form that draws the next one `fan` times, `depth` forms deep. */
function formsPdf(depth: number, fan: number): Buffer {
  return pdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /XObject << /F 6 0 R >> >> >>',
    stream('/F Do'),
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ...Array.from({ length: depth }, (_, i) => {
      const last = i === depth - 1;
      const resources = last ? '/Font << /T 5 0 R >>' : `/XObject << /F ${7 + i} 0 R >>`;
      const entries = `/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << ${resources} >>`;
      return stream(last ? 'BT /T 9 Tf 10 10 Td (boom) Tj ET' : '/F Do '.repeat(fan), entries);
    }),
  ]);
}

/** A page that is put together from so many pieces. */
function streamsPdf(count: number): Buffer {
  const pieces = Array.from({ length: count }, (_, i) => `${4 + (i % 2)} 0 R`).join(' ');
  return pdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents [${pieces}] /Resources << /Font << /T 6 0 R >> >> >>`,
    stream('BT /T 9 Tf 10 10 Td (piece) Tj ET'),
    stream('BT /T 9 Tf 10 30 Td (other) Tj ET'),
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]);
}

function stream(content: string, entries = ''): string {
  return `<< ${entries} /Length ${content.length} >>\nstream\n${content}\nendstream`;
}

/** A notebook of one picture after the other. */
async function notebook(path: string, bytes: number): Promise<void> {
  const picture = 'iVBORw0KGgo'.repeat(90_000);
  const cell = JSON.stringify({
    cell_type: 'code',
    source: ['plot()'],
    outputs: [{ output_type: 'display_data', data: { 'image/png': picture } }],
  });
  const cells = Math.ceil(bytes / cell.length);
  await repeated(path, ['{"nbformat":4,"metadata":{},"cells":[', cell, `,${cell}`, ']}'], cells - 1);
}

/** Writes pieces one after the other, the last but one (or the only one) so many times. */
async function repeated(path: string, pieces: readonly string[], times: number): Promise<void> {
  const out = createWriteStream(path);
  const many = Math.max(0, pieces.length - 2);
  for (const [i, piece] of pieces.entries()) {
    for (let n = 0; n < (i === many ? times : 1); n++) if (!out.write(piece)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}
