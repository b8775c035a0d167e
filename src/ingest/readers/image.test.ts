import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readContent, readOne } from '../../../test/support/ingest.ts';
import { openRecognizer, recognizedLanguages } from '../ocr.ts';
import { encodePng } from '../png.ts';

const white = encodePng({ width: 120, height: 110, channels: 1, data: new Uint8Array(120 * 110).fill(255) });

describe('pictures', () => {
  it.each(['a.png', 'b.JPG', 'c.heic', 'd.webp', 'e.tiff'])(
    'are skipped as pictures where there is no text: %s',
    async (name) => {
      expect((await readContent(name, Buffer.from(white))).skipped).toEqual(['image']);
    },
  );

  it('that are empty files are skipped as those', async () => {
    expect((await readContent('a.png', Buffer.alloc(0))).skipped).toEqual(['empty']);
  });

  it('have no recogniser where none is installed', async () => {
    const languages = await recognizedLanguages();
    const recognizer = await openRecognizer();
    expect(recognizer?.languages ?? []).toEqual([...languages.keys()]);
    await recognizer?.close();
  });
});

describe('SVG', () => {
  it('is its title, description and texts', async () => {
    const svg =
      '<svg xmlns="x"><title>Flow of <!-- c -->water</title><desc>Three gates</desc><g><text x="1"><tspan>North</tspan><tspan>gate</tspan></text></g>' +
      '<path d="M0 0L1 1"/><style>.a{}</style><text>25 &lt; 30</text><foreignObject><div><p>Pump</p><p>house</p></div></foreignObject></svg>';
    expect(await readOne('flow.svg', svg)).toMatchObject({
      format: 'svg',
      title: 'Flow of water',
      text: 'Flow of water\n\nThree gates\n\nNorth gate\n\n25 < 30\n\nPump house',
    });
  });

  it('without text is a picture', async () => {
    expect((await readContent('a.svg', '<svg><path d="M0 0"/></svg>')).skipped).toEqual(['image']);
  });
});

describe('encodePng', () => {
  it('frames rows of pixels', () => {
    const png = Buffer.from(
      encodePng({ width: 2, height: 2, channels: 3, data: Uint8Array.from({ length: 12 }, (_, i) => i) }),
    );
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([2, 2, 8, 2]);
    const from = png.indexOf('IDAT') + 4;
    const rows = inflateSync(png.subarray(from, from + png.readUInt32BE(from - 8)));
    expect([...rows]).toEqual([0, 0, 1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10, 11]);
  });
});
