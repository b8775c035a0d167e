import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { given } from '../../base/given.ts';
import type { Engine } from '../operations/types.ts';
import { problem } from '../problem.ts';
import { connect } from './connect.ts';
import { checkMessage } from './messages.ts';
import { contextsByName, type McpOptions, mcpServer } from './server.ts';

/**
 * The Model Context Protocol over streamable HTTP, without sessions: each message is answered by itself, so any number of
 * servers behind a proxy may answer, and nothing has to be kept for clients that never come back.
 */
export function mcpOverHttp(
  engine: Engine,
  { model }: Pick<McpOptions, 'model'> = {},
): (request: Request, body: unknown, access: { readonly write: boolean }) => Promise<Response> {
  return async (request, body, { write }) => {
    if (request.method !== 'POST') {
      throw problem(
        405,
        'method-not-allowed',
        `There are no sessions, so ${request.method} has no meaning here.`,
        'Use POST.',
        {
          headers: { allow: 'POST' },
        },
      );
    }
    for (const one of Array.isArray(body) && body.length > 0 ? (body as unknown[]) : [body]) {
      const checked = checkMessage(one);
      if ('refused' in checked) return Response.json(checked.refused, { status: 400 });
    }
    // Told once, with the instructions.
    const greets = (body as { method?: unknown } | undefined)?.method === 'initialize';
    const server = mcpServer(engine, {
      write,
      ...given({ model }),
      ...(greets ? { contexts: await contextsByName(engine) } : {}),
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await connect(server, transport, write);
    const response = await transport.handleRequest(request, { parsedBody: body });
    // With JSON answers the response is complete here.
    void server.close();
    return response;
  };
}
