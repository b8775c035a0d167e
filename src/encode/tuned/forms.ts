import { IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import type { EncoderForm } from '../trainable.ts';

interface Registered {
  readonly name: string;
  /** Beginnings of specifications, to the colon or question mark, of encoders that training can start from. */
  readonly starts: readonly string[];
  readonly load: () => Promise<EncoderForm>;
}

/** By name. Their code is imported when it is needed. */
const forms = new Map<string, Registered>();
for (const form of [
  {
    name: 'bert',
    starts: ['minilm', 'bert'],
    load: async () => (await import('../bert/trainable.ts')).form,
  },
  { name: 'static', starts: ['static'], load: async () => (await import('../static/trainable.ts')).form },
  { name: 'use-lite', starts: ['use-lite'], load: async () => (await import('../use-lite/trainable.ts')).form },
  { name: 'transformer', starts: [], load: async () => (await import('../small/transformer.ts')).form },
  { name: 'bag', starts: [], load: async () => (await import('../small/bag.ts')).form },
  { name: 'impact', starts: [], load: async () => (await import('../impact/form.ts')).form },
  { name: 'adapter', starts: [], load: async () => (await import('./adapter.ts')).form },
] satisfies Registered[]) {
  forms.set(form.name, form);
}

/**
 * Makes a form of one's own known to `tune` and to whatever opens a trained encoder, in this process.
 * @param starts beginnings of specifications of encoders that its training starts from, to the colon or question mark.
 * @throws InvalidArgumentError for a name or beginning that is taken.
 */
export function registerEncoderForm(form: EncoderForm, starts: readonly string[] = []): void {
  const taken = [...forms.values()].find(
    (one) => one.name === form.name || one.starts.some((start) => starts.includes(start)),
  );
  if (taken !== undefined) {
    throw new InvalidArgumentError(`There is a form "${taken.name}" of encoders already.`, 'Give yours other names.');
  }
  forms.set(form.name, { name: form.name, starts, load: async () => form });
}

/** The form that training from an encoder begins with; undefined where its weights are not at hand. */
export async function formOfSpec(spec: string): Promise<{ form: EncoderForm; rest: string } | undefined> {
  const [, start, rest] = /^([^:?]*)(.*)$/s.exec(spec)!;
  const found = [...forms.values()].find(({ starts }) => starts.includes(start!));
  return found === undefined ? undefined : { form: await found.load(), rest: rest! };
}

/** @param where it is named. @throws IncompatibleError for a form that is not known. */
export async function formNamed(name: string, where: string): Promise<EncoderForm> {
  const found = forms.get(name);
  if (found === undefined) {
    throw new IncompatibleError(
      `${where} is of the form "${name}", which is not known here.`,
      `Register it first (\`registerEncoderForm\`), or use one of: ${[...forms.keys()].join(', ')}.`,
    );
  }
  return found.load();
}
