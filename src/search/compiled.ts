import { Recent } from '../base/recent.ts';
import type { Corpus, FieldParams } from '../corpus/index.ts';
import type { CompiledPipeline, PipelineEnvironment } from './pipeline/compile.ts';
import { compilePipeline, type PipelineInput } from './pipeline/index.ts';

type Surroundings = Pick<PipelineEnvironment, 'names' | 'extensions' | 'relevance'>;

/** Pipelines of a corpus that are kept ready. */
const KEPT = 64;
const LONGEST_KEPT = 1_000;

const ready = new WeakMap<Corpus, WeakMap<Surroundings, Recent<string, CompiledPipeline>>>();

/**
 * A pipeline that is ready to run. Those that are texts, as names are, are read and compiled once for a corpus and what surrounds it, neither of which
 * changes.
 * @throws InvalidArgumentError as {@link compilePipeline}.
 */
export function compiledPipeline(
  input: PipelineInput,
  corpus: Corpus,
  surroundings: Surroundings,
  params: Pick<FieldParams, 'refine' | 'nprobe'>,
): CompiledPipeline | Promise<CompiledPipeline> {
  if (typeof input !== 'string' || input.length > LONGEST_KEPT)
    return compilePipeline(input, { corpus, ...surroundings, params });
  let surrounded = ready.get(corpus);
  if (surrounded === undefined) {
    surrounded = new WeakMap();
    ready.set(corpus, surrounded);
  }
  let kept = surrounded.get(surroundings);
  if (kept === undefined) {
    kept = new Recent(KEPT);
    surrounded.set(surroundings, kept);
  }
  const key = `${params.refine ?? ''} ${params.nprobe ?? ''} ${input}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const own = kept;
  return compilePipeline(input, { corpus, ...surroundings, params }).then((made) => {
    own.set(key, made);
    return made;
  });
}
