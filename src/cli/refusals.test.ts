import { mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { InvalidArgumentError, NotFoundError, StorageError } from '../base/errors.ts';
import { inWords } from './refusals.ts';

const refusal = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return inWords(error);
  }
};

describe('refusals of the operating system', () => {
  it('say which path is meant, and what to name in its place', async () => {
    using folder = testFolder({ 'a.txt': 'x' });
    const onto = (path: string) => refusal(() => writeFileSync(folder.at(path), 'y'));
    expect(onto('')).toEqual(expect.any(InvalidArgumentError));
    expect((onto('') as Error).message).toBe(`${folder.path} is a folder, and a file is needed. Name a file.`);
    expect(onto('a.txt/b')).toEqual(expect.any(InvalidArgumentError));
    expect(refusal(() => mkdirSync(folder.at('a.txt')))).toEqual(expect.any(InvalidArgumentError));
    expect(onto('none/b')).toEqual(expect.any(NotFoundError));
    const promised = await writeFile(folder.at(''), 'y').catch(inWords);
    expect(promised).toEqual(expect.any(InvalidArgumentError));
  });

  it('of a disk are refusals of a disk, and other errors stay as they are', () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path: '/dev/full' });
    expect(inWords(full)).toEqual(expect.any(StorageError));
    expect((inWords(full) as Error).message).toMatch(/Cannot write \/dev\/full. The disk is full/);
    const taken = Object.assign(new Error('listen EACCES'), { code: 'EACCES', syscall: 'listen' });
    const program = Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT', syscall: 'spawn xyz', path: 'xyz' });
    for (const other of [new TypeError('no system error'), taken, program]) expect(inWords(other)).toBe(other);
  });
});
