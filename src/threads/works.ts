import { assignWork } from '../codec/kmeans.ts';
import { partWork } from '../codec/pq.ts';
import { codeWork } from '../index/ivf/code.ts';
import { searchWork } from '../index/ivf/share.ts';

/** All work that threads know. */
export const works = [assignWork, partWork, codeWork, searchWork];
