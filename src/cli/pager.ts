import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { holdPrinted } from './output.ts';

const USUAL = 'less';

/** What text is shown on. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Does what prints, and shows it in a pager where it goes to a terminal that is too small for it: `SAGITTA_PAGER`, else `PAGER`, else `less`. An empty one,
 * `cat`, and one that is not there leave it to the terminal.
 *
 * @param wanted false: it is printed as it comes.
 */
export async function paged<T>(wanted: boolean, work: () => Promise<T>, screen: Screen = process.stdout): Promise<T> {
  const pager = process.env['SAGITTA_PAGER'] ?? process.env['PAGER'] ?? USUAL;
  if (!wanted || screen.isTTY !== true || ['', 'cat'].includes(pager.trim())) return work();
  const held = holdPrinted();
  try {
    return await work();
  } finally {
    const text = held();
    const isShown = isLonger(text, screen) && (await shown(pager, text));
    if (!isShown) screen.write(text);
  }
}

/** Whether a text takes more lines than the screen has, with room for the prompt below it. */
function isLonger(text: string, { rows = 24, columns = 80 }: Screen): boolean {
  let lines = 1;
  for (const line of text.split('\n')) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: signs of colours take no room
    lines += Math.max(1, Math.ceil(line.replace(/\u001b\[[\d;]*m/g, '').length / columns));
    if (lines > rows) return true;
  }
  return false;
}

/** @returns whether the pager could be started. */
async function shown(pager: string, text: string): Promise<boolean> {
  // It is the pager's to be interrupted: Ctrl+C ends what it does, not what showed it.
  const listeners = process.listeners('SIGINT');
  const pass = (): void => undefined;
  process.on('SIGINT', pass);
  for (const listener of listeners) process.off('SIGINT', listener);
  try {
    const child = spawn(pager, {
      shell: pager !== USUAL,
      stdio: ['pipe', 'inherit', 'inherit'],
      // As git has it: colours as they are, at once back where all of it fits, and the text stays.
      env: { LESS: 'FRX', ...process.env },
    });
    // Whoever leaves before the end closes the pipe.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(text);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code !== NOT_FOUND;
  } catch {
    return false;
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener);
    process.off('SIGINT', pass);
  }
}

/** What shells end with that do not find a program. */
const NOT_FOUND = 127;
