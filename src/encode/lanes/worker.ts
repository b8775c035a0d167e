// What a lane runs: one session of a model, one run after the other.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Session } from '../../tensor/index.ts';
import { nativeRuntime } from '../runtime.ts';
import { LANE, type LaneModel, type LaneReply, type LaneRequest, type LaneSetup } from './messages.ts';

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const { states, lane } = workerData as LaneSetup;
  /** While it says that it works, the process does not exit: see `Lanes`. */
  const working = async <T>(work: () => Promise<T>): Promise<T> => {
    if (Atomics.compareExchange(states, lane, LANE.idle, LANE.working) === LANE.stopped) return new Promise(() => {});
    try {
      return await work();
    } finally {
      Atomics.compareExchange(states, lane, LANE.working, LANE.idle);
      Atomics.notify(states, lane);
    }
  };
  let opened: Promise<Session>;
  let last: Promise<unknown>;
  const answer = async ({ inputs, output }: LaneRequest): Promise<[LaneReply, ArrayBuffer[]]> => {
    try {
      const { data, shape } = (await (await opened).run(inputs, {}, [output]))[output]!;
      // The memory of the result is the model's.
      const copy = data.slice();
      const given = Object.values(inputs).map(({ data }) => data.buffer as ArrayBuffer);
      return [{ value: { data: copy, shape }, given }, [copy.buffer as ArrayBuffer, ...given]];
    } catch (error) {
      return [{ error: String(error) }, []];
    }
  };
  // Ended by itself, as a thread that is ended from outside while ONNX Runtime works brings the process down.
  const end = async (): Promise<void> => {
    await (await opened.catch(() => undefined))?.dispose();
    port.close();
  };
  port.once('message', ({ model }: LaneModel) => {
    opened = working(async () => (await nativeRuntime()).createSession(model, { threads: 1 }));
    last = opened
      .catch(() => {})
      .then(() => port.postMessage({ model } satisfies LaneModel, [model.buffer as ArrayBuffer]));
    port.on('message', serve);
  });
  const serve = (request: LaneRequest | undefined): void => {
    last = last.then(() =>
      request === undefined ? end() : working(async () => port.postMessage(...(await answer(request)))),
    );
  };
}
