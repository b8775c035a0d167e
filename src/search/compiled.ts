import { Recent } from '../base/recent.ts';
import type { Corpus } from '../corpus/index.ts';
import type { CompiledPipeline, PipelineEnvironment } from './pipeline/compile.ts';
import { BUILT_IN, compilePipeline, type PipelineInput } from './pipeline/index.ts';

/** Pipelines of a corpus that are kept ready: those that come with the software, by their parameters. */
const KEPT = 16;

const ready = new WeakMap<Corpus, Recent<string, CompiledPipeline>>();

/**
 * A pipeline that is ready to run. `bm25`, `dense` and `hybrid` are the same whatever surrounds them: they are compiled once for a corpus, which
 * never changes.
 * @throws InvalidArgumentError as {@link compilePipeline}.
 */
export function compiledPipeline(
  input: PipelineInput,
  environment: PipelineEnvironment,
): CompiledPipeline | Promise<CompiledPipeline> {
  if (typeof input !== 'string' || !Object.hasOwn(BUILT_IN, input)) return compilePipeline(input, environment);
  const { corpus, params = {} } = environment;
  let kept = ready.get(corpus);
  if (kept === undefined) {
    kept = new Recent(KEPT);
    ready.set(corpus, kept);
  }
  const key = `${input} ${params.refine ?? ''} ${params.nprobe ?? ''}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const own = kept;
  return compilePipeline(input, environment).then((made) => {
    own.set(key, made);
    return made;
  });
}
