import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completionScript } from './completion.ts';
import { openProgram } from './program.ts';

describe('completion', () => {
  const script = completionScript(openProgram([]), 'bash');

  /** What bash offers for the last of these words. */
  function offered(...words: string[]): string[] {
    const line = words.map((word) => `'${word}'`).join(' ');
    const asked = `${script}\nCOMP_WORDS=(sagitta ${line}); COMP_CWORD=${words.length}; _sagitta sagitta "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', asked], { encoding: 'utf8' }).split('\n').filter(Boolean);
  }

  it.runIf(spawnSync('bash', ['--version']).status === 0)('offers commands, options, choices and files', () => {
    expect(offered('se')).toEqual(['search', 'serve']);
    expect(offered('search', '--fa')).toEqual(['--facets']);
    expect(offered('search', 'words', '--format', '')).toEqual(['text', 'jsonl', 'csv', 'md']);
    expect(offered('tune', '--what', 'f')).toEqual(['feedback']);
    expect(offered('index', 'package.j')).toEqual(['package.json']);
    expect(offered('verify', '--')).toContain('--help');
  });

  it('is for zsh what it is for bash, and for fish says what each is for', () => {
    expect(completionScript(openProgram([]), 'zsh')).toBe(`autoload -Uz bashcompinit && bashcompinit\n${script}`);
    const fish = completionScript(openProgram([]), 'fish');
    expect(fish).toMatch(/^complete -c sagitta -n __fish_use_subcommand -f -a search -d 'ask, and get/m);
    expect(fish).toMatch(/-n '__fish_seen_subcommand_from search' -l format -r -f -a 'text jsonl csv md' -d/);
    // Whatever texts hold, quotes stay within their words.
    for (const line of fish.trim().split('\n')) expect(line.replace(/\\[\\']/g, '').match(/'/g)!.length % 2).toBe(0);
  });
});
