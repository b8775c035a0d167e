import pc from 'picocolors';
import { InvalidArgumentError, RemoteNotAllowedError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import type { Collection, ReencodeCollectionReport } from '../collection/index.ts';
import { MEANING } from '../corpus/index.ts';
import { encoding } from './encoding.ts';
import { openHere } from './opening.ts';
import { number, plural, print, printJson, say } from './output.ts';

export interface ReencodeCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly encoder?: string;
  readonly abandon: boolean;
  readonly quiet: boolean;
}

/** `sagitta reencode`: searches and other commands go on meanwhile, with the encoder that was there before. */
export async function reencodeCommand(options: ReencodeCommandOptions, signal: AbortSignal): Promise<void> {
  const { encoder, abandon, json } = options;
  if (encoder !== undefined && abandon) {
    throw new InvalidArgumentError('Both --encoder and --abandon are given.', 'Give one of them.');
  }
  await using collection = await openHere(options.in);
  if (abandon) return abandonReencode(collection, json);
  const pending = await collection.pendingField();
  const wanted = encoder ?? (pending?.name === MEANING ? pending.encoder : undefined);
  // What the collection brings along was named by nobody here.
  if (encoder === undefined && /^(http|hf):/.test(wanted ?? '') && process.env['SAGITTA_ALLOW_REMOTE'] !== '1') {
    throw new RemoteNotAllowedError(wanted!);
  }
  if (wanted === undefined) {
    throw new InvalidArgumentError('No encoder is named, and none is on its way.', 'Add --encoder NAME.');
  }
  const report = await reencode(collection, wanted, options, signal);
  if (json) printJson(report);
  else printReencode(report);
}

async function abandonReencode(collection: Collection, json: boolean): Promise<void> {
  const given = await collection.abandonReencode();
  if (json) return printJson({ abandoned: given?.encoder ?? null });
  if (given === undefined) return print('There is no change of the encoder to give up.');
  print(`${pc.green('given up')} the change to ${given.encoder}; what was encoded for it is removed`);
}

/** Gives a collection another encoder, with progress; says how to go on when that is interrupted or fails. */
export function reencode(
  collection: Collection,
  encoder: string,
  options: Pick<ReencodeCommandOptions, 'in' | 'quiet' | 'json'>,
  signal: AbortSignal,
): Promise<ReencodeCollectionReport> {
  return encoding(
    (building) => collection.reencode(encoder, building),
    {
      encoder,
      quiet: options.quiet || options.json,
      kept: `Until all are, searches use the encoder that was there before. ${howToGoOn(options.in)}`,
    },
    signal,
  );
}

export function howToGoOn(directory: string): string {
  const command = `sagitta reencode --in ${shellWord(directory)}`;
  return `\`${command}\` goes on with it, \`${command} --abandon\` gives it up.`;
}

export function printReencode(report: ReencodeCollectionReport): void {
  const { before, encoder, passages, encoded, index, relevanceDropped, superseded } = report;
  if (before === encoder && encoded === 0 && index === undefined) {
    print(`the encoder is ${encoder} already; nothing was changed`);
    return;
  }
  const rest = encoded < passages ? `, ${number(passages - encoded)} of them encoded before` : '';
  print(
    encoder === 'none'
      ? `${pc.green('reencoded')} the vectors of ${before} are dropped; BM25 stays`
      : `${pc.green('reencoded')} ${plural(passages, 'passage')} with ${encoder}${rest}; until now it was ${before}`,
  );
  if (superseded !== undefined) {
    const what = superseded === 'damaged' ? 'A change that cannot be read any more' : `The change to ${superseded}`;
    say(`${what}, which was begun before, is given up, with what was encoded for it.`);
  }
  if (index !== undefined) {
    say(
      index.problem === undefined
        ? `The index ${index.spec} was learned again, from the new vectors.`
        : `The index ${index.spec} was dropped: ${index.problem} Vectors are scanned one by one; \`sagitta plan\` finds an index for them.`,
    );
  }
  if (relevanceDropped) {
    say(`What was learned of relevance with ${before} was dropped; \`sagitta learn-relevance\` learns it again.`);
  }
}
