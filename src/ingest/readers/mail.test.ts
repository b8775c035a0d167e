import { describe, expect, it } from 'vitest';
import { makePdf } from '../../../test/support/files.ts';
import { readBytes, readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';

const base64 = (content: string | Uint8Array) => Buffer.from(content as string).toString('base64');
const part = (type: string, content: string, more = '') => `--b\r\nContent-Type: ${type}\r\n${more}\r\n${content}\r\n`;
const letter = (...parts: string[]) =>
  [
    'From: =?utf-8?q?Zo=C3=AB_Keeper?= <zoe@weir.test>',
    'To: Clerk <clerk@weir.test>, other@weir.test',
    'Subject: =?utf-8?b?R3LDvMOfZSB2b20gV2Vocg==?=',
    'Date: Sun, 05 May 2024 10:00:00 +0200',
    'Message-ID: <m1@weir.test>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    ...parts,
    '--b--',
    '',
  ].join('\r\n');

describe('the mail reader', () => {
  it('reads a thousand parts, a hundred thousand headers and one of megabytes, every word of them', async () => {
    const parts = Array.from({ length: 1_000 }, (_, i) => part('text/plain', `Part ${i} of heron${i}.`));
    const { documents } = await readContent('parts.eml', letter(...parts));
    const text = documents.map((document) => document.text).join('\n');
    for (const i of [0, 1, 500, 999]) expect(text).toContain(`heron${i}.`);

    const headers = Array.from({ length: 100_000 }, (_, i) => `X-Trace-${i}: hop ${i}`).join('\r\n');
    const { documents: traced, failures } = await readContent(
      'trace.eml',
      `${headers}\r\n${letter(part('text/plain', 'The bittern.'))}`,
    );
    expect(traced.length + failures.length).toBeGreaterThan(0);
    if (failures.length === 0) expect(traced.map((document) => document.text).join('\n')).toContain('The bittern.');
    else expect(failures[0]!.reason).toMatch(/\S/);

    const long = `${'plain words of a long letter\r\n'.repeat(100_000)}The last crane.`;
    const { documents: letters } = await readContent('long.eml', letter(part('text/plain', long)));
    expect(letters.map((document) => document.text).join('\n')).toContain('The last crane.');
  });

  it('decodes headers and text, and reads attachments as documents', async () => {
    const { documents, notes } = await readContent(
      'letter.eml',
      letter(
        part('text/plain; charset=iso-8859-1', 'Der Pegel f=E4llt.', 'Content-Transfer-Encoding: quoted-printable\r\n'),
        part(
          'application/pdf; name="level.pdf"',
          base64(makePdf([['Gauge words']])),
          'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="level.pdf"\r\n',
        ),
        part(
          'text/csv',
          base64('id,text\n7,row words\n'),
          'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="rows.csv"\r\n',
        ),
        part(
          'image/png',
          base64(Buffer.from('89504e470d0a1a0a00', 'hex')),
          'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="map.png"\r\n',
        ),
      ),
    );
    expect(documents.map(({ id, text }) => [id, text])).toEqual([
      [
        'letter.eml',
        'From: Zoë Keeper <zoe@weir.test>\nTo: Clerk <clerk@weir.test>, other@weir.test\n\nDer Pegel fällt.',
      ],
      ['letter.eml#level.pdf', 'Gauge words'],
      ['letter.eml#rows.csv#7', 'row words'],
    ]);
    expect(documents[0]).toMatchObject({
      title: 'Grüße vom Wehr',
      format: 'mail',
      metadata: { date: '2024-05-05T08:00:00Z', from: 'Zoë Keeper <zoe@weir.test>' },
    });
    expect(documents[1]).toMatchObject({ path: 'letter.eml', format: 'pdf', metadata: { attachment: 'level.pdf' } });
    expect(notes).toEqual([{ path: 'letter.eml', note: 'Attachments were not read: map.png.' }]);
  });

  it('reads the HTML where the plain text says nothing', async () => {
    const html = `<p>The gate <b>op</b>ens at noon, and closes again in the evening.</p>`;
    const document = await readOne('x.eml', letter(part('text/plain', 'See HTML.'), part('text/html', html)));
    expect(document.text).toContain('The gate opens at noon');
  });

  it('reads a message of a thousand parts, and messages within messages, in bounded time', async () => {
    const start = performance.now();
    const many = letter(
      ...Array.from({ length: 1000 }, (_, i) =>
        part('text/plain', `words ${i}`, `Content-Disposition: attachment; filename="${i}.txt"\r\n`),
      ),
    );
    const { documents, notes } = await readContent('x.eml', many);
    expect(documents.length).toBe(101);
    expect(notes[0]!.note).toMatch(/and 895 more/);
    let nested = letter(part('text/plain', 'innermost'));
    for (let i = 0; i < 12; i++) {
      nested = letter(
        part('message/rfc822', nested, 'Content-Disposition: attachment; filename="inner.eml"\r\n').replaceAll(
          '--b\r\n',
          `--b\r\n`,
        ),
      );
    }
    expect((await readContent('x.eml', nested)).failures).toEqual([]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('makes a document of each message of a mailbox', async () => {
    const message = (number: number, body: string) =>
      `From zoe@weir.test Sun May  5 10:0${number}:00 2024\nFrom: zoe@weir.test\nSubject: Note ${number}\nMessage-ID: <n${number}@weir.test>\n\n${body}\n\n`;
    const box = message(1, 'First.\n>From the start') + message(2, 'Second.\nFrom here on') + message(1, 'Copy.');
    expect((await readBytes('all.mbox', box)).map(({ id, title, text }) => [id, title, text.split('\n\n')[1]])).toEqual(
      [
        ['all.mbox#n1@weir.test', 'Note 1', 'First.\nFrom the start'],
        ['all.mbox#n2@weir.test', 'Note 2', 'Second.\nFrom here on'],
        ['all.mbox#n1@weir.test#3', 'Note 1', 'Copy.'],
      ],
    );
    expect(await readBytes('Inbox', box)).toHaveLength(3);
    const { documents, failures } = await readContent('all.mbox', message(1, 'x'.repeat(60_000)) + message(2, 'ok'), {
      maxBytes: 20_000,
    });
    expect(documents.map(({ title }) => title)).toEqual(['Note 2']);
    expect(failures).toMatchObject([{ where: 'message 1' }]);
  });
});

describe('the notebook reader', () => {
  it('reads cells and what they printed, and notes the images', async () => {
    const notebook = {
      metadata: { kernelspec: { language: 'python' } },
      cells: [
        { cell_type: 'markdown', source: ['# Gauges\n', '\n', 'Some *words*.'] },
        {
          cell_type: 'code',
          source: 'print(level)',
          outputs: [
            { output_type: 'stream', text: ['level 3\n'] },
            { output_type: 'display_data', data: { 'image/png': 'A'.repeat(5000), 'text/plain': '<Figure size 1x1>' } },
            { output_type: 'error', ename: 'GateError', evalue: '\u001b[31mshut\u001b[0m', traceback: ['long'] },
          ],
        },
      ],
    };
    const { documents, notes } = await readContent('x.ipynb', JSON.stringify(notebook));
    expect(documents).toMatchObject([
      { title: 'Gauges', format: 'notebook', metadata: { kernel: 'python', cells: 2 } },
    ]);
    const { text, blocks } = documents[0]!;
    expect(blocks.map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual([
      ['heading', '# Gauges'],
      ['paragraph', 'Some *words*.'],
      ['code', 'print(level)'],
      ['quote', 'level 3'],
      ['quote', 'GateError: shut'],
    ]);
    expect(notes).toEqual([{ path: 'x.ipynb', note: 'An image among its outputs was not read.' }]);
    expect(await reasonFor('x.ipynb', '{"a":1}')).toMatch(/no notebook/);
  });

  it('reads a large one without its pictures, and refuses one beyond the limit with a reason', async () => {
    const picture = { output_type: 'display_data', data: { 'image/png': 'iVBORw0KGgo'.repeat(90_000) } };
    const cell = { cell_type: 'code', source: ['plot()'], outputs: [picture] };
    const last = { cell_type: 'markdown', source: ['The last curlew.'] };
    const large = JSON.stringify({ nbformat: 4, metadata: {}, cells: [...new Array<object>(12).fill(cell), last] });
    const { documents } = await readContent('large.ipynb', large);
    expect(documents[0]!.text).toContain('The last curlew.');
    expect(documents[0]!.text.length).toBeLessThan(10_000);
    expect(await reasonFor('large.ipynb', large, { maxBytes: 8 * 2 ** 20 })).toMatch(/large|limit|MB|MiB/i);
  });
});

describe('the Rich Text reader', () => {
  it('reads characters of all kinds, paragraphs, headings, tables, notes, and nothing hidden', async () => {
    const document = await readOne(
      'x.rtf',
      String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}}{\info{\title The Weir}{\author A. Keeper}{\creatim\yr2024}}{\header\pard Running head\par}` +
        String.raw`\pard\outlinelevel0 Weirs\par\pard Caf\'e9 \u8211? \u-10179?\u-8704? gate{\super 7}{\v secret} \{x\}{\*\unknown no}{\footnote\pard a low dam}.\line next\par` +
        String.raw`{\field{\*\fldinst HYPERLINK "x"}{\fldrslt a link}}{\pict\bin4 }}}}}\par` +
        String.raw`\pard\intbl a\cell b\cell\row\pard last\par}`,
    );
    expect(document).toMatchObject({ title: 'The Weir', format: 'rtf', metadata: { author: 'A. Keeper' } });
    expect(document.blocks.map(({ kind, start, end }) => [kind, document.text.slice(start, end)])).toEqual([
      ['heading', 'Weirs'],
      ['paragraph', 'Café – 😀 gate^7 {x} (a low dam).\nnext'],
      ['paragraph', 'a link'],
      ['table', 'a | b'],
      ['paragraph', 'last'],
      ['paragraph', 'Running head'],
    ]);
    // Cells of a row that never ends: cut off there, or as programs write it.
    for (const source of [
      String.raw`{\rtf1 Before\par\trowd\intbl left\cell right\cell`,
      String.raw`{\rtf1 Before\par\trowd left\cell right\cell\pard After\par}`,
    ]) {
      const { documents } = await readContent('x.rtf', source);
      expect(documents[0]!.text).toMatch(/^Before\n+.*left.*right/s);
    }
    expect(await reasonFor('x.rtf', 'plain')).toMatch(/no Rich Text/);
  });

  it('reads hostile nesting in little time', async () => {
    const start = performance.now();
    await readContent('x.rtf', `{\\rtf1 deep${'{\\b x'.repeat(100_000)}`);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
