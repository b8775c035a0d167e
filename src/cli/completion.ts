import type { Command, Option } from 'commander';

/** Shells that a script can be made for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** What a shell completes: commands, their options, choices of options, and files. @returns the script that tells it, to be read by the shell when it starts. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.filter((command) => command.name() !== 'help');
  return shell === 'fish' ? fish(commands) : bash(commands, shell);
}

/** zsh reads scripts of bash once it is told to. */
function bash(commands: readonly Command[], shell: 'bash' | 'zsh'): string {
  const names = commands.map((command) => command.name());
  const options = commands.map((command) => `    ${command.name()}) words="${flagsOf(command).join(' ')}" ;;`);
  const choices = commands.flatMap((command) =>
    command.options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map((option) => `    "${command.name()} ${option.long}") words="${option.argChoices!.join(' ')}" ;;`),
  );
  return [
    ...(shell === 'zsh' ? ['autoload -Uz bashcompinit && bashcompinit'] : []),
    '_sagitta() {',
    `  local current="$2" before="$3" command="\${COMP_WORDS[1]}" words=""`,
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${names.join(' ')}" -- "$current"))`,
    '    return',
    '  fi',
    '  case "$command $before" in',
    ...choices,
    '  esac',
    '  if [[ -z "$words" && "$current" == -* ]]; then',
    '    case "$command" in',
    ...options.map((line) => `  ${line}`),
    '    esac',
    '  fi',
    '  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi',
    '}',
    'complete -o filenames -F _sagitta sagitta',
    '',
  ].join('\n');
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c sagitta -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
    ...command.options.map((option) => fishOption(command.name(), option)),
  ]);
  return `${lines.join('\n')}\n`;
}

function fishOption(command: string, { long, short, description, argChoices, required, optional }: Option): string {
  const flags = [
    ...(long === undefined ? [] : [`-l ${long.replace(/^--/, '')}`]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(required || optional ? ['-r'] : []),
    ...(argChoices === undefined ? [] : [`-f -a ${quoted(argChoices.join(' '))}`]),
  ];
  return `complete -c sagitta -n '__fish_seen_subcommand_from ${command}' ${flags.join(' ')} -d ${quoted(description)}`;
}

function flagsOf(command: Command): string[] {
  return [...command.options.map(({ long, short }) => long ?? short!), '--help'];
}

/** In single quotes, as shells take text as it is. */
function quoted(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\s+/g, ' ')}'`;
}
