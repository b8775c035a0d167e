import { UnreadableDocumentError } from '../base/errors.ts';
import type { SourceFile } from './types.ts';

/** What a file is by its first bytes, whatever its name says. */
interface ContentKind {
  /** With its article: `a PDF`. */
  readonly what: string;
  readonly begins: (head: Buffer, text: string) => boolean;
  /** Formats of readers that read it. */
  readonly readBy: readonly string[];
  /** Further ones whose files may well begin so. */
  readonly mayBe: readonly string[];
  readonly remedy: string;
}

/** Formats whose files may be any text; what is not text among them is skipped as binary. */
const TEXTS = ['text', 'markdown', 'code', 'html', 'docbook', 'roff', 'markup', 'latex'];
const PACKAGES = ['docx', 'epub', 'xlsx', 'pptx', 'odf'];
const NOTHING_READS = 'Fetch the right file, convert it to a format that is read, or exclude it.';
const rename = (extension: string): string => `Rename it to end in .${extension}.`;
const bytes =
  (...signature: number[]) =>
  (head: Buffer): boolean =>
    head.subarray(0, signature.length).equals(Buffer.from(signature));
const letters =
  (signature: string) =>
  (_: Buffer, text: string): boolean =>
    text.startsWith(signature);

const picture = (what: string, begins: ContentKind['begins']): ContentKind => ({
  what,
  begins,
  readBy: ['image'],
  mayBe: TEXTS,
  remedy: NOTHING_READS,
});
const other = (what: string, begins: ContentKind['begins']): ContentKind => ({ ...picture(what, begins), readBy: [] });

const KINDS: readonly ContentKind[] = [
  {
    what: 'a pointer of Git LFS, and not the file itself',
    begins: letters('version https://git-lfs.github.com/spec/'),
    readBy: [],
    mayBe: [],
    remedy: 'Fetch the file with `git lfs pull`.',
  },
  {
    what: 'a PDF',
    begins: (_, text) => /^%PDF-\d/.test(text),
    readBy: ['pdf'],
    mayBe: [],
    remedy: rename('pdf'),
  },
  { what: 'Rich Text', begins: letters('{\\rtf'), readBy: ['rtf'], mayBe: [], remedy: rename('rtf') },
  {
    what: 'an EPUB',
    begins: (_, text) => text.startsWith('PK\x03\x04') && text.includes('mimetypeapplication/epub+zip'),
    readBy: PACKAGES,
    mayBe: [],
    remedy: rename('epub'),
  },
  {
    what: 'an OpenDocument file',
    begins: (_, text) => text.startsWith('PK\x03\x04') && text.includes('mimetypeapplication/vnd.oasis'),
    readBy: PACKAGES,
    mayBe: [],
    remedy: 'Rename it to end in .odt, .ods or .odp.',
  },
  {
    what: 'an Office document',
    begins: (_, text) => text.startsWith('PK\x03\x04') && text.includes('[Content_Types].xml'),
    readBy: PACKAGES,
    mayBe: [],
    remedy: 'Rename it to end in .docx, .xlsx or .pptx.',
  },
  {
    what: 'a ZIP archive',
    begins: (_, text) => text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06'),
    readBy: PACKAGES,
    mayBe: TEXTS,
    remedy: 'Unpack it, and index what is inside.',
  },
  {
    what: 'a file of an older Office format, or one with a password',
    begins: bytes(0xd0, 0xcf, 0x11, 0xe0),
    readBy: PACKAGES,
    mayBe: TEXTS,
    remedy: 'Save it in the current format without a password.',
  },
  {
    what: 'an HTML page',
    begins: (_, text) => /^(?:\xef\xbb\xbf)?\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html)[\s>]/i.test(text),
    readBy: ['html'],
    mayBe: TEXTS,
    remedy: 'Fetch the right file, as such a page often says why there was none, or rename it to end in .html.',
  },
  other('compressed by gzip', bytes(0x1f, 0x8b, 8)),
  other('compressed by bzip2', (head, text) => /^BZh[1-9]/.test(text) && head[4] === 0x31),
  other('compressed by xz', bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)),
  other('compressed by Zstandard', bytes(0x28, 0xb5, 0x2f, 0xfd)),
  other('a 7z archive', bytes(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c)),
  other('a RAR archive', letters('Rar!\x1a\x07')),
  other('a SQLite database', letters('SQLite format 3\0')),
  picture('a picture (PNG)', bytes(0x89, 0x50, 0x4e, 0x47)),
  picture('a picture (JPEG)', bytes(0xff, 0xd8, 0xff)),
  picture('a picture (GIF)', (_, text) => /^GIF8[79]a/.test(text)),
  picture('a picture (WebP)', (_, text) => /^RIFF[\s\S]{4}WEBP/.test(text)),
  picture('a picture (TIFF)', (_, text) => text.startsWith('II*\0') || text.startsWith('MM\0*')),
];

/** Bytes that {@link checkContent} looks at. */
export const CONTENT_HEAD = 1024;

/**
 * Holds a file's first bytes against the format that its name promises: a `.docx` that is a PDF, a `.csv` that is the page of a
 * failed download, a file that Git LFS has not fetched.
 * @param format of the reader that was chosen by the name.
 * @throws UnreadableDocumentError when it is certainly something else; what it is, and how it should be called.
 */
export function checkContent({ path }: SourceFile, format: string, head: Uint8Array): void {
  const buffer = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, CONTENT_HEAD));
  const text = buffer.toString('latin1');
  const kind = KINDS.find(({ begins }) => begins(buffer, text));
  if (kind === undefined || kind.readBy.includes(format) || kind.mayBe.includes(format)) return;
  throw new UnreadableDocumentError(`It is ${kind.what}, although it is called ${nameOf(path)}.`, kind.remedy);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
