// What a thread of a collection runs: its own entry of the package, started by reading-threads.ts.
import { isMainThread, workerData } from 'node:worker_threads';
import { BorrowedEncoders } from '../../encode/lent/borrow.ts';
import type { VectorFieldSettings } from '../../store/types.ts';
import { listen } from '../../threads/runtime.ts';
import { serve } from '../../threads/serve.ts';
import type { ReaderData } from './messages.ts';
import { readingWork } from './reading.ts';

if (!isMainThread) {
  const encoders = new BorrowedEncoders<VectorFieldSettings>();
  encoders.connect((workerData as ReaderData).encoders);
  listen(({ thread }, post) => serve(thread, [readingWork(encoders)], post));
}
