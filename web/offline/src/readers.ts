import type { Reader } from '../../../src/ingest/reader.ts';
import { loadMarkdown } from '../../../src/text/index.ts';

/** Readers by the endings of names; each is fetched when the first file of its kind comes. */
const READERS: readonly (readonly [endings: string, load: () => Promise<Reader>])[] = [
  [
    'md markdown mdx',
    async () => {
      await loadMarkdown();
      return (await import('../../../src/ingest/readers/markdown.ts')).markdownReader;
    },
  ],
  ['html htm xhtml', async () => (await import('../../../src/ingest/readers/html.ts')).htmlReader],
  ['pdf', async () => (await import('../../../src/ingest/readers/pdf.ts')).pdfReader],
  ['docx', async () => (await import('../../../src/ingest/readers/docx.ts')).docxReader],
  ['pptx', async () => (await import('../../../src/ingest/readers/pptx.ts')).pptxReader],
  ['xlsx', async () => (await import('../../../src/ingest/readers/xlsx.ts')).xlsxReader],
  ['odt odp ods', async () => (await import('../../../src/ingest/readers/odf.ts')).odfReader],
  ['epub', async () => (await import('../../../src/ingest/readers/epub.ts')).epubReader],
  ['rtf', async () => (await import('../../../src/ingest/readers/rtf.ts')).rtfReader],
  ['json', async () => (await import('../../../src/ingest/readers/json.ts')).jsonReader],
  [
    'ipynb',
    async () => {
      await loadMarkdown();
      return (await import('../../../src/ingest/readers/notebook.ts')).notebookReader;
    },
  ],
  ['srt vtt', async () => (await import('../../../src/ingest/readers/subtitles.ts')).subtitlesReader],
  ['tex', async () => (await import('../../../src/ingest/readers/latex.ts')).latexReader],
];

/** Endings of names whose files no page reads: pictures, sounds, films, archives, programs. */
const NEVER =
  /^(png|jpe?g|gif|webp|avif|bmp|tiff?|ico|heic|mp[34]|m4a|wav|ogg|flac|mov|avi|mkv|webm|zip|gz|tgz|7z|rar|xz|bz2|exe|dll|so|bin|wasm|woff2?|ttf|otf|doc|xls|ppt|eml|mbox)$/;

/** The reader of files with this ending; text is read as text. @returns undefined where a page has none. */
export async function readerOf(ending: string): Promise<Reader | undefined> {
  const found = READERS.find(([endings]) => endings.split(' ').includes(ending));
  if (found !== undefined) return found[1]();
  return NEVER.test(ending) ? undefined : (await import('../../../src/ingest/readers/text.ts')).textReader;
}
