/** Learning rate by step, from 1. */
export type Schedule = (step: number) => number;

/** Options of the schedules that rise and fall. */
export interface WarmupOptions {
  /** Highest learning rate. */
  readonly peak: number;
  /** Steps of the whole run; from then on the rate stays at `floor`. */
  readonly steps: number;
  /** Steps that rise linearly from 0 to `peak`. Default: a tenth of `steps`. */
  readonly warmup?: number;
  /** Rate at the end. Default 0. */
  readonly floor?: number;
}

/** Rises linearly to the peak, then falls linearly. */
export function linearSchedule(options: WarmupOptions): Schedule {
  return risingThen(options, (share) => 1 - share);
}

/** Rises linearly to the peak, then falls along half a cosine (Loshchilov and Hutter 2017). */
export function cosineSchedule(options: WarmupOptions): Schedule {
  return risingThen(options, (share) => (1 + Math.cos(Math.PI * share)) / 2);
}

function risingThen(options: WarmupOptions, fall: (share: number) => number): Schedule {
  const { peak, steps, warmup = Math.round(steps / 10), floor = 0 } = options;
  return (step) => {
    if (step <= warmup) return (peak * step) / warmup;
    const share = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return floor + (peak - floor) * fall(share);
  };
}
