import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import type { Collection, SearchHit } from '../collection/index.ts';
import { documentBase } from '../store/index.ts';
import { idOf, plural } from './output.ts';
import type { LineOf } from './search-output.ts';

/** Of longer files no line is told: they would have to be read. */
const LONGEST = 10_000_000;

/**
 * Tells the line of its file that a hit of these documents stands on, that which matches most; undefined where the file is not what was read of it: it has no lines of text, was changed,
 * or is not here.
 */
export async function linesOf(directory: string, collection: Collection, hits: readonly SearchHit[]): Promise<LineOf> {
  const texts = new Map<string, string | undefined>();
  for (const hit of hits) {
    if (texts.has(hit.id)) continue;
    const file = fileOf(directory, hit);
    const content = file !== undefined && statSync(file).size <= LONGEST ? readFileSync(file, 'utf8') : undefined;
    const same = content !== undefined && content === (await collection.document(hit.id)).text;
    texts.set(hit.id, same ? content : undefined);
  }
  return ({ id, start, text, highlights }) => {
    const whole = texts.get(id);
    if (whole === undefined) return undefined;
    const matches = new Map<number, number>();
    for (const { start: at } of highlights) {
      const line = newlines(text.slice(0, at));
      matches.set(line, (matches.get(line) ?? 0) + 1);
    }
    const [best] = [...matches].sort(([a, most], [b, other]) => other - most || a - b);
    return 1 + newlines(whole.slice(0, start)) + (best?.[0] ?? 0);
  };
}

/** Undefined where there is none. */
function fileOf(directory: string, { path }: SearchHit): string | undefined {
  const file = path === undefined ? undefined : resolve(documentBase(directory), path);
  return file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

/** Editors that take a line as `+12 FILE`, and those that take `--goto FILE:12`. */
const PLUS = /(?:^|[\\/])(?:n?vim?|vi|nano|emacs(?:client)?|kak|micro|joe|ne)(?:\.exe)?$/;
const GOTO = /(?:^|[\\/])(?:code(?:-insiders)?|codium|cursor)(?:\.cmd)?$/;

/**
 * Opens the file of a hit: at its line in the editor that `VISUAL` or `EDITOR` names, else by what the system opens such files with.
 * @throws NotFoundError for a hit or a file that is not there.
 */
export async function openHit(directory: string, hits: readonly SearchHit[], rank: number, line: number | undefined) {
  const hit = hits.find((one) => one.rank === rank);
  if (hit === undefined) {
    throw new NotFoundError(
      `There is no hit ${rank} among ${plural(hits.length, 'hit')}.`,
      'Open another, or ask otherwise.',
    );
  }
  const file = fileOf(directory, hit);
  if (file === undefined) {
    throw new NotFoundError(
      `There is no file of "${idOf(hit.id)}" here.`,
      `Print what was read of it: \`sagitta get ${shellWord(idOf(hit.id))}\`.`,
    );
  }
  const editor = process.env['VISUAL'] || process.env['EDITOR'];
  const own = editor?.trim() ? editor.trim().split(/\s+/) : undefined;
  const [program, ...args] = own ?? (VIEWED.test(file) ? VIEWERS : TEXT_EDITORS)[process.platform] ?? ['xdg-open'];
  const at = own === undefined ? [file] : placed(program!, file, line);
  const child = spawn(program!, [...args, ...at], { stdio: 'inherit' });
  await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    throw new NotFoundError(
      `"${program}" cannot be started (${error.code}).`,
      'Name a program that opens files in the variable EDITOR.',
    );
  });
}

type BySystem = Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>>;
const VIEWERS: BySystem = { darwin: ['open'], win32: ['explorer'] };
/** Files that viewers show; of others they may run what is in them, so that editors show these. */
const VIEWED = /\.(?:pdf|docx|xlsx|pptx|od[tsp]|epub|html?|xhtml|rtf|eml|png|jpe?g|gif|webp|bmp)$/i;
const TEXT_EDITORS: BySystem = { darwin: ['open', '-t'], win32: ['notepad'] };

function placed(editor: string, file: string, line: number | undefined): string[] {
  if (line === undefined) return [file];
  if (PLUS.test(editor)) return [`+${line}`, file];
  return GOTO.test(editor) ? ['--goto', `${file}:${line}`] : [file];
}
