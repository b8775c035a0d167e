import { posix } from 'node:path';
import { UnreadableDocumentError } from '../base/errors.ts';
import { decode } from './decode.ts';
import { parseXml, type XmlHandler } from './xml.ts';
import { readZipDirectory, readZipEntry, readZipHead, type ZipEntry } from './zip.ts';

/** Inflated, a document may have this many times `maxBytes`: XML compresses about tenfold, bombs a thousandfold. */
const MOST_INFLATION = 8;

/**
 * A document that is a ZIP archive of XML parts: OOXML, OpenDocument, EPUB. Parts are inflated one at a time when asked
 * for, and never more in all than eight times `maxBytes`.
 */
export class DocumentPackage {
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #budget: number;
  #inflated = 0;

  /** @throws UnreadableDocumentError when it is no archive, is protected, or would be too large. */
  constructor(
    readonly bytes: Uint8Array,
    maxBytes: number,
  ) {
    if (bytes[0] === 0xd0 && bytes[1] === 0xcf) throw compoundFile(bytes);
    if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
      throw new UnreadableDocumentError(
        `It is ${decode(bytes.subarray(0, 4096)) === undefined ? 'something else' : 'text'}, and no document of the format that its name says.`,
        'Give it the extension that it belongs to, or copy it again.',
      );
    }
    const entries = readZipDirectory(bytes);
    this.#budget = MOST_INFLATION * maxBytes;
    const inflated = entries.reduce(
      (sum, entry) => sum + (isText(entry.name) && !SHEET.test(entry.name) ? entry.size : 0),
      0,
    );
    if (inflated > this.#budget) throw tooLarge(inflated);
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    if (entries.some(({ encrypted }) => encrypted)) throw protectedBy();
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Bytes of a part; undefined when there is none, or it is damaged. */
  part(name: string): Uint8Array | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const room = this.#budget - this.#inflated;
    const bytes = readZipEntry(this.bytes, entry, room);
    if (bytes === undefined && entry.size > room) throw tooLarge(this.#inflated + entry.size);
    this.#inflated += bytes?.length ?? 0;
    return bytes;
  }

  /** The beginning of a part as text, at most so many bytes of it, however large it claims to be. */
  async head(name: string, most: number): Promise<{ readonly text: string; readonly isCut: boolean } | undefined> {
    const entry = this.#entries.get(name);
    const bytes = entry === undefined ? undefined : await readZipHead(this.bytes, entry, most);
    const text = bytes === undefined ? undefined : decode(bytes)?.text;
    return text === undefined ? undefined : { text, isCut: bytes!.length >= most };
  }

  /** A part as text. */
  text(name: string): string | undefined {
    const bytes = this.part(name);
    return bytes === undefined ? undefined : decode(bytes)?.text;
  }

  /** Reads a part as XML, if it is there. @returns whether it was. */
  async read(name: string, handler: XmlHandler): Promise<boolean> {
    const xml = this.text(name);
    if (xml === undefined) return false;
    await parseXml(xml, handler);
    return true;
  }
}

/** What the package is, where it is not what its name says. */
const PACKAGE_KINDS: readonly (readonly [(names: readonly string[]) => boolean, string, string])[] = [
  [(names) => names.some((name) => /^word\/document\d*\.xml$/.test(name)), 'a Word document', 'docx'],
  [(names) => names.some((name) => /^xl\/workbook\d*\.(?:xml|bin)$/.test(name)), 'a spreadsheet', 'xlsx'],
  [(names) => names.includes('ppt/presentation.xml'), 'a presentation', 'pptx'],
  [(names) => names.includes('META-INF/container.xml'), 'an EPUB', 'epub'],
  [(names) => names.includes('content.xml') && names.includes('META-INF/manifest.xml'), 'an OpenDocument file', 'odt'],
];

/** The package is of another kind than its name says; of which, as far as its parts tell. */
export function mistaken(source: DocumentPackage, expected: string): UnreadableDocumentError {
  const found = PACKAGE_KINDS.find(([is]) => is(source.names));
  if (found !== undefined) {
    return new UnreadableDocumentError(
      `It is ${found[1]}, and not ${expected}.`,
      `Rename it to end in .${found[2]}, or the like.`,
    );
  }
  const files = source.names.filter((name) => !name.endsWith('/'));
  const some = `${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`;
  return new UnreadableDocumentError(
    files.length === 0
      ? `It is an empty archive, and not ${expected}.`
      : `It is an archive of other files (${some}), and not ${expected}.`,
    'Unpack it and index what is inside, or give it the extension that it belongs to.',
  );
}

/** Streams of compound files (MS-CFB) are named in UTF-16. */
function compoundFile(bytes: Uint8Array): UnreadableDocumentError {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (name: string): boolean => buffer.includes(Buffer.from(name, 'utf16le'));
  if (has('EncryptedPackage')) return protectedBy();
  const older = [
    ['WordDocument', '.doc'],
    ['Workbook', '.xls'],
    ['PowerPoint Document', '.ppt'],
    ['__substg1.0', '.msg'],
  ].find(([name]) => has(name!))?.[1];
  return older === undefined
    ? new UnreadableDocumentError(
        'It is protected by a password, or a file of an older format (.doc, .xls, .ppt) under another name.',
        'Open it in its own program and save it in the current format without a password.',
      )
    : new UnreadableDocumentError(
        `It is a file of an older format (${older}) under another name.`,
        'Open it in its own program and save it in the current format.',
      );
}

export function protectedBy(): UnreadableDocumentError {
  return new UnreadableDocumentError('It is protected by a password.', 'Save a copy without one, and index that.');
}

/** Of these only the beginning is read. */
const SHEET = /^xl\/worksheets\/[^/]*\.xml$/;

function isText(name: string): boolean {
  return /\.(?:xml|rels|x?html?|opf|ncx)$/i.test(name);
}

function tooLarge(bytes: number): UnreadableDocumentError {
  return new UnreadableDocumentError(
    `Its parts would take ${Math.round(bytes / 1024 ** 2)} MiB when unpacked.`,
    'Divide it, or raise the limit (--max-bytes).',
  );
}

/** A relationship of an OOXML part: what it leads to. */
export interface Relationship {
  readonly id: string;
  /** Last word of the type: `header`, `slide`, `image`. */
  readonly type: string;
  /** Name of the part within the package. */
  readonly target: string;
}

/** Relationships of an OOXML part (`''`: of the package), in their order. */
export async function relationships(source: DocumentPackage, part: string): Promise<Relationship[]> {
  const folder = posix.dirname(part);
  const found: Relationship[] = [];
  await source.read(posix.join(folder, '_rels', `${posix.basename(part)}.rels`), {
    open(name, { Id: id = '', Type: type = '', Target: target = '', TargetMode: mode }) {
      if (name !== 'Relationship' || mode === 'External') return;
      const path = target.startsWith('/') ? target.slice(1) : posix.join(folder, target);
      found.push({ id, type: type.slice(type.lastIndexOf('/') + 1), target: path });
    },
    close() {},
    text() {},
  });
  return found;
}

const PROPERTIES: Readonly<Record<string, string>> = {
  title: 'title',
  creator: 'author',
  'initial-creator': 'author',
  subject: 'subject',
  description: 'description',
  language: 'language',
  keywords: 'keywords',
  keyword: 'keywords',
  category: 'category',
  created: 'created',
  'creation-date': 'created',
};

/** The Dublin Core properties of a package (`docProps/core.xml`, `meta.xml`). */
export async function packageProperties(
  source: Pick<DocumentPackage, 'read'>,
  part: string,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let field: string | undefined;
  await source.read(part, {
    open(name) {
      field = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined;
    },
    close() {
      field = undefined;
    },
    text(text) {
      if (field !== undefined) found[field] = `${found[field] ?? ''}${text}`;
    },
  });
  return Object.fromEntries(
    Object.entries(found)
      .map(([key, value]) => [key, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
}
