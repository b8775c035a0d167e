import { assignWork } from '../codec/kmeans.ts';
import { partWork } from '../codec/pq.ts';

/** All work that threads know. */
export const works = [assignWork, partWork];
