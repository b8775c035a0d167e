import { isUtf8 } from 'node:buffer';
import type { Address, Attachment, Email } from 'postal-mime';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { textBlocks } from '../../text/index.ts';
import { decode } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { parseHtml } from '../html-tokens.ts';
import { splitMailbox } from '../mailbox.ts';
import { documentId } from '../metadata.ts';
import { CUT_OFF, isFailure, isNote, type ReadContext, type Reader, type ReaderItem } from '../reader.ts';
import { RecordIds } from '../records.ts';
import { TextParts } from '../text-parts.ts';
import type { SourceFile } from '../types.ts';

/** Characters of both forms of a message that are compared. */
const MOST_COMPARED = 200_000;
/** Attachments that are read of one message, and bytes of one that is looked at. */
const MOST_ATTACHMENTS = 100;
/** A message has one of these at least. */
const HEADERS = new Set(
  'from to cc sender reply-to date subject message-id received mime-version content-type return-path'.split(' '),
);
/** S/MIME and OpenPGP; S/MIME that is only signed says so. */
const ENCRYPTED = /^(?:multipart\/encrypted|application\/(?:x-)?pkcs7-mime(?![\s\S]*smime-type\s*=\s*"?signed))/i;
/** What belongs to the page that a message is, rather than to the message. */
const OF_THE_PAGE =
  /^(?:image\/|audio\/|video\/|font\/|text\/(?:css|html|javascript)|application\/(?:(?:x-)?javascript|(?:x-|vnd\.ms-)?font))/i;
/** Parts that prove who wrote a message. */
const NO_DOCUMENT = /^(?:application\/(?:pgp-signature|(?:x-)?pkcs7-signature)|text\/x-amp-html)$/i;

/**
 * Mail: who wrote to whom and when, and the text of the message, decoded; each attachment that a reader knows is a document
 * of its own (`letter.eml#report.pdf`). Saved web pages (MHTML) are mail too. Offsets are into the extracted text.
 */
export const mailReader: Reader = {
  format: 'mail',
  extensions: ['eml', 'mht', 'mhtml'],
  async *read(file, context) {
    yield* readMessage(file, context, await context.bytes(), undefined);
  },
};

/** Mailboxes (mbox): a document a message, in a stream of any length. A message is named by its Message-ID. */
export const mailboxReader: Reader = {
  format: 'mailbox',
  extensions: ['mbox', 'mbx'],
  streams: true,
  async *read(file, context) {
    const ids = new RecordIds();
    let number = 0;
    for await (const message of splitMailbox(context.stream(), context.maxBytes)) {
      context.signal?.throwIfAborted();
      number++;
      const where = `message ${number}`;
      if (message === undefined) {
        yield {
          path: file.path,
          where,
          reason: `It has more than ${context.maxBytes} bytes. Raise the limit (--max-bytes).`,
        };
        continue;
      }
      try {
        for await (const item of readMessage(file, context, message, { ids, number })) {
          yield isNote(item) ? { ...item, where: item.where === undefined ? where : `${where}, ${item.where}` } : item;
        }
      } catch (error) {
        if (!(error instanceof UnreadableDocumentError)) throw error;
        yield { path: file.path, where, reason: error.message };
      }
    }
  },
};

/** @param place absent where the message is the whole file. */
async function* readMessage(
  file: SourceFile,
  context: ReadContext,
  bytes: Uint8Array,
  place: { readonly ids: RecordIds; readonly number: number } | undefined,
): AsyncGenerator<ReaderItem> {
  const email = await parse(bytes);
  if (!email.headers.some(({ key }) => HEADERS.has(key))) {
    throw new UnreadableDocumentError(
      'It is no mail: nothing in it says from whom, to whom, when or what about.',
      'Give it the extension that it belongs to.',
    );
  }
  const type = email.headers.find(({ key }) => key === 'content-type')?.value ?? '';
  if (ENCRYPTED.test(type))
    yield { path: file.path, note: 'The message is encrypted: only who wrote it to whom was read.' };
  if (isCutOff(type, bytes)) yield { path: file.path, note: CUT_OFF };
  const messageId = email.messageId?.replace(/^<|>$/g, '');
  const record = place === undefined ? undefined : place.ids.unique(messageId || String(place.number), place.number);
  const parts = new TextParts();
  const people = [
    ['From', email.from === undefined ? [] : [email.from]],
    ['To', email.to ?? []],
    ['Cc', email.cc ?? []],
    ['Bcc', email.bcc ?? []],
    ['Reply-To', email.replyTo ?? []],
  ] as const;
  const header = people.flatMap(([name, list]) =>
    list.length === 0 ? [] : [`${name}: ${list.map(addressText).join(', ')}`],
  );
  parts.addBlock('paragraph', header.join('\n'));
  const body = await bodyOf(email);
  parts.add(body.text, body.blocks);
  yield makeDocument(file, {
    format: 'mail',
    text: parts.text,
    blocks: parts.blocks,
    ...(record === undefined ? {} : { record }),
    title: email.subject,
    fields: {
      from: email.from === undefined ? undefined : addressText(email.from),
      to: email.to?.map(addressText),
      date: email.date,
      messageId,
    },
  });

  const attachments = email.attachments.filter(
    ({ mimeType, related }) => !NO_DOCUMENT.test(mimeType) && !(related && OF_THE_PAGE.test(mimeType)),
  );
  const names = new RecordIds();
  const unread: string[] = [];
  for (const [i, attachment] of attachments.entries()) {
    const name = nameOf(attachment, i + 1);
    if (i >= MOST_ATTACHMENTS || name === undefined) {
      unread.push(name ?? attachment.mimeType);
      continue;
    }
    const prefix = record === undefined ? '' : `${record}/`;
    const own = documentId(file.path, prefix + names.unique(name, i + 1));
    let documents = 0;
    for await (const item of context.inside(name, bytesOf(attachment))) {
      if (isFailure(item))
        yield { path: file.path, where: item.where ?? name, note: `${name} was not read: ${item.reason}` };
      else if (isNote(item)) yield { ...item, path: file.path, where: item.where ?? name };
      else {
        documents++;
        const { folder: _, ...metadata } = item.metadata;
        const id = item.id.startsWith(`${documentId(name)}#`) ? own + item.id.slice(documentId(name).length) : own;
        yield { ...item, id, path: file.path, metadata: { ...metadata, attachment: name } };
      }
    }
    if (documents === 0) unread.push(name);
  }
  if (unread.length > 0) {
    const shown = `${unread.slice(0, 5).join(', ')}${unread.length > 5 ? `, and ${unread.length - 5} more` : ''}`;
    yield { path: file.path, note: `Attachments were not read: ${shown}.` };
  }
}

/** The last of several parts is followed by their boundary with two dashes more (RFC 2046, 5.1.1). */
function isCutOff(type: string, bytes: Uint8Array): boolean {
  const boundary = /^multipart\/.*\bboundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/is.exec(type);
  if (boundary === null) return false;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return !buffer.includes(`--${boundary[1] ?? boundary[2]!}--`);
}

/** Names of character sets that say nothing about letters beyond ASCII. */
const NO_CHARSET = /^(?:us-ascii|ascii|unknown(?:-8bit)?|x-unknown|8bit|default)$/i;

/** The message in UTF-8, where it has letters beyond ASCII and nothing says by which character set. */
function inUtf8(bytes: Uint8Array): Uint8Array {
  if (isUtf8(bytes)) return bytes;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (const [, name] of source.matchAll(/\bcharset\s*=\s*"?([\w.:-]+)/gi)) if (!NO_CHARSET.test(name!)) return bytes;
  const text = decode(bytes)?.text;
  return text === undefined ? bytes : Buffer.from(text);
}

async function parse(bytes: Uint8Array): Promise<Email> {
  const { default: PostalMime } = await import('postal-mime');
  try {
    return await PostalMime.parse(inUtf8(bytes), { maxNestingDepth: 50 });
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    throw new UnreadableDocumentError(`It is no sound message (${problem}).`, 'Save it again from the mail program.', {
      cause: error,
    });
  }
}

/** Share of words of the HTML that the plain text may lack: links, and what the two write in other ways. */
const MAY_LACK = 0.2;

/** The plain text, or that of the HTML where it says more or something else. */
async function bodyOf({ text = '', html }: Email): Promise<Pick<HtmlText, 'blocks'> & { readonly text: string }> {
  if (html !== undefined) {
    const body = new HtmlText();
    await parseHtml(html, body);
    body.end();
    const content = body.content;
    if (lacks(text, content)) return { text: content, blocks: body.blocks };
  }
  const plain = text.replace(/\r\n?/g, '\n').trim();
  return { text: plain, blocks: textBlocks(plain) };
}

/** Whether the plain text leaves out much of what the HTML says. */
function lacks(plain: string, html: string): boolean {
  const wordsOf = (text: string): string[] => text.slice(0, MOST_COMPARED).match(/[\p{L}\p{N}]+/gu) ?? [];
  const words = wordsOf(html);
  const said = new Set(wordsOf(plain));
  if (html.length > 2 * plain.trim().length) return true;
  return words.filter((word) => !said.has(word)).length > MAY_LACK * words.length;
}

function addressText(address: Address): string {
  if (address.group !== undefined) return `${address.name}: ${address.group.map(addressText).join(', ')}`;
  return address.name === '' ? address.address : `${address.name} <${address.address}>`;
}

/** What an attachment is called, from its type where it says no name; undefined for a type that no reader knows. */
function nameOf({ filename, mimeType }: Attachment, number: number): string | undefined {
  if (filename !== null && filename.trim() !== '') return filename.replace(/[/\\\0]/g, '_');
  const extension = {
    'message/rfc822': 'eml',
    'text/calendar': 'ics',
    'text/plain': 'txt',
    'text/html': 'html',
    'application/pdf': 'pdf',
  }[mimeType];
  return extension === undefined ? undefined : `part-${number}.${extension}`;
}

function bytesOf({ content }: Attachment): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}
