/**
 * Clients that are slow, in a process of their own (bench/serve.ts): a third sends the head of a request byte by byte, a third its body, and a
 * third asks for much and never reads. Who is dropped comes again. They have an address of their own (of the loopback, as Linux has it), since requests of one address that are under
 * way are limited together: a client that shares theirs is told to wait (429). Says `ready` when all are connected.
 *
 * Arguments: port, clients.
 */
import { connect } from 'node:net';

const [port, clients] = process.argv.slice(2).map(Number) as [number, number];
/** Milliseconds between two bytes: far below what a server takes for silence. */
const DRIP_MS = 1000;
const body = JSON.stringify({ collection: 'lexical', query: 'animal plant', k: 200 });
const head = `POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
let connected = 0;

function start(kind: number): void {
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  let drip: NodeJS.Timeout | undefined;
  socket.on('error', () => undefined);
  socket.on('connect', () => {
    if (kind === 2) {
      socket.pause();
      socket.write(`${head}\r\n${body}`);
    } else {
      const text = kind === 0 ? `${head}X-Slow: ${'x'.repeat(10_000)}` : `${head}\r\n${body}`;
      let sent = kind === 0 ? 10 : head.length + 2;
      socket.write(text.slice(0, sent));
      drip = setInterval(
        () => {
          // The last byte of a body is never sent.
          if (sent < text.length - 1) socket.write(text[sent++]!);
        },
        DRIP_MS * (0.5 + Math.random()),
      );
    }
    if (++connected === clients) process.stdout.write('ready\n');
  });
  socket.on('close', () => {
    clearInterval(drip);
    setTimeout(() => start(kind), DRIP_MS);
  });
}

for (let i = 0; i < clients; i++) setTimeout(() => start(i % 3), i / 2);
