export type * from '../api/index.ts';
export { RemoteError } from '../base/errors.ts';
export {
  type CallOptions,
  type ClientOptions,
  type ClientSearchOptions,
  createClient,
  type FacetOptions,
  type ListOptions,
  SagittaClient,
} from './client.ts';
export { ProblemResponseError } from './errors.ts';
