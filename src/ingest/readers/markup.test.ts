import { describe, expect, it } from 'vitest';
import { readOne } from '../../../test/support/ingest.ts';

const blocksOf = async (name: string, content: string) => {
  const document = await readOne(name, content);
  const { text, blocks, title, metadata, format } = document;
  return {
    title,
    metadata,
    format,
    blocks: blocks.map(({ kind, start, end, name: heading, level }) => [
      kind + (level ?? ''),
      heading ?? text.slice(start, end),
    ]),
  };
};

describe('readers of light markup', () => {
  it('reads reStructuredText', async () => {
    const text =
      '=======\nThe Weir\n=======\n\n:Author: A. Keeper\n\nGates\n-----\n\nSome words\nof text.\n\n- one\n- two\n\n.. code-block:: sh\n\n   weir open\n\n.. a comment\n\n.. note:: Mind the gap.\n\nLocks\n-----\n';
    expect(await blocksOf('x.rst', text)).toEqual({
      title: 'The Weir',
      metadata: { author: 'A. Keeper' },
      format: 'rst',
      blocks: [
        ['heading1', 'The Weir'],
        ['paragraph', ':Author: A. Keeper'],
        ['heading2', 'Gates'],
        ['paragraph', 'Some words\nof text.'],
        ['list-item', '- one'],
        ['list-item', '- two'],
        ['code', '.. code-block:: sh\n\n   weir open'],
        ['paragraph', '.. note:: Mind the gap.'],
        ['heading2', 'Locks'],
      ],
    });
  });

  it('reads AsciiDoc', async () => {
    const text =
      '= The Weir\nA. Keeper\n:lang: de\n:description: Of gates\n\n== Gates\n\n// comment\nWords.\n\n[source,sh]\n----\nweir open\n\nweir shut\n----\n\n* one\n* two\n\n////\nhidden\n////\nLast.\n';
    expect(await blocksOf('x.adoc', text)).toEqual({
      title: 'The Weir',
      metadata: { description: 'Of gates' },
      format: 'asciidoc',
      blocks: [
        ['heading1', 'The Weir'],
        ['paragraph', 'A. Keeper'],
        ['heading2', 'Gates'],
        ['paragraph', 'Words.'],
        ['code', '----\nweir open\n\nweir shut\n----'],
        ['list-item', '* one'],
        ['list-item', '* two'],
        ['paragraph', 'Last.'],
      ],
    });
  });

  it('reads Org', async () => {
    const text =
      '#+TITLE: The Weir\n\n* TODO [#A] Open the gates :work:\n:PROPERTIES:\n:ID: 7\n:END:\nWords.\n\n#+BEGIN_SRC sh\n* no heading\n#+END_SRC\n| a | b |\n| 1 | 2 |\nAfter.\n** Locks\n';
    expect(await blocksOf('x.org', text)).toMatchObject({
      title: 'The Weir',
      blocks: [
        ['heading1', 'Open the gates'],
        ['paragraph', 'Words.'],
        ['code', '#+BEGIN_SRC sh\n* no heading\n#+END_SRC'],
        ['table', expect.stringContaining('| 1 | 2 |')],
        ['paragraph', 'After.'],
        ['heading2', 'Locks'],
      ],
    });
  });

  it('reads DocBook, and other XML as text', async () => {
    const book =
      '<?xml version="1.0"?><article xmlns="http://docbook.org/ns/docbook"><title>The Weir</title><section><title>Gates</title><para>A <emphasis>low</emphasis> dam<superscript>3</superscript>.</para><itemizedlist><listitem><para>one</para></listitem></itemizedlist><programlisting>weir\n  open</programlisting><informaltable><tgroup><tbody><row><entry>a</entry><entry>b</entry></row></tbody></tgroup></informaltable></section></article>';
    expect(await blocksOf('x.xml', book)).toMatchObject({
      title: 'The Weir',
      format: 'docbook',
      blocks: [
        ['heading1', 'The Weir'],
        ['heading2', 'Gates'],
        ['paragraph', 'A low dam^3.'],
        ['list-item', '- one'],
        ['code', 'weir\n  open'],
        ['table', 'a | b'],
      ],
    });
    expect(await readOne('pom.xml', '<project><name>weir</name></project>')).toMatchObject({ format: 'xml' });
  });

  it('reads subtitles with their times, rolling lines once', async () => {
    const srt =
      '1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>Open</i> the gate.\r\n\r\n2\r\n00:00:03,500 --> 00:00:05,000\r\nOpen the gate.\r\nSlowly.\r\n\r\n3\r\n01:02:03,000 --> 01:02:04,000\r\nShut it.\r\n';
    expect((await readOne('x.srt', srt)).text).toBe('[00:00:01] Open the gate. Slowly.\n\n[01:02:03] Shut it.');
    const vtt = 'WEBVTT\n\nNOTE no\n\n00:05.000 --> 00:07.000 align:start\n<v Zoë>Tea &amp; cake?\n';
    expect((await readOne('x.vtt', vtt)).text).toBe('[00:00:05] Zoë: Tea & cake?');
  });
});
