import { bulkRequestSchema, documentInputSchema, LIMITS } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { parseJson, validate } from '../validate.ts';
import type { RequestOf } from './types.ts';

/** The documents of a bulk request. @throws ProblemError that names the line or the field. */
export function parseDocuments(format: 'json' | 'ndjson', bytes: Uint8Array): RequestOf<'add'>['documents'] {
  if (format === 'json') return validate(bulkRequestSchema, parseJson(bytes)).documents;
  const documents: RequestOf<'add'>['documents'] = [];
  let line = 0;
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    line++;
    const part = bytes.subarray(from, to);
    from = to + 1;
    if (part.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue;
    if (documents.length === LIMITS.documents) {
      throw new InvalidArgumentError(
        `More than ${LIMITS.documents} documents in one request.`,
        'Send them in several requests.',
      );
    }
    documents.push(validate(documentInputSchema, parseJson(part, `line ${line}`), `/${line}`));
  }
  if (documents.length > 0) return documents;
  throw new InvalidArgumentError('There is no document in the request.', 'Send one JSON object a line.');
}
