import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesContract } from '../../../test/support/files-contract.ts';
import { nodeFiles } from './node-files.ts';

filesContract('files of this machine', async (contents) => {
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-'));
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, name), bytes);
  return { files: nodeFiles, folder, end: async () => rmSync(folder, { recursive: true }) };
});
