export {
  BUILT_IN,
  type CompiledPipeline,
  checkPipelineName,
  compilePipeline,
  type PipelineEnvironment,
  shippedRelevance,
} from './compile.ts';
export { RELEVANCE_DEPTH } from './cut.ts';
export { OPERATORS } from './operators.ts';
export type {
  Extensions,
  Feedback,
  Judging,
  Operator,
  OperatorParameter,
  OperatorScope,
  ParameterValue,
  PipelineStep,
  Reranker,
  RerankOptions,
} from './types.ts';
export { type FuseParameters, Pipeline, type PipelineInput, pipeline, type StepInput } from './value.ts';
