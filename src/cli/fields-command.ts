import pc from 'picocolors';
import { InvalidArgumentError, RemoteNotAllowedError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import type { AddFieldOptions } from '../collection/index.ts';
import { MEANING } from '../corpus/index.ts';
import type { PendingField } from '../store/index.ts';
import { encoding } from './encoding.ts';
import { openHere } from './opening.ts';
import { number, plural, print, printJson, say } from './output.ts';
import { howToGoOn } from './reencode-command.ts';

export interface AddFieldCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly of?: string;
  readonly encoder?: string;
  readonly kind?: string;
  readonly quiet: boolean;
}

/** `sagitta add-field`: searches and other commands go on meanwhile. Without options it goes on with what was begun. */
export async function addFieldCommand(
  name: string | undefined,
  options: AddFieldCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  await using collection = await openHere(options.in);
  const pending = await collection.pendingField();
  const begun = pending !== undefined && pending.name !== MEANING && (name ?? pending.name) === pending.name;
  const field = name ?? (begun ? pending.name : undefined);
  if (field === undefined) {
    throw new InvalidArgumentError('No field is named, and none is on its way.', 'Add a name, --of and --encoder.');
  }
  const { of, encoder, kind } = begun ? { ...pending, ...asked(options) } : options;
  if (encoder === undefined) {
    throw new InvalidArgumentError(
      'No encoder is named.',
      'Add --encoder NAME, such as minilm or static; `sagitta inspect` names that of the collection.',
    );
  }
  // What the collection brings along was named by nobody here.
  if (options.encoder === undefined && /^(http|hf):/.test(encoder) && process.env['SAGITTA_ALLOW_REMOTE'] !== '1') {
    throw new RemoteNotAllowedError(encoder);
  }
  const wanted = {
    encoder,
    ...(of === undefined ? {} : { of }),
    ...(kind === undefined ? {} : { kind: kind as NonNullable<AddFieldOptions['kind']> }),
  };
  const report = await encoding(
    (building) => collection.addField(field, { ...wanted, ...building }),
    {
      encoder,
      quiet: options.quiet || options.json,
      kept: howToGoOnAdding(field, options.in),
    },
    signal,
  );
  if (options.json) return printJson(report);
  const rest = report.encoded < report.passages ? `, ${number(report.encoded)} of them encoded now` : '';
  print(
    `${pc.green('added')} the field ${field} of ${plural(report.passages, 'passage')} with ${report.encoder}${rest}`,
  );
  print(`Pipelines may name it: \`sagitta search --pipeline 'fuse(words, ${field})' QUERY\``);
  if (report.superseded !== undefined) {
    say(`What was begun of it with the encoder ${report.superseded} is given up, with what was encoded for it.`);
  }
}

/** What the user said anew of a field that was begun. */
function asked({ of, encoder, kind }: AddFieldCommandOptions): { of?: string; encoder?: string; kind?: string } {
  return {
    ...(of === undefined ? {} : { of }),
    ...(encoder === undefined ? {} : { encoder }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function howToGoOnAdding(name: string, directory: string): string {
  const field = `${shellWord(name)} --in ${shellWord(directory)}`;
  return `\`sagitta add-field ${field}\` goes on with it, \`sagitta remove-field ${field}\` gives it up.`;
}

/** What is to be said of a field whose making was begun and is not finished. */
export function describePending({ name, of, encoder, started }: PendingField, directory: string): string {
  return name === MEANING
    ? `to get the encoder ${encoder}, begun ${started}. ${howToGoOn(directory)}`
    : `to get the field ${name} (${of}, ${encoder}), begun ${started}. ${howToGoOnAdding(name, directory)}`;
}

/** `sagitta remove-field` */
export async function removeFieldCommand(
  name: string,
  options: { readonly in: string; readonly json: boolean },
): Promise<void> {
  await using collection = await openHere(options.in);
  const { pending } = await collection.removeField(name);
  if (options.json) return printJson({ removed: name, pending });
  print(
    pending
      ? `${pc.green('given up')} the field ${name}; what was encoded for it is removed`
      : `${pc.green('removed')} the field ${name}`,
  );
}
