import pc from 'picocolors';
import { shellWord } from '../base/shell.ts';
import type { VectorIndexInfo } from '../store/index.ts';
import { plural } from './output.ts';
import { USUAL } from './where.ts';

/**
 * What is said of vectors that lie in segments too small for lists, with the command that changes it; empty where all are coded.
 * @param directory of the collection, as the user named it.
 */
export function smallSegments(
  { indexed, scanned, small, least }: Pick<VectorIndexInfo, 'indexed' | 'scanned' | 'small' | 'least'>,
  directory: string,
): string {
  if (scanned === 0) return '';
  const where = directory === USUAL ? '' : ` --in ${shellWord(directory)}`;
  const which = `${plural(scanned, 'vector')} in ${plural(small, 'segment')} of fewer than ${plural(least, 'vector')} each`;
  const how = `${indexed === 0 ? 'nothing is coded: ' : ''}${which} ${scanned === 1 ? 'is' : 'are'} scanned one by one`;
  const remedy =
    indexed + scanned >= least && small + (indexed > 0 ? 1 : 0) > 1
      ? `\`sagitta compact --full${where}\` merges the segments, and codes them`
      : 'there are too few for lists, which would be slower';
  return pc.yellow(`; ${how}; ${remedy}`);
}
