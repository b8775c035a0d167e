import type { Range } from '../search/index.ts';

/**
 * What in a document speaks to a language model instead of to a reader: orders to forget what was said, to take a role, to hide or to reveal
 * something, and the marks by which chats are written down. Found by form, in English and some other languages; what is worded otherwise is
 * not, so this is a mark for readers and no protection: passages are quoted as data whether or not anything is found in them.
 */
const INSTRUCTIONS: readonly RegExp[] = [
  /\b(ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(instruction|prompt|rule|guideline|direction|context|message|above|previous|prior|system)s?\b/giu,
  /\b(you are now|from now on,? you|pretend (to be|that you)|act as (an?|the|if) |your new (role|task|instructions?))/giu,
  /\b(reveal|print|repeat|output|show|leak|send)\b[^.!?\n]{0,40}\b(system prompt|your (system |own )?(instructions|prompt|rules|api key|password|secrets?|credentials))\b/giu,
  /\b(do not|don't|never)\b[^.!?\n]{0,30}\b(cite|mention|tell|inform|warn)\b[^.!?\n]{0,30}\b(user|source|anyone|passage|human)s?\b/giu,
  /\b(respond|reply|answer|say)\b (only |just |exactly )?(with|by saying|that)\b[^.!?\n]{0,20}["'“«]/giu,
  /\b(note|message|instructions?|attention)\b (to|for) (the |any |all )?(ai|llm|assistant|language model|chatbot|model)s?\b/giu,
  /<\|[a-z_]+\|>|\[\/?INST\]|<<\/?SYS>>|^\s*(system|assistant|developer)\s*:/gimu,
  /^\s*#{1,4}\s*(system|new instructions?|instruction|response)\b/gimu,
  /\b(ignoriere|vergiss|missachte)\b[^.!?\n]{0,40}\b(anweisung|vorgabe|regel|prompt)(en|s)?\b/giu,
  /\b(ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,40}\b(instructions?|consignes?|règles?)\b/giu,
  /\b(ignora|olvida|omite)\b[^.!?\n]{0,40}\b(instrucciones|reglas|indicaciones)\b/giu,
  /忽略[^。！？\n]{0,20}(指令|指示|提示|规则)/gu,
  /(دستور(ات)?|دستورالعمل)[^.!؟\n]{0,30}(نادیده|فراموش)/gu,
];

/** Ranges of a text that look like instructions to a model, ascending, without overlaps. */
export function instructionsIn(text: string): Range[] {
  const found = INSTRUCTIONS.flatMap((form) =>
    Array.from(text.matchAll(form), ({ index, 0: match }) => ({ start: index, end: index + match.length })),
  ).sort((a, b) => a.start - b.start || b.end - a.end);
  const kept: Range[] = [];
  for (const range of found) {
    const last = kept.at(-1);
    if (last === undefined || range.start >= last.end) kept.push(range);
    else if (range.end > last.end) kept[kept.length - 1] = { start: last.start, end: range.end };
  }
  return kept;
}
