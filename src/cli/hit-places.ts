import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import type { Collection, SearchHit } from '../collection/index.ts';
import { documentBase } from '../store/index.ts';
import { idOf, plural } from './output.ts';

/** Formats whose text is that of the file, so that a line of the one is the same line of the other. */
const LINED: ReadonlySet<string> = new Set(['markdown', 'text', 'code', 'rst', 'asciidoc', 'org', 'latex']);

/** The line of its file that each hit stands on, that which matches most; undefined where a file has no lines, or others than the text that was read of it. */
export async function linesOf(
  collection: Collection,
  hits: readonly SearchHit[],
): Promise<readonly (number | undefined)[]> {
  const texts = new Map<string, string | undefined>();
  for (const { id } of hits) {
    if (texts.has(id)) continue;
    const { format, text } = await collection.document(id);
    texts.set(id, LINED.has(format) ? text : undefined);
  }
  return hits.map(({ id, start, text, highlights }) => {
    const whole = texts.get(id);
    if (whole === undefined) return undefined;
    const matches = new Map<number, number>();
    for (const { start: at } of highlights) {
      const line = newlines(text.slice(0, at));
      matches.set(line, (matches.get(line) ?? 0) + 1);
    }
    const [best] = [...matches].sort(([a, most], [b, other]) => other - most || a - b);
    return 1 + newlines(whole.slice(0, start)) + (best?.[0] ?? 0);
  });
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
  const file = hit.path === undefined ? undefined : resolve(documentBase(directory), hit.path);
  if (file === undefined || !existsSync(file)) {
    throw new NotFoundError(
      `There is no file of "${idOf(hit.id)}" here.`,
      `Print what was read of it: sagitta get "${idOf(hit.id)}".`,
    );
  }
  const editor = process.env['VISUAL'] || process.env['EDITOR'];
  const [program, ...args] = editor?.trim() ? editor.trim().split(/\s+/) : (SYSTEM[process.platform] ?? ['xdg-open']);
  const at = editor === undefined ? [file] : placed(program!, file, line);
  const child = spawn(program!, [...args, ...at], { stdio: 'inherit' });
  await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    throw new NotFoundError(
      `"${program}" cannot be started (${error.code}).`,
      'Name a program that opens files in the variable EDITOR.',
    );
  });
}

const SYSTEM: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['explorer'],
};

function placed(editor: string, file: string, line: number | undefined): string[] {
  if (line === undefined) return [file];
  if (PLUS.test(editor)) return [`+${line}`, file];
  return GOTO.test(editor) ? ['--goto', `${file}:${line}`] : [file];
}
