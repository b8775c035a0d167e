import { afterEach, describe, expect, it, vi } from 'vitest';
import { RemoteError } from '../../base/errors.ts';
import { RemoteRanges } from './remote-ranges.ts';

const PART = { 'content-range': 'bytes 0-9/10', etag: '"1"' };

/** A server whose manifest is there, and that answers so for everything else. */
async function connected(answer: () => Response): Promise<RemoteRanges> {
  vi.stubGlobal('fetch', async (url: string) => (url.endsWith('manifest.json') ? new Response('{}') : answer()));
  return RemoteRanges.connect('http://a.example/notes/');
}
const file = { url: 'http://a.example/notes/segments/1', version: '"1"  10' };

afterEach(() => vi.unstubAllGlobals());

describe('what is fetched without blocking', () => {
  it('is the stretch that was asked for, and counts', async () => {
    const ranges = await connected(() => new Response(new Uint8Array(10).fill(7), { status: 206, headers: PART }));
    expect(await ranges.fetch(file, 0, 10)).toEqual(new Uint8Array(10).fill(7));
    expect(ranges.traffic).toEqual({ requests: 2, bytes: 12 });
  });

  it('says that the server is out of reach where the body breaks off after its head', async () => {
    const broken = () => new ReadableStream({ pull: (controller) => controller.error(new TypeError('reset')) });
    const ranges = await connected(() => new Response(broken(), { status: 206, headers: PART }));
    const failing = ranges.fetch(file, 0, 10);
    await expect(failing).rejects.toThrow(RemoteError);
    await expect(failing).rejects.toThrow(/could not be fetched.*Check the address and the connection/);
  });

  it.each([
    [503, {}, /answered 503/],
    [200, {}, /sends all of/],
    [416, {}, /is not what it was/],
    [206, {}, /does not let this page see/],
    [206, { ...PART, etag: '"2"' }, /is not what it was/],
  ])('refuses %i with %j', async (status, headers, says) => {
    const ranges = await connected(() => new Response(new Uint8Array(10), { status, headers }));
    await expect(ranges.fetch(file, 0, 10)).rejects.toThrow(says);
  });
});
