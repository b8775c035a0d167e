import { OPERATORS } from './operators.ts';
import type { ParameterValue, PipelineStep } from './types.ts';

/** What needs no quotes. */
const BARE = /^[A-Za-z_][\w:./@-]*$/;

/** The text of steps; what `parseSteps` reads back. */
export function formatSteps(steps: readonly PipelineStep[]): string {
  return steps.map(formatStep).join(' > ');
}

function formatStep({ op, of = [], ...parameters }: PipelineStep): string {
  // The first parameter is written without its name.
  const first = Object.keys(OPERATORS.get(op)?.parameters ?? {})[0];
  const leads = of.length === 0 ? first : undefined;
  const written = Object.entries(parameters as Record<string, ParameterValue | undefined>)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => Number(b === leads) - Number(a === leads))
    .map(([name, value]) => (name === leads ? formatValue(value!) : `${name}=${formatValue(value!)}`));
  const all = [...of.map(formatSteps), ...written];
  return all.length === 0 ? op : `${op}(${all.join(', ')})`;
}

function formatValue(value: ParameterValue): string {
  if (typeof value === 'string') {
    return BARE.test(value) && value !== 'true' && value !== 'false' ? value : JSON.stringify(value);
  }
  return typeof value === 'object' ? `[${value.map(formatValue).join(', ')}]` : String(value);
}
