import { UnreadableDocumentError } from '../../base/errors.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import type { Reader } from '../reader.ts';
import { TextParts } from '../text-parts.ts';
import { decodeReferences } from '../xml-entities.ts';

/** Seconds of speech that stand in one paragraph, and the silence that ends it earlier. */
const LONGEST = 45;
const SILENCE = 6;
const TIMES = /^\s*(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,]\d{1,3})?\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,]\d{1,3})?/;

/**
 * Subtitles (WebVTT, SubRip): what is said, in paragraphs that begin with their time (`[00:01:05] ...`); who speaks, where
 * it is said; lines that roll on are read once. Offsets are into the text made.
 */
export const subtitlesReader: Reader = {
  format: 'subtitles',
  extensions: ['vtt', 'srt'],
  async *read(file, context) {
    const decoded = await context.text();
    const parts = new TextParts();
    let words: string[] = [];
    let begin = 0;
    let last = 0;
    let before: string[] = [];
    const flush = (): void => {
      if (words.length > 0) parts.addBlock('paragraph', `[${clock(begin)}] ${words.join(' ')}`);
      words = [];
    };
    for (const cue of decoded.text.replace(/\r\n?/g, '\n').split(/\n\s*\n/)) {
      const lines = cue.split('\n');
      const at = lines.findIndex((line) => TIMES.test(line));
      if (at < 0) continue;
      const [, h1, m1, s1, h2, m2, s2] = TIMES.exec(lines[at]!)!;
      const start = seconds(h1, m1, s1);
      const said = lines
        .slice(at + 1)
        .map(plain)
        .filter(Boolean);
      const fresh = said.filter((line) => !before.includes(line));
      if (said.length > 0) before = said;
      if (words.length > 0 && (start - begin > LONGEST || start - last > SILENCE)) flush();
      if (words.length === 0) begin = start;
      words.push(...fresh);
      last = seconds(h2, m2, s2);
    }
    flush();
    const title = /^\uFEFF?WEBVTT[ \t]+(?:-[ \t]*)?(\S[^\r\n]*)/.exec(decoded.text)?.[1];
    if (parts.text === '' && decoded.text.trim() !== '' && !/^\uFEFF?WEBVTT/.test(decoded.text)) {
      throw new UnreadableDocumentError(
        'There are no subtitles in it: no line says from when to when (00:01:05,000 --> 00:01:08,000).',
        'Give it the extension that it belongs to.',
      );
    }
    yield makeDocument(file, {
      format: 'subtitles',
      text: parts.text,
      blocks: parts.blocks,
      title,
      encoding: describeEncoding(decoded),
    });
  },
};

function plain(line: string): string {
  return line
    .replace(/<v(?:\.[\w.]+)?\s+([^<>]+)>/g, '$1: ')
    .replace(/<[^<>]*>|\{\\[^{}]*\}/g, '')
    .replace(/&nbsp;/g, ' ')
    .replace(/&(?:#\w+|\w+);/g, decodeReferences)
    .trim();
}

function seconds(hours: string | undefined, minutes = '0', rest = '0'): number {
  return Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(rest);
}

function clock(time: number): string {
  return [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
