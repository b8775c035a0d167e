import type { Problem } from '../api/common.ts';
import { ExitCode, UserError } from '../base/errors.ts';

/** What a server answered in place of a result: a problem document (RFC 9457), as an error. */
export class ProblemResponseError extends UserError {
  readonly exitCode = ExitCode.remote;
  /** The problem's code, e.g. `not-found`. */
  readonly code: string;

  constructor(
    readonly status: number,
    readonly problem: Problem,
    /** Seconds after which trying again may help, where the server said so. */
    readonly retryAfter?: number,
  ) {
    super(problem.detail, problem.remedy ?? 'See the log of the server.');
    this.code = problem.code;
  }
}
