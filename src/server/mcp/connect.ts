import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  type CallToolResult,
  ErrorCode,
  isJSONRPCRequest,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import { nameHint } from '../../api/names.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { toProblem } from '../problem.ts';
import { complaint, refusePrototype } from '../validate.ts';
import { TOOLS, WRITE_TOOLS } from './tools.ts';

/**
 * Connects a server with its client, and stands between them where the library would lose something or tell it badly: members called
 * `__proto__`, which its schemas pass over in silence, are refused; params that its schemas refuse are the caller's mistake (-32602), told
 * in a sentence, where the library says that the server failed (-32603) and lists what its schema complains of.
 */
export async function connect(server: McpServer, transport: Transport, write = false): Promise<void> {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => send(toldInWords(message), options);
  await server.connect(transport);
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    const refused = refusal(message, write);
    if (refused === undefined) deliver?.(message, extra);
    else void send(refused);
  };
}

/** The answer to a message that is not passed on. */
function refusal(message: JSONRPCMessage, write: boolean): JSONRPCMessage | undefined {
  if (!isJSONRPCRequest(message)) return undefined;
  try {
    refusePrototype(message.params, 'the params');
    const name = message.params?.['name'];
    if (message.method === 'tools/call' && typeof name === 'string') checkTool(name, write);
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

/** @throws InvalidArgumentError for a tool that is not there, or not allowed. */
function checkTool(name: string, write: boolean): void {
  if (TOOLS.includes(name) || (write && WRITE_TOOLS.includes(name))) return;
  if (WRITE_TOOLS.includes(name)) {
    throw new InvalidArgumentError(
      `The tool "${name}" is not allowed here.`,
      'Ask the user to start the server with --write (`serve`: --mcp-write), and with a key that may write where it wants keys.',
    );
  }
  throw new InvalidArgumentError(
    `There is no tool "${name.slice(0, 100)}".`,
    `${capitalised(nameHint(name, write ? [...TOOLS, ...WRITE_TOOLS] : TOOLS))}.`,
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What the library's check of arguments says, which lists complaints of a schema. */
const ARGUMENTS = /^(?:MCP error -?\d+: )?Input validation error: Invalid arguments for tool \S+: /;

/** Arguments that a tool does not take, each in words; anything else as it is. */
function argumentsInWords(text: string): string {
  const complaints = text.replace(ARGUMENTS, '');
  if (complaints === text) return text;
  const said = complaints.split('\n').map((line) => {
    const [, what = line, where] = /^(.*) at ([^ ]+)$/s.exec(line) ?? [];
    const problem = complaint(what);
    return where === undefined ? capitalised(problem) : `\`${where}\`: ${problem}`;
  });
  return `${said.join('; ')}. Mend the arguments and call again.`;
}

function toldInWords(message: JSONRPCMessage): JSONRPCMessage {
  if ('result' in message && message.result['isError'] === true) {
    const { content } = message.result as unknown as CallToolResult;
    const told = content.map((part) => (part.type === 'text' ? { ...part, text: argumentsInWords(part.text) } : part));
    return { ...message, result: { ...message.result, content: told } };
  }
  if (!('error' in message) || message.error.code !== ErrorCode.InternalError) return message;
  const issue = firstIssue(message.error.message);
  if (issue === undefined) return message;
  const where = issue.path.join('.') || 'The message';
  const what = `${where}: ${complaint(issue.message)}.`;
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
