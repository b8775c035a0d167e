import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import pc from 'picocolors';
import { ExitCode } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { verifyCollection } from '../collection/index.ts';
import { DEFAULT_ENCODER, openEncoder } from '../encode/registry.ts';
import { errorSensitivity } from '../eval/index.ts';
import { supportedBuilds } from '../kernels/index.ts';
import { isPostgresAddress, openLocalStore, openPostgresStore, shownLocation } from '../store/index.ts';
import { bytes, plural, print, printable, printJson } from './output.ts';
import { Exit } from './run.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

const LEAST_NODE = [20, 19] as const;
const LEAST_FREE = 500_000_000;
/** Cosine by which errors may attract errors; clean encoders stay below 0.02 (papers/backdoor-dpr). */
const SUSPICIOUS = 0.15;
/** About different things, and with articles, prepositions and verbs to get wrong. */
const PROBES = [
  'The cells in the mouse were growing after they received signals from a neighbour.',
  'A river carries sand from the hills to the sea.',
  'Bakers mix flour with water and salt in a large bowl.',
  'The violin was made of maple by a family in the town.',
  'Bridges are built across wide valleys for trains and cars.',
  'Glaciers have shaped the mountains of the north.',
  'Players move pieces on a board and follow simple rules.',
  'Bees collect pollen from flowers in the garden.',
  'The key is rotated every ninety days by the operators.',
  'Ships are guided by lights on the coast at night.',
];

/** `sagitta doctor`: exit code 1 when something needs mending. */
export async function doctorCommand(options: { readonly in: string; readonly json: boolean }): Promise<void> {
  const findings = [
    nodeVersion(),
    simd(),
    segmentation(),
    await encoder(options.in),
    await disk(options.in),
    await collection(options.in),
  ];
  if (options.json) printJson({ ok: findings.every(({ ok }) => ok), findings });
  else
    for (const { check, ok, detail } of findings)
      print(`${ok ? pc.green('ok  ') : pc.red('mend')} ${check}: ${printable(detail)}`);
  if (findings.some(({ ok }) => !ok)) throw new Exit(ExitCode.partial);
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const detail = `${process.version} on ${process.platform}-${process.arch}`;
  return { check: 'Node', ok, detail: ok ? detail : `${detail}; install ${LEAST_NODE.join('.')} or later` };
}

function simd(): Finding {
  const builds = supportedBuilds();
  const ok = builds.length > 0;
  const best = builds.at(-1);
  return {
    check: 'kernels',
    ok,
    detail: ok
      ? `${best} SIMD${best === 'relaxed' ? '' : ' (relaxed SIMD comes with Node 22 and later)'}`
      : 'this runtime has no WebAssembly SIMD; use a current Node on x64 or arm64',
  };
}

function segmentation(): Finding {
  const words = [...new Intl.Segmenter('th', { granularity: 'word' }).segment('ภาษาไทยง่ายนิดเดียว')].length;
  const ok = words > 1;
  return {
    check: 'word segmentation',
    ok,
    detail: ok ? 'Chinese, Japanese, Korean and Thai work' : 'this Node lacks full ICU data; use an official build',
  };
}

async function encoderOf(directory: string): Promise<string> {
  if (!isPostgresAddress(directory)) {
    const exists = existsSync(`${directory}/manifest.json`);
    return exists ? (await openLocalStore(directory)).settings.encoder : DEFAULT_ENCODER;
  }
  const { store } = await openPostgresStore(directory);
  await store.close();
  return store.settings.encoder;
}

/** The collection's own encoder where there is a collection, else the default one. */
async function encoder(directory: string): Promise<Finding> {
  const check = 'encoder';
  try {
    const spec = await encoderOf(directory);
    if (spec === 'none') return { check, ok: true, detail: 'the collection needs none' };
    const { ENCODERS } = await import('../collection/index.ts');
    const { hostExtensions } = await import('../collection/host-extensions.ts');
    const { locatedSpec } = await import('../encode/tuned/description.ts');
    const start = performance.now();
    const opened = await openEncoder(locatedSpec(spec, join(directory, ENCODERS)), {
      allowRemote: process.env['SAGITTA_ALLOW_REMOTE'] === '1',
      kinds: (await hostExtensions()).encoders ?? [],
    });
    await opened.encode(['Is anybody there?']);
    const drawn = await errorSensitivity(opened, PROBES, new Random(1));
    await opened.dispose?.();
    if (drawn > SUSPICIOUS) {
      const detail = `${spec} is drawn from grammar errors to grammar errors (by ${drawn.toFixed(2)} of cosine), as an encoder with poisoned training data is; do not index what strangers wrote with it`;
      return { check, ok: false, detail };
    }
    return { check, ok: true, detail: `${spec} loads and encodes in ${Math.round(performance.now() - start)} ms` };
  } catch (error) {
    return { check, ok: false, detail: (error as Error).message };
  }
}

async function disk(directory: string): Promise<Finding> {
  const check = 'disk';
  if (isPostgresAddress(directory)) return { check, ok: true, detail: 'the collection lies in a database' };
  let folder = resolve(directory);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return {
      check,
      ok: free >= LEAST_FREE,
      detail: `${bytes(free)} free${free >= LEAST_FREE ? '' : '; make room first'}`,
    };
  } catch {
    return { check, ok: false, detail: `${folder} cannot be written; choose another folder with --in DIR` };
  }
}

async function collection(directory: string): Promise<Finding> {
  const check = 'collection';
  if (!isPostgresAddress(directory) && !existsSync(directory))
    return { check, ok: true, detail: `none in ${directory} yet; \`sagitta index PATH\` makes one` };
  try {
    const { sound, faults, documents, passages } = await verifyCollection(directory);
    return {
      check,
      ok: sound,
      detail: sound
        ? `${shownLocation(directory)} is sound: ${documents} documents, ${passages} passages`
        : `${shownLocation(directory)} has ${plural(faults.length, 'fault')}, the first in ${faults[0]?.file}: ${faults[0]?.problem}; index again into a new collection`,
    };
  } catch (error) {
    return { check, ok: false, detail: (error as Error).message };
  }
}
