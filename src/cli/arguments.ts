import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ExitCode } from '../base/errors.ts';

/**
 * ONNX Runtime 1.30 reads the process's own command line and overflows the native stack when that is longer than some 30
 * kilobytes: a long question, or a shell's expansion of `*.md`. Above this length the command line runs again in a child
 * process that is given its arguments through a pipe.
 */
const LONGEST = 16_000;
const PIPE = 3;
const MARK = 'SAGITTA_ARGUMENTS_IN_PIPE';

/** The arguments that the user gave, from the command line or from the pipe. */
export function givenArguments(): string[] {
  if (process.env[MARK] === undefined) return process.argv.slice(2);
  delete process.env[MARK];
  return JSON.parse(readFileSync(PIPE, 'utf8'));
}

export function isTooLong(args: readonly string[]): boolean {
  return process.argv.length > 2 && args.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0) > LONGEST;
}

/** Runs the same program with the arguments in a pipe. @returns its exit code. */
export function runWithPipe(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [MARK]: '1' },
  });
  const pipe = child.stdio[PIPE] as NodeJS.WritableStream;
  pipe.end(JSON.stringify(args));
  // A terminal sends Ctrl-C to both; the child answers it, and this process waits for its exit code.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('exit', (code) => done(code ?? ExitCode.internal));
  });
}
