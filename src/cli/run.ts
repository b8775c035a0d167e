import pc from 'picocolors';
import { ExitCode, SagittaError, UserError } from '../base/errors.ts';
import { printable, printJson, say } from './output.ts';

/** Thrown by a command that has said all there is to say and ends with this code. */
export class Exit extends Error {
  constructor(readonly code: ExitCode) {
    super(`exit ${code}`);
  }
}

/**
 * Runs a command: SIGINT and SIGTERM abort its signal (a second one ends the process), errors become one clear line on
 * stderr (an object on stdout with `--json`) and the documented exit code.
 *
 * @param hurry aborted by the second SIGINT or SIGTERM, which then leaves the end to the command, with the exit code of an
 * interruption: native code in other threads must come to rest first. A third one ends the process.
 */
export async function run(
  json: boolean,
  command: (signal: AbortSignal) => Promise<void>,
  hurry?: AbortController,
): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    if (hurry === undefined || hurry.signal.aborted) process.exit(ExitCode.interrupted);
    process.exitCode = ExitCode.interrupted;
    hurry.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await command(controller.signal);
  } catch (error) {
    process.exitCode = fail(await worded(error), json, controller.signal.aborted);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** Errors of the operating system as what they mean; read only then, since most commands end without. */
async function worded(error: unknown): Promise<unknown> {
  if (error instanceof SagittaError || error instanceof Exit) return error;
  return (await import('./refusals.ts')).inWords(error);
}

function fail(error: unknown, json: boolean, aborted: boolean): ExitCode {
  if (error instanceof Exit) return error.code;
  if (aborted && (error as Error)?.name === 'AbortError') {
    say('Interrupted. What was published before is safe; run the same command again to go on.');
    return ExitCode.interrupted;
  }
  const known = error instanceof SagittaError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    printJson({
      error: {
        code: known ? error.code : 'internal',
        message,
        ...(error instanceof UserError ? { remedy: error.remedy } : {}),
      },
    });
  }
  // What is wrong may be named by what a document, or a file from anywhere, says.
  say(`${pc.red('error')} ${printable(message)}`);
  if (!(error instanceof UserError) && error instanceof Error && process.env['SAGITTA_DEBUG']) say(error.stack ?? '');
  if (!known) say('This is unexpected. Set SAGITTA_DEBUG=1 to see where it happened, and please report it.');
  return error instanceof UserError ? error.exitCode : ExitCode.internal;
}
