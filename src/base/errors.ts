/**
 * Every error that Sagitta throws on purpose. Two families: a `UserError` is something the caller can mend, and its
 * message ends with how; an `InvariantError` is a defect of Sagitta itself.
 */
export abstract class SagittaError extends Error {
  /** Stable machine-readable name of the mistake, e.g. `collection-locked`. */
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Exit codes of the command line, one per kind of mistake (docs/cli.md lists them). */
export const ExitCode = {
  ok: 0,
  /** The run finished, but some files failed or the collection is not sound. */
  partial: 1,
  usage: 2,
  notFound: 3,
  locked: 4,
  corrupt: 5,
  incompatible: 6,
  storage: 7,
  remote: 8,
  internal: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A mistake of the caller or of the surroundings. The message says what is wrong and ends with the remedy. */
export abstract class UserError extends SagittaError {
  abstract readonly exitCode: ExitCode;
  /** @param problem what is wrong, with the offending values. @param remedy how to mend it, one sentence. */
  constructor(
    problem: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${problem} ${remedy}`, options);
  }
}

/** An argument or option outside its domain. */
export class InvalidArgumentError extends UserError {
  readonly code = 'invalid-argument';
  readonly exitCode = ExitCode.usage;
}

/** Something named by the caller does not exist: a path, a collection, a document. */
export class NotFoundError extends UserError {
  readonly code = 'not-found';
  readonly exitCode = ExitCode.notFound;
}

/** Another process is writing to the collection. */
export class CollectionLockedError extends UserError {
  readonly code = 'collection-locked';
  readonly exitCode = ExitCode.locked;
}

/** A file fails its checksum, is truncated, or contradicts another. */
export class CorruptFileError extends UserError {
  readonly code = 'corrupt-file';
  readonly exitCode = ExitCode.corrupt;
  constructor(
    readonly file: string,
    readonly problem: string,
    remedy = 'Run `sagitta verify` to see the extent, then index again into a new collection.',
    options?: ErrorOptions,
  ) {
    super(`${file}: ${problem}.`, remedy, options);
  }
}

/** A collection made by another encoder, another format version, or with other settings. */
export class IncompatibleError extends UserError {
  readonly code = 'incompatible';
  readonly exitCode = ExitCode.incompatible;
}

/** The disk refused: full, read-only, no permission. */
export class StorageError extends UserError {
  readonly code = 'storage';
  readonly exitCode = ExitCode.storage;
}

/** A file could not be turned into a document; indexing lists it and goes on. */
export class UnreadableDocumentError extends UserError {
  readonly code = 'unreadable-document';
  readonly exitCode = ExitCode.partial;
}

/** A data file (judgements, runs, queries, corpora) that cannot be read as what it should be. */
export class DataFormatError extends UserError {
  readonly code = 'data-format';
  readonly exitCode = ExitCode.usage;
  /** @param place the file, and the line where there is one: `run.txt:17`. */
  constructor(
    readonly place: string,
    problem: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${place}: ${problem}.`, remedy, options);
  }
}

/** A package that an option needs is not installed. */
export class MissingPackageError extends UserError {
  readonly code = 'missing-package';
  readonly exitCode = ExitCode.usage;
  constructor(
    readonly packageName: string,
    purpose: string,
    options?: ErrorOptions,
  ) {
    super(
      `${purpose} needs the package ${packageName}, which is not installed.`,
      `Run: npm install ${packageName}`,
      options,
    );
  }
}

/** The runtime lacks something that was asked for. */
export class UnsupportedError extends UserError {
  readonly code = 'unsupported';
  readonly exitCode = ExitCode.usage;
}

/** A thread ended, or could not be started, while there was work for it. */
export class ThreadError extends UserError {
  readonly code = 'thread';
  readonly exitCode = ExitCode.internal;
}

/** A remote endpoint failed for good, after retries. */
export class RemoteError extends UserError {
  readonly code = 'remote';
  readonly exitCode = ExitCode.remote;
}

/** A training step whose loss or gradient is not a finite number; what was trained before it is kept. */
export class TrainingDivergedError extends UserError {
  readonly code = 'training-diverged';
  readonly exitCode = ExitCode.partial;
  constructor(
    readonly step: number,
    loss: number,
    gradientNorm: number,
    learningRate: number,
  ) {
    super(
      `Training diverged at step ${step}: loss ${loss}, gradient ${gradientNorm}, learning rate ${learningRate}. The state before this step is kept.`,
      'Lower the learning rate, clip gradients, or look for inputs that are not finite.',
    );
  }
}

/** What a collection brings along would contact another machine, and nobody agreed to that. */
export class RemoteNotAllowedError extends UserError {
  readonly code = 'remote-not-allowed';
  readonly exitCode = ExitCode.usage;
  /** @param kind what it is the name of. */
  constructor(spec: string, kind = 'encoder') {
    super(
      `The ${kind} "${spec}" sends texts to another machine, or fetches a model from one, and this was not agreed to.`,
      'If you trust it, allow it (allowRemote; --allow-remote or SAGITTA_ALLOW_REMOTE=1), or search by words alone (bm25).',
    );
  }
}

/** A defect of Sagitta: please report it. */
export class InvariantError extends SagittaError {
  readonly code: string = 'invariant';
  constructor(what: string, options?: ErrorOptions) {
    super(
      `Broken invariant: ${what}. This is a defect of Sagitta; please report it with the steps that led here.`,
      options,
    );
  }
}

/** Throws an {@link InvariantError} unless the condition holds. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}
