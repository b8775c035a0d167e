import type { Claim } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import {
  anyOthers,
  contextClaim,
  gold,
  neighbours,
  retrieved,
  sentenceAlone,
  wordsWithDocumentation,
} from '../../protocols/code-context.ts';
import {
  codeClaim,
  feedback,
  LEARNED,
  meaning,
  parts,
  type Regime,
  trigrams,
  words,
} from '../../protocols/code-search.ts';

/** What words lose with the documentation, but for a third. */
const third = (regime: Regime) =>
  parts('words, and a third of what they lost', [
    [regime, 2 / 3],
    ['documented', 1 / 3],
  ]);
const few = (share: number) => share <= 0.25;
const hybrid = (regime: Regime) => meaning('words and learned meaning', regime, { beside: true, recipe: LEARNED });
const besides = (regime: Regime) => [
  meaning('meaning', regime),
  meaning('words and meaning', regime, { beside: true }),
  meaning('learned meaning', regime, { recipe: LEARNED }),
  words('words', regime),
];
const lexicalRivals = (regime: Regime) => [
  words('runs of three letters', regime, trigrams),
  feedback('words with feedback (RM3)', regime),
];

export const claims: readonly Claim[] = [
  exactClaim('data', {
    id: 'documented',
    statement:
      'Where the documentation stands in the document, words find a function by its first sentence with nDCG@10 of at least 0.9.',
    check: async (lab) => ({ ...(await wordsWithDocumentation(lab)), atLeast: 0.9 }),
  }),
  codeClaim({
    id: 'undocumented',
    statement: 'Without the documentation, words lose more than 0.4.',
    margin: { absolute: 0.4 },
    baseline: words('words, undocumented', 'undocumented'),
    method: words('words, documented', 'documented'),
    controls: lexicalRivals('undocumented'),
  }),
  codeClaim({
    id: 'renamed',
    statement: 'Without the documentation and with other names, words lose more than 0.4.',
    margin: { absolute: 0.4 },
    baseline: words('words, renamed', 'renamed'),
    method: words('words, documented', 'documented'),
  }),
  codeClaim({
    id: 'meaning',
    statement:
      'Where few of the words of a sentence stand in its undocumented function (at most a quarter), vectors alone rank at least 0.07 better than words.',
    overlap: few,
    margin: { absolute: 0.07 },
    baseline: words('words', 'undocumented'),
    method: meaning('meaning', 'undocumented'),
    rivals: lexicalRivals('undocumented'),
  }),
  codeClaim({
    id: 'third',
    statement: 'There, vectors beside words make good at least a third of what words lose with the documentation.',
    overlap: few,
    learns: true,
    baseline: third('undocumented'),
    method: hybrid('undocumented'),
    controls: besides('undocumented'),
    rivals: lexicalRivals('undocumented'),
  }),
  codeClaim({
    id: 'third-undocumented',
    statement: 'Of all sentences, vectors beside words make good at least a third of it.',
    learns: true,
    baseline: third('undocumented'),
    method: hybrid('undocumented'),
    controls: besides('undocumented'),
    rivals: lexicalRivals('undocumented'),
  }),
  codeClaim({
    id: 'third-renamed',
    statement: 'With other names, vectors beside words make good at least a third of what words lose.',
    learns: true,
    baseline: third('renamed'),
    method: hybrid('renamed'),
    controls: besides('renamed'),
    rivals: lexicalRivals('renamed'),
  }),
  contextClaim({
    id: 'retrieved',
    statement:
      'Five functions that are found hold at least 0.2 more of the names that a function uses than its sentence alone.',
    margin: { absolute: 0.2 },
    baseline: sentenceAlone,
    method: retrieved,
    rivals: [anyOthers],
  }),
  contextClaim({
    id: 'neighbours',
    statement: 'So do they without the function itself, and more of them than five others at random.',
    margin: { absolute: 0.2 },
    baseline: sentenceAlone,
    method: neighbours,
    rivals: [anyOthers],
  }),
  contextClaim({
    id: 'gold',
    statement: 'The function itself holds at least 0.05 more of them than five that are found.',
    margin: { absolute: 0.05 },
    baseline: retrieved,
    method: gold,
  }),
];
