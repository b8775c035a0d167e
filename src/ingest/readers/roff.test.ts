import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readContent, readOne } from '../../../test/support/ingest.ts';

const page = String.raw`.\" A comment
.de Sp
.sp no
..
.ds C+ C\v'-.1v'++
.TH WEIR 8 "2024-05-05" "gates 1.0"
.SH NAME
weir \- opens a gate\(em slowly
.SH "SEE \(lqALSO\(rq"
.B weir
[\fB\-q\fR | \fB\-\-quiet\fR]
.IR file \|.\|.\|.
.if n (on terminals)
.if t no
.PP
Uses \*(C+ and caf\['e].
.TP
.BR \-q ", " \-\-quiet
Says nothing.
.IP \(bu 2
A point.
.IP "two words" 4
Another.
.nf
first  line
  second line
.fi
.TS
tab(:);
l l.
Gate:Width
T{
North
gate
T}:3
.TE
`;

describe('the manual page reader', () => {
  it('reads man(7): sections, terms with their text, fonts, characters, conditions, tables', async () => {
    const document = await readOne('weir.8.gz', gzipSync(page));
    expect(document).toMatchObject({ title: 'WEIR(8)', format: 'man', metadata: { section: '8' } });
    expect(document.blocks.map(({ kind, start, end }) => [kind, document.text.slice(start, end)])).toEqual([
      ['heading', 'NAME'],
      ['paragraph', 'weir - opens a gate— slowly'],
      ['heading', 'SEE “ALSO”'],
      ['paragraph', 'weir [-q | --quiet] file... (on terminals)'],
      ['paragraph', 'Uses C++ and café.'],
      ['paragraph', '-q, --quiet\nSays nothing.'],
      ['paragraph', 'A point.'],
      ['paragraph', 'two words\nAnother.'],
      ['code', 'first  line\n  second line'],
      ['table', 'Gate | Width\nNorth gate | 3'],
    ]);
  });

  it('reads mdoc(7): flags, arguments, references, enclosures', async () => {
    const { text, title } = await readOne(
      'weir.1',
      '.Dd May 5, 2024\n.Dt WEIR 1\n.Os\n.Sh NAME\n.Nm weir\n.Nd opens gates\n.Sh SYNOPSIS\n.Nm\n.Op Fl qv\n.Op Fl o Ar file\n' +
        '.Sh DESCRIPTION\nThe\n.Nm\nutility.\n.Bl -tag\n.It Fl o Ar file\nWrites to\n.Ar file .\n.El\nSee\n.Xr lock 8 ,\n.Dq a quote .\n.Bd -literal\nweir -q\n.Ed\n',
    );
    expect(title).toBe('weir(1)');
    expect(text).toBe(
      'NAME\n\nweir — opens gates\n\nSYNOPSIS\n\nweir [-qv] [-o file]\n\nDESCRIPTION\n\nThe weir utility.\n\n-o file\nWrites to file. See lock(8), “a quote”.\n\nweir -q',
    );
  });

  it('reads text and data that only have such a name as what they are', async () => {
    expect(await readOne('system.log.1', 'May 5 gate opened')).toMatchObject({
      format: 'text',
      text: 'May 5 gate opened',
    });
    expect((await readContent('lib.so.6', Buffer.alloc(200))).skipped).toEqual(['binary']);
    const start = performance.now();
    await readContent(
      'x.1',
      `.TH x 1\n${'.Op '.repeat(200_000)}\n${'\\*('.repeat(100_000)}\n.if n .if n ${'.if n '.repeat(50_000)}x\n`,
    );
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
