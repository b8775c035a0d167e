import { InvalidArgumentError } from '../../base/errors.ts';
import { readParameters } from '../../tensor/index.ts';
import { readDescription } from '../bert/description.ts';
import { partsWithSide } from '../bert/folder.ts';
import { miniLmDescription } from '../bert/minilm.ts';
import { trainableBert } from '../bert/trainable.ts';
import { parseSettings } from '../spec.ts';
import { readTableFile, shippedTable } from '../static/shipped.ts';
import { readTable } from '../static/table.ts';
import { trainableStatic } from '../static/trainable.ts';
import type { TrainableEncoder } from '../trainable.ts';
import type { EncoderTuning } from '../tuning.ts';
import { trainableUseLite } from '../use-lite/trainable.ts';
import { readTuned, type TunedForm, versionFolder } from './description.ts';

/** An encoder that can be trained, and the form in which it is saved. */
export interface OpenTrainable {
  readonly encoder: TrainableEncoder;
  readonly form: Extract<TunedForm, 'bert' | 'use-lite' | 'static'>;
  /** Modules beside the weights that it has: those asked for, and those it had. */
  readonly tuning: EncoderTuning;
}

/** How {@link openTrainable} opens it. */
export interface OpenTrainableOptions {
  /** Folder of trained encoders among which `tuned:VERSION` is looked for. */
  readonly versions: string;
  readonly tuning?: EncoderTuning;
  /** Whether tables of tokens are trained too. Default true. */
  readonly trainTable?: boolean;
  readonly seed?: number;
}

/**
 * The weights of an encoder, to be trained further.
 * @throws InvalidArgumentError for an encoder whose weights are not at hand (`http:`, `hf:`, adapters).
 */
export async function openTrainable(id: string, options: OpenTrainableOptions): Promise<OpenTrainable> {
  const { versions, tuning = {}, trainTable = true, seed = 0 } = options;
  const [, kind = '', rest = ''] = /^([^:?]*):?(.*)$/s.exec(id)!;
  const common = { tuning, trainTable, seed };
  if (kind === 'minilm' || kind === 'bert') {
    const { name, settings } = parseSettings(id, rest, ['precision', 'length']);
    const read = kind === 'minilm' ? miniLmDescription() : await readDescription(name);
    const { maxLength } = read;
    const description = { ...read, maxLength: settings.length === undefined ? maxLength : Number(settings.length) };
    return { form: 'bert', tuning, encoder: await trainableBert(description, common) };
  }
  if (kind === 'static') {
    const table = rest === '' ? await shippedTable() : await readTableFile(rest);
    return { form: 'static', tuning: {}, encoder: trainableStatic(table) };
  }
  if (kind === 'use-lite') return { form: 'use-lite', tuning, encoder: await trainableUseLite(common) };
  if (kind === 'tuned') return openTuned(/[/\\]/.test(rest) ? rest : versionFolder(versions, rest), id, common);
  throw notTrainable(id);
}

/** What the encoder has beside its weights is trained on. */
async function openTuned(
  folder: string,
  id: string,
  common: { readonly tuning: EncoderTuning; readonly trainTable: boolean; readonly seed: number },
): Promise<OpenTrainable> {
  const { description, model } = await readTuned(folder);
  if (description.form === 'static') {
    return { form: 'static', tuning: {}, encoder: trainableStatic(readTable(model, folder)) };
  }
  if (description.form === 'bert') {
    // Low-rank updates are part of the weights by now.
    const { side } = description.tuning ?? {};
    const read = await readDescription(folder);
    if (side === undefined) return { form: 'bert', tuning: common.tuning, encoder: await trainableBert(read, common) };
    const tuning = { ...common.tuning, side };
    const { parameters } = await partsWithSide(read, side);
    return { form: 'bert', tuning, encoder: await trainableBert(read, { ...common, tuning, parameters }) };
  }
  if (description.form === 'use-lite') {
    const parameters = readParameters(model, folder);
    const tuning = { ...description.tuning, ...common.tuning };
    return { form: 'use-lite', tuning, encoder: await trainableUseLite({ ...common, tuning, parameters }) };
  }
  throw notTrainable(id);
}

function notTrainable(encoder: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The weights of the encoder "${encoder}" cannot be trained here.`,
    'Use --what adapter, which learns a correction of its vectors.',
  );
}
