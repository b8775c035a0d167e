import type { Command } from 'commander';
import { nearest } from '../base/nearest.ts';
import { say } from './output.ts';

/** Commands whose words, queries and ids, may begin with dashes. */
const FREE = ['search', 'ask', 'context', 'get', 'remove'];

/** The arguments with the free words of such a command behind `--`; which words looked like options is said. */
export function withFreeWords(program: Command, given: readonly string[]): readonly string[] {
  const [name = '', ...rest] = given;
  const free = FREE.includes(name) ? program.commands.find((one) => one.name() === name) : undefined;
  if (free === undefined) return given;
  const { args, dashed } = freeWords(free, rest);
  if (dashed.length > 0) {
    const are = dashed.length === 1 ? 'is no option' : 'are no options';
    const taken = ['get', 'remove'].includes(name) ? (dashed.length === 1 ? 'an id' : 'ids') : 'part of the query';
    say(
      `${dashed.join(' ')} ${are} of \`sagitta ${name}\`, but ${taken} (--help lists options; -- before it ends them)`,
    );
  }
  return [name, ...args];
}

/**
 * Arguments of a command whose words may begin with dashes (a query about an option, an id), so that they need no `--` before them: what
 * is an option stays one, what is nearly one stays too and is refused, and everything else comes behind `--`.
 * @returns the arguments, and which words looked like options.
 */
export function freeWords(
  command: Command,
  args: readonly string[],
): { readonly args: string[]; readonly dashed: readonly string[] } {
  const flags = command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);
  const names = [...flags, '--help'].map((flag) => flag.replace(/^-+/, ''));
  const options: string[] = [];
  const words: string[] = [];
  const dashed: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!/^-./.test(arg)) {
      words.push(arg);
      continue;
    }
    const name = /^-[^-]/.test(arg) ? arg.slice(0, 2) : arg.split('=', 1)[0]!;
    // `-kind:report` is no `-k`, whose value is a number.
    const joined = arg.length > 2 && name.length === 2 && !/^[=\d]/.test(arg.slice(2));
    const option = joined ? undefined : command.options.find(({ short, long }) => short === name || long === name);
    if (option !== undefined) {
      options.push(arg);
      if (option.required && arg === name && i + 1 < args.length) options.push(args[++i]!);
    } else if (
      arg === '--help' ||
      arg === '-h' ||
      (arg.startsWith('--') && nearest(name.slice(2), names) !== undefined)
    ) {
      options.push(arg);
    } else {
      words.push(arg);
      dashed.push(arg);
    }
  }
  return { args: [...options, ...(words.length === 0 ? [] : ['--', ...words])], dashed };
}
