import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { BorrowedEncoders } from '../../encode/lent/borrow.ts';
import { checkAnswer } from '../operations/answers.ts';
import { CollectionHost } from '../operations/host.ts';
import { runOperation } from '../operations/run.ts';
import { toProblem } from '../problem.ts';
import { EncodingService, type WantedEncoder } from './encoding.ts';
import type { OperationMessage, OperationReply, ThreadRole } from './messages.ts';
import { RemoteModel } from './model.ts';

/** What runs in a thread of the server: operations on collections, or the model that encodes for all of them. */
if (!isMainThread && parentPort !== null) {
  const role = workerData as ThreadRole;
  if (role.role === 'encoding') serveEncoding(parentPort);
  else serveOperations(parentPort, role);
}

function serveEncoding(port: MessagePort): void {
  const service = new EncodingService();
  port.on('message', (message: { type: 'connect'; port: MessagePort } | { type: 'stop' }) => {
    if (message.type === 'connect') service.serve(message.port);
    else void service.close().finally(() => process.exit(0));
  });
}

function serveOperations(port: MessagePort, role: Extract<ThreadRole, { role: 'operations' }>): void {
  const encoders = new BorrowedEncoders<WantedEncoder>();
  const host = new CollectionHost({
    ...role,
    openEncoder: (spec, { allowRemote }) => encoders.open({ spec, allowRemote }),
  });
  const calls = new Map<number, AbortController>();
  const reply = (message: OperationReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

  port.on('message', (message: OperationMessage) => {
    if (message.type === 'call') void call(message);
    else if (message.type === 'abort') calls.get(message.call)?.abort();
    else if (message.type === 'encoding') encoders.connect(message.port);
    else if (message.type === 'model') host.model = new RemoteModel(message.id, message.port);
    else void host.close().finally(() => process.exit(0));
  });

  async function call({ call, name, request }: Extract<OperationMessage, { type: 'call' }>): Promise<void> {
    const controller = new AbortController();
    calls.set(call, controller);
    try {
      const answer = await runOperation(host, name, request, {
        signal: controller.signal,
        onProgress: (progress) => reply({ type: 'progress', call, progress }),
      });
      checkAnswer(name, answer);
      const json = new TextEncoder().encode(JSON.stringify(answer));
      reply({ type: 'done', call, json }, [json.buffer]);
    } catch (error) {
      const { problem, headers, cause } = toProblem(error);
      const hidden = problem.status >= 500 && cause instanceof Error ? (cause.stack ?? cause.message) : undefined;
      reply({ type: 'failed', call, problem, headers, cause: hidden });
    } finally {
      calls.delete(call);
    }
  }
}
