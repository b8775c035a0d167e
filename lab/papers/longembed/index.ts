import type { Claim, Lab } from '../../grading/index.ts';
import {
  hidden,
  hybridPassages,
  longTextsClaim,
  meetings,
  passages,
  read,
  shortTextsClaim,
} from '../../protocols/long-texts.ts';

/** What all specifications here begin from. */
export const encoder = 'minilm';

const four = (lab: Lab) => hidden(lab, 4);
const two = (lab: Lab) => hidden(lab, 2);

/** The first tokens: as many as the encoder reads by itself, or as its table has rows. */
const truncated = read('the first tokens', 'minilm', 'minilm?length=512');
/** All tokens, by what is made of the first 256 rows of positions or of all. */
const long = (name: string, positions: string, window = 1024) =>
  read(
    name,
    ...['minilm?', 'minilm?length=512&'].map((base) => `extended:${base}window=${window}&positions=${positions}`),
  );
const chunks = long('the mean of chunks', 'chunks-mean');
const grouped = long('grouped positions', 'grouped');
const recurrent = long('recurrent positions', 'recurrent');
const interpolated = long('interpolated positions', 'interpolated');

const once = (name: string, positions: string) => read(name, `extended:minilm?window=512&positions=${positions}`);

/** An extension against what it extends, with texts of four times what the encoder reads. */
const finds = (
  id: string,
  statement: string,
  method: typeof chunks,
  rivals: readonly (typeof chunks)[] = [],
  controls: readonly (typeof chunks)[] = [],
) =>
  longTextsClaim({
    id,
    statement: `At four times what the encoder reads, ${statement} the right text first at least 10 points more often than the first tokens alone.`,
    metric: 'success@1',
    margin: { absolute: 0.1 },
    data: four,
    baseline: truncated,
    method,
    controls,
    rivals,
  });

export const claims: readonly Claim[] = [
  finds(
    'chunks',
    'the mean of chunks finds',
    chunks,
    [passages],
    [long('the greatest of chunks', 'chunks-max'), hybridPassages],
  ),
  finds('interpolated', 'interpolated positions find', interpolated),
  finds('grouped', 'grouped positions find', grouped),
  finds('recurrent', 'recurrent positions find', recurrent),
  longTextsClaim({
    id: 'twice',
    statement:
      'At twice what the encoder reads, the mean of chunks finds the right text first at least 10 points more often than the first tokens alone.',
    metric: 'success@1',
    margin: { absolute: 0.1 },
    data: two,
    baseline: read('the first tokens', 'minilm', 'minilm?length=128'),
    method: read(
      'the mean of chunks',
      'extended:minilm?window=512&positions=chunks-mean',
      'extended:minilm?length=128&window=512&positions=chunks-mean',
    ),
    controls: [
      once('grouped positions', 'grouped'),
      once('recurrent positions', 'recurrent'),
      once('interpolated positions', 'interpolated'),
    ],
    rivals: [read('the rows that the table has', 'minilm?length=512'), passages],
  }),
  longTextsClaim({
    id: 'alike',
    statement:
      'Recurrent positions find the right text first at most 5 points less often than interpolated ones, at four times what the encoder reads.',
    metric: 'success@1',
    margin: { absolute: -0.05 },
    data: four,
    baseline: interpolated,
    method: recurrent,
    controls: [grouped],
  }),
  longTextsClaim({
    id: 'meetings',
    statement:
      'Questions about whole meetings, of 9,000 words, find the right one better by the mean of chunks than by the first tokens.',
    metric: 'nDCG@10',
    data: meetings,
    baseline: truncated,
    method: read(
      'the mean of chunks',
      'extended:minilm?window=1024&positions=chunks-mean',
      'extended:minilm?window=8192&positions=chunks-mean',
    ),
    controls: [
      hybridPassages,
      read('interpolated positions, 1024 tokens', 'extended:minilm?window=1024&positions=interpolated'),
      read('grouped positions, 1024 tokens', 'extended:minilm?window=1024&positions=grouped'),
      read('recurrent positions, 1024 tokens', 'extended:minilm?window=1024&positions=recurrent'),
    ],
    rivals: [passages],
  }),
  shortTextsClaim(
    { id: 'short', statement: 'A text that the encoder reads whole by itself keeps its vector, to the bit.' },
    ['chunks-mean', 'chunks-max', 'grouped', 'recurrent', 'interpolated'].map(
      (positions) => `extended:minilm?window=1024&positions=${positions}`,
    ),
  ),
];
