import { expect, it } from 'vitest';
import { InvalidArgumentError } from '../../base/errors.ts';
import { parsePostgresAddress } from './address.ts';

it('an address that says something twice is refused, without its password', () => {
  const address = 'postgres://me:secret@localhost/db?collection=a&sslmode=require&collection=b';
  expect(() => parsePostgresAddress(address)).toThrow(InvalidArgumentError);
  expect(() => parsePostgresAddress(address)).toThrow(
    'The address of the database says collection twice: "a" and "b". Keep one of them.',
  );
  expect(parsePostgresAddress('postgres://localhost/db?collection=a').collection).toBe('a');
});
