// The house, top to bottom: a folder imports only itself and the folders above it (docs/architecture.md).
const layers = [
  'base',
  'charts',
  'kernels',
  'tensor',
  'text',
  'encode',
  'codec',
  'index',
  'threads',
  'store',
  'ingest',
  'search',
  'eval',
  'collection',
  'train',
  'api',
  'client',
  'langchain',
  'ai',
  'server',
  'cli',
];
const browser = ['base', 'charts', 'kernels', 'tensor', 'text', 'codec', 'index', 'threads', 'search', 'api', 'client'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...layers.slice(0, -1).map((layer, position) => ({
      name: `${layer}-imports-only-what-is-above`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: `^src/(${layers.slice(position + 1).join('|')})/` },
    })),
    {
      name: 'browser-folders-import-no-node',
      comment:
        'base, charts, kernels, tensor, text, codec, index, threads, search, api and client also run in browsers',
      severity: 'error',
      from: { path: `^src/(${browser.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'papers-compose-the-library',
      comment: 'papers/ uses everything but the command line, and only the command line uses papers/',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^papers/' },
    },
    { name: 'papers-know-no-command-line', severity: 'error', from: { path: '^papers/' }, to: { path: '^src/cli/' } },
    {
      name: 'tests-stay-out-of-the-product',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
