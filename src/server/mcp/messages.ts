import { ErrorCode, type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';

/** An answer to what is no message, in the form of JSON-RPC. */
export interface Refused {
  readonly jsonrpc: '2.0';
  /** Null where none can be told. */
  readonly id: string | number | null;
  readonly error: { readonly code: number; readonly message: string };
}

/** A message, or what is answered to something that is none. */
export type Checked = { readonly message: JSONRPCMessage } | { readonly refused: Refused };

/** Refuses in a sentence. */
export function refused(code: ErrorCode, message: string, id: Refused['id'] = null): Refused {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

/** Looks whether a value that came from outside is a message of JSON-RPC, and says what is wrong with it if it is not. */
export function checkMessage(value: unknown): Checked {
  const parsed = JSONRPCMessageSchema.safeParse(value);
  if (parsed.success) return { message: parsed.data };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      refused: refused(
        ErrorCode.InvalidRequest,
        `A message is an object with \`jsonrpc\`, \`id\`, \`method\` and \`params\`. ${ONE}`,
      ),
    };
  }
  const { id: given, jsonrpc, method, params } = value as Record<string, unknown>;
  const id = typeof given === 'string' || Number.isSafeInteger(given) ? (given as string | number) : null;
  const problem =
    jsonrpc !== '2.0'
      ? 'The message does not say `"jsonrpc": "2.0"`.'
      : typeof method !== 'string'
        ? 'The message names no `method`.'
        : id === null && given !== undefined
          ? 'The `id` of a request is a text or a whole number.'
          : undefined;
  if (problem !== undefined) return { refused: refused(ErrorCode.InvalidRequest, `${problem} ${ONE}`, id) };
  const what =
    typeof params !== 'object' || params === null || Array.isArray(params)
      ? 'The `params` are no object of names and values.'
      : 'The `_meta` of the params is no object.';
  return { refused: refused(ErrorCode.InvalidParams, `${what} Leave them out, or send such an object.`, id) };
}

const ONE = 'Send one message of JSON-RPC 2.0 at a time.';
