import { createClient, ProblemResponseError, type SagittaClient } from '../../src/client/index.ts';

export type * from '../../src/api/index.ts';
export { ProblemResponseError } from '../../src/client/index.ts';

const KEY = 'sagitta-key';

/** The key that was typed in, kept for this tab only. */
export function storedKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function storeKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

/** The server that sent the page. */
export function client(collection: string | undefined): SagittaClient {
  const key = storedKey();
  return createClient({
    url: location.origin,
    retries: 1,
    ...(key === undefined ? {} : { key }),
    ...(collection === undefined ? {} : { collection }),
  });
}

/** Where the file of a document is, or a picture that it shows; a link works only where the server wants no key. */
export function originalAddress(collection: string, id: string, image?: string): string {
  return `/v1/original?${new URLSearchParams({ collection, id, ...(image === undefined ? {} : { image }) })}`;
}

/** What went wrong, as a person needs it. */
export interface Trouble {
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
  readonly code: string;
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ProblemResponseError) {
    const { title, detail, remedy = '' } = error.problem;
    return { title, detail, remedy, code: error.code };
  }
  const { message, code = 'unknown' } = error as Error & { code?: string };
  return {
    title: code === 'remote' ? 'The server does not answer' : 'Something went wrong',
    detail: message,
    remedy: 'Check that `sagitta serve` is running, then try again.',
    code,
  };
}

export function isAbort(error: unknown): boolean {
  return (error as Error | null)?.name === 'AbortError';
}
