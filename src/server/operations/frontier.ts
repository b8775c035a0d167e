import { readFile } from 'node:fs/promises';
import { type Frontier, frontierSchema } from '../../api/index.ts';
import { CorruptFileError, NotFoundError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell.ts';
import type { OperatingPoint, Plan } from '../../index/index.ts';
import { shownLocation } from '../../store/index.ts';
import { planFile, type ServedCollection } from './types.ts';

/** What `sagitta plan` measured. @throws NotFoundError where it has not run; CorruptFileError for a file of another kind. */
export async function readFrontier(served: ServedCollection): Promise<Frontier> {
  const path = planFile(served);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const remedy = `Run: sagitta plan --recall 0.95 --in ${shellWord(shownLocation(served.directory))}`;
    throw new NotFoundError('No index was planned for this collection.', remedy, { cause });
  }
  try {
    const { vectors, dim, frontier, choice } = JSON.parse(text) as Plan;
    const chosen = choice === undefined ? {} : { chosen: shown(choice.point) };
    return frontierSchema.parse({ vectors, dim, points: frontier.map(shown), ...chosen });
  } catch (cause) {
    throw new CorruptFileError('plan.json', 'it is not a plan', 'Run `sagitta plan` again.', { cause });
  }
}

function shown({
  spec,
  search: { nprobe, refine },
  bytes,
  recall10,
  p50,
  p95,
}: OperatingPoint): Frontier['points'][number] {
  return { spec, nprobe, refine, bytes, recall10, p50, p95 };
}
