import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readBytes, readOne } from '../../../test/support/ingest.ts';

const PARAGRAPH =
  'Sagittal planes divide a body into its left and its right, and the arrow that gave them their name points forward. ';

describe('the HTML reader', () => {
  it('extracts text with headings, lists, tables, quotes and preformatted text as blocks', async () => {
    const document = await readOne(
      'page.html',
      `<!DOCTYPE html><html lang="en-GB"><head><title> The   page </title><meta name="description" content="About &amp; around">
       <meta name="author" content="A. Writer"><meta name="keywords" content="one, two"><link rel=canonical href="https://x.test/p"></head>
       <body><h1>Top <a class="headerlink" href="#top">¶</a></h1><p>First&nbsp;paragraph with <b>bold</b>&mdash;and <i>more</i>.<br>Next line.
       <ul><li>one<li>two <ol><li>inner</ol></ul>
       <table><caption>Sizes</caption><tr><th>Name</th><th>Size</th></tr><tr><td><p>a</p></td><td>1</td></tr><tr><td></td><td></td></tr></table>
       <blockquote><p>Said.</p></blockquote><pre><code>if (a &lt; b) {
    go();
}
</code></pre><dl><dt>term<dd>meaning</dl></body></html>`,
    );
    expect(document).toMatchObject({ id: 'page.html', title: 'The page', format: 'html', language: 'en' });
    expect(document.metadata).toEqual({
      description: 'About & around',
      author: 'A. Writer',
      keywords: ['one', 'two'],
      url: 'https://x.test/p',
    });
    const found = document.blocks.map(({ kind, level, start, end }) => [kind, level, document.text.slice(start, end)]);
    expect(found).toEqual([
      ['heading', 1, 'Top'],
      ['paragraph', undefined, 'First paragraph with bold—and more.\nNext line.'],
      ['list-item', undefined, '- one'],
      ['list-item', undefined, '- two'],
      ['list-item', undefined, '1. inner'],
      ['paragraph', undefined, 'Sizes'],
      ['table', undefined, 'Name | Size\na | 1'],
      ['quote', undefined, 'Said.'],
      ['code', undefined, 'if (a < b) {\n    go();\n}'],
      ['paragraph', undefined, 'term'],
      ['paragraph', undefined, 'meaning'],
    ]);
    expect(document.blocks[0]).toMatchObject({ name: 'Top' });
  });

  it('leaves out what readers do not see', async () => {
    const { text } = await readOne(
      'x.html',
      `<body><script>var no = "<p>script</p>";</script><style>no{}</style><noscript>no scripts run</noscript><svg><title>no</title><text aria-hidden="true">no</text></svg>
       <p hidden>no</p><p style="color:red; display: none">no</p><span aria-hidden="true">no</span><template><p>no</p></template>
       <!-- no --><datalist><option>no</datalist><button>no</button><iframe>no</iframe><p>yes <img alt="a picture"></p>`,
    );
    expect(text).toBe('yes a picture');
  });

  it('leaves out navigation, footers, cookie banners and columns of links, but not when there is nothing else', async () => {
    const page = await readOne(
      'x.html',
      `<body><header><nav><a>Home</a></nav>Site</header><div role="navigation"><a>menu</a></div>
       <div id="cookie-notice"><p>We use cookies to measure visits.</p><button>Accept</button></div>
       <main><aside>Note well.</aside><p>Content.</p><footer>Signed.</footer></main><aside><a>Other pages</a></aside>
       <aside>A word of warning.</aside><div class="site-footer">Made by us</div><footer>Imprint</footer></body>`,
    );
    expect(page.text).toBe('Site\n\nNote well.\n\nContent.\n\nSigned.\n\nA word of warning.');
    expect((await readOne('x.html', '<nav><a href=/>Home</a> <a href=/b>Contents</a></nav>')).text).toBe(
      'Home Contents',
    );
  });

  it('leaves out what leads from page to page, which may name the book', async () => {
    const links = (name: string): string =>
      `<ul class="${name}"><li><a href="a">Prev</a></li><li>The Complete Handbook of Seeds</li><li><a href="b">Next</a></li></ul>`;
    const table =
      '<div class="navheader"><table><tr><th colspan="3">Chapter 4. Sowing in the Open Field</th></tr><tr><td><a accesskey="p" href="a">Prev</a></td><th>Part II. The Year</th><td><a href="b">Next</a></td></tr></table></div>';
    for (const around of [links('docnav top'), links('pager'), table]) {
      const { text } = await readOne(
        'a.html',
        `<body>${around}<h1>Sowing</h1><p>Sow when the soil is warm.</p>${around}</body>`,
      );
      expect(text).toBe('Sowing\n\nSow when the soil is warm.');
    }
    const prose = `<div class="pager"><p>${'The pager of 1994 had a display of two lines and a clip. '.repeat(4)}<a href="x">More</a></p></div>`;
    expect((await readOne('a.html', `<body><h1>Devices</h1>${prose}</body>`)).text).toContain('had a display');
  });

  it('loses no prose to a name: a section about cookies, notes in a footer, a menu that is a list of definitions', async () => {
    const { text } = await readOne(
      'x.html',
      `<section id="cookie-consent"><h2>Consent</h2><p>Set it before the first request.</p></section>
       <div class="menu"><dl><dt>Open</dt><dd>Opens a file, or a folder.</dd></dl></div>
       <div class="header"><h1><a href="/">Title</a></h1></div>
       <footer><p>${PARAGRAPH.repeat(12)}</p></footer><div class="nav">Press Tab to move on.</div>`,
    );
    for (const words of ['first request', 'or a folder', 'Title', 'Sagittal', 'Press Tab'])
      expect(text).toContain(words);
  });

  it('keeps words whole across inline elements, with a body or without', async () => {
    const fragment = 'Please re<b>boot</b> the <a href="#">gate</a>way<wbr>s, then <i>sup</i>port.';
    for (const html of [fragment, `<p>${fragment}</p>`, `<!DOCTYPE html><title>T</title>${fragment}`]) {
      expect((await readOne('x.html', html)).text).toBe('Please reboot the gateways, then support.');
    }
    expect((await readOne('x.html', '<span>one</span> <em>two</em><br>three<div>four</div>five')).text).toBe(
      'one two\nthree\n\nfour\n\nfive',
    );
    expect((await readOne('x.html', '<b>Sun</b><span>day</span> was <code>cold</code>\n<br>and wet.')).text).toBe(
      'Sunday was cold\nand wet.',
    );
  });

  it('keeps raised and lowered marks apart from words, and in them where they are part of the word', async () => {
    const text = async (html: string) => (await readOne('x.html', `<p>${html}</p>`)).text;
    expect(await text('the ledger<sup>7</sup> of 10<sup>9</sup>cells<sup><a href="#4">[4]</a></sup>')).toBe(
      'the ledger^7 of 10^9 cells[4]',
    );
    expect(await text('H<sub>2</sub>SO<sub>4</sub>, V<sub>max</sub>, the 1<sup>st</sup> M<sup>me</sup>')).toBe(
      'H2SO4, V_max, the 1st Mme',
    );
    expect(await text('<sup>3</sup>A note, <math><mi>E</mi><mo>=</mo><mi>m</mi><mi>sin</mi></math>')).toBe(
      '3 A note, E = m sin',
    );
    expect(await text('<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>を読む。')).toBe(
      '漢字を読む。 (かん, じ)',
    );
  });

  it('leaves out menus and lists of links around a story', async () => {
    const links = Array.from({ length: 60 }, (_, i) => `<a href="/${i}">Link number ${i}</a>`).join(' ');
    const document = await readOne(
      'news.html',
      `<html><head><title>News</title></head><body><div class="menu sidebar">${links}</div><div class="article"><h2>Story</h2>
       ${`<p>${PARAGRAPH.repeat(3)}</p>`.repeat(6)}</div><div class="comments footer">${links}</div></body></html>`,
    );
    expect(document.text).toContain('Sagittal planes');
    expect(document.text).not.toContain('Link number');
    expect(document.blocks.filter(({ kind }) => kind === 'paragraph')).toHaveLength(6);
    const menu = `<div><ul>${Array.from({ length: 30 }, (_, i) => `<li><a href="/${i}">Link number ${i}</a>`).join('')}</ul></div>`;
    const { text } = await readOne('x.html', `${menu}<h1>Story</h1><p>${PARAGRAPH}</p>${menu}`);
    expect(text.match(/Link number 7/g)).toHaveLength(1);
  });

  it('keeps the whole of a reference page, whose tables are no article', async () => {
    const rows = Array.from({ length: 80 }, (_, i) => `<tr><td>--option-${i}</td><td>${PARAGRAPH}</td></tr>`).join('');
    const document = await readOne(
      'ref.html',
      `<body><h1>Options</h1><p>${PARAGRAPH.repeat(8)}</p><table>${rows}</table></body>`,
    );
    expect(document.text).toContain('--option-79');
    expect(document.title).toBe('Options');
  });

  it('falls back on the first heading and on the file name for a title', async () => {
    expect((await readOne('x.html', '<h2>Second</h2><p>p')).title).toBe('Second');
    expect((await readOne('some-page.html', '<p>p')).title).toBe('some-page');
    expect((await readOne('x.html', '<meta property="og:title" content="Open"></head><p>p')).title).toBe('x');
    expect((await readOne('x.html', '<head><meta property="og:title" content="Open"></head><p>p')).title).toBe('Open');
  });

  it('believes the declared character set where the bytes allow it', async () => {
    const page = (charset: string) =>
      `<html><head><meta charset="${charset}"></head><body><p>Žluťoučký kůň</p></body></html>`;
    const document = await readBytes('x.html', iconv.encode(page('windows-1250'), 'windows-1250'));
    expect(document).toMatchObject([{ text: 'Žluťoučký kůň', metadata: { encoding: 'windows-1250' } }]);
    expect((await readOne('x.html', page('windows-1250'))).text).toBe('Žluťoučký kůň');
  });

  it('decodes entities once, and reads unquoted and odd markup as browsers do', async () => {
    expect((await readOne('x.html', '<p>&amp;lt; &#65;&#x42; &eacute; &nosuch; &copy 1 < 2 & 3</p>')).text).toBe(
      '&lt; AB é &nosuch; © 1 < 2 & 3',
    );
    expect(
      (await readOne('x.html', '<P CLASS=a>One<P>Two</DIV></P><TABLE><TR><TD>a<TD>b<TR><TD>c</TABLE>tail')).text,
    ).toBe('One\n\nTwo\n\na | b\nc\n\ntail');
    expect((await readOne('x.html', '<p>a<br/>b</p><p>unfinished <b>text <a href="x')).text).toBe(
      'a\nb\n\nunfinished text',
    );
  });

  it.each([
    ['100,000 nested elements', `${'<div>'.repeat(100_000)}deep${'</div>'.repeat(100_000)}`],
    ['100,000 elements that never end', `${'<b><i><p>'.repeat(33_000)}deep`],
    ['100,000 end tags without a beginning', `${'<p>'.repeat(1000)}${'</section></div>'.repeat(50_000)}deep`],
    ['nested lists and tables', `${'<ul><li><table><tr><td>'.repeat(20_000)}deep`],
    ['a hundred thousand attributes', `<p ${'a=b '.repeat(100_000)}>deep</p>`],
    ['an unfinished comment', `<p>deep</p><!-- ${'-'.repeat(500_000)}`],
    ['a megabyte of angle brackets', `<p>deep</p>${'<'.repeat(1_000_000)}`],
    ['a megabyte of ampersands', `<p>deep</p>${'&'.repeat(1_000_000)}`],
    ['nested articles', `${`<article><p>${PARAGRAPH}</p>`.repeat(2000)}deep`],
  ])('reads %s in little time', async (_, html) => {
    const start = performance.now();
    const { text } = await readOne('x.html', html);
    expect(text).toContain('deep');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('yields disjoint ascending blocks that cover the text, for any mixture of tags', async () => {
    const tags =
      'p div ul ol li table tr td th h1 h3 pre blockquote br a b nav main article hr dl dt dd img section footer'.split(
        ' ',
      );
    const piece = fc.oneof(
      fc.constantFrom(...tags).map((tag) => `<${tag}>`),
      fc.constantFrom(...tags).map((tag) => `</${tag}>`),
      fc.constantFrom('text', ' ', 'two words', '\n', '&amp;', '<!-- c -->', '日本', ' | ', '#', '¶'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        for (const { text, blocks } of await readBytes('x.html', Buffer.from(pieces.join('')))) {
          let end = 0;
          for (const block of blocks) {
            expect(block.start).toBeGreaterThanOrEqual(end);
            expect(block.end).toBeGreaterThan(block.start);
            expect(text.slice(end, block.start).replace(/\s/g, '')).toBe('');
            end = block.end;
          }
          expect(end).toBe(text.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reads what forms, drawings and pages without scripts show, and not what nobody sees', async () => {
    const { text } = await readOne(
      'form.html',
      `<body><main><p>Report a leak.</p><textarea rows=3>Describe the valve</textarea>
       <select><optgroup label="Coast"><option>Harwich<option selected>Lowestoft</optgroup><option>Ely</option></select> is <output>open</output>.
       <noscript><p>The map shows five wells.</p></noscript><noscript>Please enable JavaScript.</noscript>
       <dialog>hidden question</dialog><dialog open>open question</dialog><template>no copy</template>
       <svg viewBox="0 0 9 9"><title>Icon</title><style>.a{fill:red}</style><path d="M0 0"/><text x=1>Boiler</text><text x=5>Pump<tspan>house</tspan></text><foreignObject><div>Sluice</div></foreignObject></svg>
       <svg aria-hidden="true"><text>decoration</text></svg><datalist><option>suggested</datalist></main></body>`,
    );
    const words = text.split(/[^A-Za-z]+/).filter(Boolean);
    expect(words.join(' ')).toBe(
      'Report a leak Describe the valve Coast Harwich Lowestoft Ely is open The map shows five wells open question Boiler Pumphouse Sluice',
    );
  });
});
