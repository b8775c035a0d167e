import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ErrorCode, isJSONRPCRequest, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { toProblem } from '../problem.ts';
import { refusePrototype } from '../validate.ts';

/**
 * Connects a server with its client, and stands between them where the library would lose something or tell it badly: members called
 * `__proto__`, which its schemas pass over in silence, are refused; params that its schemas refuse are the caller's mistake (-32602), told
 * in a sentence, where the library says that the server failed (-32603) and lists what its schema complains of.
 */
export async function connect(server: McpServer, transport: Transport): Promise<void> {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => send(toldInWords(message), options);
  await server.connect(transport);
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    const refused = refusal(message);
    if (refused === undefined) deliver?.(message, extra);
    else void send(refused);
  };
}

/** The answer to a message that is not passed on. */
function refusal(message: JSONRPCMessage): JSONRPCMessage | undefined {
  if (!isJSONRPCRequest(message)) return undefined;
  try {
    refusePrototype(message.params, 'the params');
    return undefined;
  } catch (error) {
    const { message: text } = toProblem(error);
    const { id, jsonrpc, method } = message;
    // A model reads the result of a tool and mends its call; clients keep errors of the protocol to themselves.
    return method === 'tools/call'
      ? { jsonrpc, id, result: { content: [{ type: 'text', text }], isError: true } }
      : { jsonrpc, id, error: { code: ErrorCode.InvalidParams, message: text } };
  }
}

function toldInWords(message: JSONRPCMessage): JSONRPCMessage {
  if (!('error' in message) || message.error.code !== ErrorCode.InternalError) return message;
  const issue = firstIssue(message.error.message);
  if (issue === undefined) return message;
  const where = issue.path.join('.') || 'The message';
  const what = `${where}: ${issue.message.replace('Invalid input: ', '')}.`;
  return {
    ...message,
    error: {
      code: ErrorCode.InvalidParams,
      message: `${what} Send the params that the protocol names for this method.`,
    },
  };
}

/** The first complaint of a schema in the text of an error, if that is what it is. */
function firstIssue(text: string): { readonly path: readonly string[]; readonly message: string } | undefined {
  try {
    const [first] = JSON.parse(text) as { path?: unknown; message?: unknown }[];
    return Array.isArray(first?.path) && typeof first.message === 'string'
      ? { path: first.path.map(String), message: first.message }
      : undefined;
  } catch {
    return undefined;
  }
}
