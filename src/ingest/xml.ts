import type { TokenizerCallbacks } from 'htmlparser2';
import { character } from './html-tokens.ts';

/** Attributes by their names without prefix; those of relationships (`r:id`, `r:embed`) keep it. */
export type XmlAttributes = Readonly<Record<string, string | undefined>>;

/** Receives the elements and texts of an XML document in order. Names come without their prefix. */
export interface XmlHandler {
  open(name: string, attributes: XmlAttributes): void;
  close(name: string): void;
  text(text: string): void;
}

/**
 * Reads XML as a sequence of calls, in time and memory linear in the input and without a stack, however deep the nesting.
 * Entities that a document declares itself are not expanded, and nothing outside the document is fetched. What is not
 * well-formed is read as far as it goes.
 * @returns whether it ends with its last element closed; otherwise it is cut off.
 */
export async function parseXml(xml: string, handler: XmlHandler): Promise<boolean> {
  const { Tokenizer } = await import('htmlparser2');
  // The library's own parser shifts its whole stack at every element.
  const stack: string[] = [];
  let name = '';
  let attributes: Record<string, string> = {};
  let attribute = '';
  let value = '';
  const opened = (): void => {
    handler.open(name, attributes);
    attributes = {};
  };
  const callbacks: TokenizerCallbacks = {
    ontext: (start, end) => handler.text(xml.slice(start, end)),
    ontextentity: (codePoint) => handler.text(character(codePoint)),
    oncdata: (start, end, offset) => handler.text(xml.slice(start, end - offset)),
    onopentagname: (start, end) => {
      name = localName(xml.slice(start, end));
    },
    onopentagend: () => {
      opened();
      stack.push(name);
    },
    onselfclosingtag: () => {
      opened();
      handler.close(name);
    },
    onclosetag: (start, end) => {
      const closing = localName(xml.slice(start, end));
      // In sound XML it is the last one; anything else closes what is open within, if it is open at all.
      if (stack.at(-1) !== closing && !stack.slice(-REACH).includes(closing)) return;
      for (let open = stack.pop(); open !== undefined; open = open === closing ? undefined : stack.pop()) {
        handler.close(open);
      }
    },
    onattribname: (start, end) => {
      attribute = xml.slice(start, end);
      value = '';
    },
    onattribdata: (start, end) => {
      value += xml.slice(start, end);
    },
    onattribentity: (codePoint) => {
      value += character(codePoint);
    },
    onattribend: () => {
      attributes[attribute.startsWith('r:') ? attribute : localName(attribute)] = value;
    },
    oncomment: () => {},
    ondeclaration: () => {},
    onprocessinginstruction: () => {},
    onend: () => {
      for (let open = stack.pop(); open !== undefined; open = stack.pop()) handler.close(open);
    },
  };
  const tokenizer = new Tokenizer({ xmlMode: true, decodeEntities: true }, callbacks);
  tokenizer.write(xml);
  const isWhole = stack.length === 0;
  tokenizer.end();
  return isWhole;
}

/** How far the beginning of an element is looked for, where end tags do not match: a bound for hostile input. */
const REACH = 32;

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
