import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../src/base/random.ts';
import type { Ledger } from './lib-chaos-ledger.ts';
import { type Changes, chaosText } from './lib-chaos-text.ts';
import { Connection, startServer } from './lib-serve.ts';
import { Watchdog } from './lib-watchdog.ts';

const WRITERS = 3;
const SEARCHERS = 2;
/** Of each kind of slow client. */
const SLOW = 15;
const IDS = 60;
/** Longest that the server is let alone. */
const PATIENCE_MS = 15_000;

/** What a round of serving did. */
export interface ServedRound {
  readonly acknowledged: number;
  readonly refused: number;
  readonly searches: number;
  /** `killed`, or the exit code after SIGTERM. */
  readonly end: string;
  readonly wrong: readonly string[];
}

/**
 * Serves a collection to clients that write and search, beside others that send slowly and others that never read their answers, and ends the
 * server in the middle: killed, or told to stop.
 */
export async function servedRound(
  directory: string,
  ledger: Ledger,
  random: Random,
  gentle: boolean,
  environment: Readonly<Record<string, string>>,
): Promise<ServedRound> {
  const wrong: string[] = [];
  const counts = { acknowledged: 0, refused: 0, searches: 0 };
  const server = await startServer(['--in', directory, '--no-page', '--drain', '3000'], environment);
  const { child, port } = server;
  const exited = once(child, 'exit');
  let ending = false;
  const slow = slowClients(port);

  const write = async (writer: number): Promise<void> => {
    const connection = new Connection(port);
    const id = (): string => `w${writer}/${random.below(IDS)}`;
    while (!ending) {
      const dice = random.next();
      const fresh = (): [string, number] => [id(), random.below(2 ** 31)];
      let changes: Changes;
      let request: [method: string, path: string, body?: string];
      const document = ([id, version]: readonly [string, number]) => ({
        id,
        text: chaosText(id, version),
        language: 'en',
      });
      if (dice < 0.5) {
        const one = fresh();
        changes = [one];
        const { id, ...body } = document(one);
        request = ['PUT', `/v1/documents/${id}`, JSON.stringify(body)];
      } else if (dice < 0.75) {
        const many = [...new Map(Array.from({ length: 1 + random.below(15) }, fresh))];
        changes = many;
        request = ['POST', '/v1/documents', JSON.stringify({ documents: many.map(document) })];
      } else if (dice < 0.95) {
        const gone = id();
        changes = [[gone, null]];
        request = ['DELETE', `/v1/documents/${gone}`];
      } else {
        changes = [];
        request = ['POST', '/v1/jobs', '{"kind": "compact"}'];
      }
      try {
        const { status, body } = await connection.ask(...request);
        if (status === 200 || status === 202) {
          ledger.acknowledge(changes);
          counts.acknowledged++;
        } else {
          ledger.leaveOpen(changes, false);
          counts.refused++;
          if (![409, 429, 500, 503, 504, 507].includes(status))
            wrong.push(`${request[0]} ${request[1]}: ${status} ${body}`);
          await sleep(20);
        }
      } catch (error) {
        ledger.leaveOpen(changes, false);
        if (!ending) wrong.push(`${request[0]} ${request[1]}: ${(error as Error).message}`);
        break;
      }
    }
    connection.close();
  };
  const search = async (): Promise<void> => {
    const connection = new Connection(port);
    while (!ending) {
      try {
        const { status, body } = await connection.ask(
          'POST',
          '/v1/search',
          '{"query": "harbour", "k": 5, "retriever": "bm25"}',
        );
        if (status === 200) {
          counts.searches++;
          for (const { id, text } of JSON.parse(body.toString()).hits as { id: string; text: string }[]) {
            const version = Number(/ v(\d+) /.exec(text)?.[1] ?? -1);
            if (version < 0 || !chaosText(id, version).includes(text.slice(0, 40)))
              wrong.push(`a hit of ${id} is not its text`);
          }
        } else if (![429, 500, 503, 504, 507].includes(status)) wrong.push(`search: ${status}`);
      } catch {
        break;
      }
    }
    connection.close();
  };
  const load = Promise.all([
    ...Array.from({ length: WRITERS }, (_, i) => write(i)),
    ...Array.from({ length: SEARCHERS }, search),
  ]);
  const enough = random.below(60);
  const until = performance.now() + PATIENCE_MS;
  while (counts.acknowledged < enough && performance.now() < until && child.exitCode === null) await sleep(10);
  await sleep(100 * random.next());
  ending = true;
  child.kill(gentle ? 'SIGTERM' : 'SIGKILL');
  const watchdog = new Watchdog(20, () => {
    wrong.push('the server did not end within 20 s of SIGTERM');
    child.kill('SIGKILL');
  });
  const [code] = (await exited) as [number | null];
  watchdog.stop();
  for (const socket of slow) socket.destroy();
  await load;
  if (gentle && code !== 0) wrong.push(`exit code ${code} after SIGTERM: ${server.faults.at(-1) ?? ''}`);
  return { ...counts, end: gentle ? `code ${code}` : 'killed', wrong };
}

/** Clients that send a byte now and then, and clients that ask for much and never read. */
function slowClients(port: number): Socket[] {
  return Array.from({ length: 2 * SLOW }, (_, i) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const body = '{"query": "harbour", "k": 1000}';
    const head = `POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    if (i < SLOW) {
      socket.write(`${head}{`);
      const drip = setInterval(() => socket.write(' '), 400);
      socket.on('close', () => clearInterval(drip));
    } else {
      socket.pause();
      for (let request = 0; request < 3; request++) socket.write(head + body);
    }
    return socket;
  });
}
