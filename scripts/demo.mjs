// npm run demo [-- FOLDER]: indexes documentation that is really there and asks it three questions.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? 'node_modules';
const collection = '.sagitta-demo';
const questions =
  process.argv.length > 3
    ? process.argv.slice(3)
    : [
        'how do I exclude files with a glob pattern?',
        'convert a Word document to HTML',
        'run the same test with many random inputs and shrink the counterexample',
      ];

const sagitta = (...args) => {
  console.log(
    `\n$ npx sagitta-search ${args.map((arg) => (/[\s?*]/.test(arg) ? JSON.stringify(arg) : arg)).join(' ')}`,
  );
  const { status } = spawnSync(process.execPath, [`${root}/dist/cli/main.js`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
};

rmSync(`${root}/${collection}`, { recursive: true, force: true });
sagitta('index', folder, '--include', '*.md', '--in', collection);
for (const question of questions) sagitta('search', question, '-k', '3', '--in', collection);
console.log(`\nAsk your own:    npx sagitta-search search "your question" --in ${collection}`);
console.log('Your own files:  npx sagitta-search index PATH ...  and then  npx sagitta-search search "your question"');
