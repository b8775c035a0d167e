import { markdownBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import type { Reader } from '../reader.ts';

/** What is said of front matter that is almost right. */
export const REPAIRED = 'Its front matter is not sound and was read line by line.';

/** Markdown, CommonMark with GitHub's extensions. Front matter becomes metadata; offsets are into the file's text. */
export const markdownReader: Reader = {
  format: 'markdown',
  extensions: ['md', 'markdown', 'mdown', 'mkd', 'mkdn', 'mdx', 'qmd', 'rmd'],
  async *read(file, context) {
    const decoded = await context.text();
    const { title, frontMatter = {}, repaired, blocks } = markdownBlocks(decoded.text);
    const { title: declaredTitle, language, lang, ...fields } = frontMatter;
    if (repaired) yield { path: file.path, note: REPAIRED };
    yield makeDocument(file, {
      format: 'markdown',
      text: decoded.text,
      blocks,
      title: declaredTitle ?? title,
      language: language ?? lang,
      fields,
      encoding: describeEncoding(decoded),
    });
  },
};
