import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Path of the built command line. Ends the process when it is not built: what is measured is what is installed. */
export function builtCli(): string {
  if (existsSync(`${dist}/cli/main.js`) && existsSync(`${dist}/server/worker.js`)) return `${dist}/cli/main.js`;
  console.error('dist/ is not built. Run: npm run build');
  process.exit(2);
}

export interface StartedServer {
  readonly port: number;
  readonly url: string;
  readonly child: ChildProcess;
  /** What went wrong inside, from its stderr. */
  readonly faults: string[];
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `sagitta serve` in a process of its own, on a free port. @param environment variables beside those of this process. */
export async function startServer(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const child = spawn(process.execPath, [builtCli(), 'serve', '--port', '0', '--json', '--no-log', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const faults: string[] = [];
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.startsWith('{')) faults.push(line);
  });
  let out = '';
  const url = await new Promise<string>((done, failed) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) done(JSON.parse(out.slice(0, out.indexOf('\n'))).url);
    });
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${faults.join('\n')}`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    child,
    faults,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      return (await ended)[0] as number | null;
    },
  };
}

/** One keep-alive connection that asks one thing after the other; lighter than any client, since it shares the cores. */
export class Connection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #done: ((answer: { status: number; body: Buffer }) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => this.#failed?.(new Error('the connection was closed')));
  }

  ask(method: string, path: string, body?: string): Promise<{ status: number; body: Buffer }> {
    const length =
      body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((done, failed) => {
      // Closed while nothing was asked: no event will come any more.
      if (this.#socket.destroyed) return failed(new Error('the connection was closed'));
      this.#done = done;
      this.#failed = failed;
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${body ?? ''}`);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#buffer.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#buffer.length < end + 4 + length) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#buffer.subarray(end + 4, end + 4 + length) };
    this.#buffer = Buffer.alloc(0);
    this.#done?.(answer);
  }
}

/** Asks over several connections at once until the work is done. @returns milliseconds of each request, and of all. */
export async function load(
  port: number,
  connections: number,
  requests: readonly string[],
): Promise<{ each: number[]; total: number }> {
  const each: number[] = [];
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(port);
      while (next < requests.length) {
        const body = requests[next++]!;
        const begin = performance.now();
        const { status } = await connection.ask('POST', '/v1/search', body);
        each.push(performance.now() - begin);
        if (status !== 200) throw new Error(`the server answered ${status}`);
      }
      connection.close();
    }),
  );
  return { each, total: performance.now() - start };
}
