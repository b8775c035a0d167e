/** What an encoder sees of a passage: title, the innermost heading and the text, without saying the same thing twice. */
export function embeddingText(title: string, headings: readonly string[], text: string): string {
  const parts: string[] = [];
  for (const part of [title, headings.at(-1)]) {
    if (part !== undefined && part !== '' && !parts.includes(part) && !text.startsWith(part)) parts.push(part);
  }
  return (text === '' ? parts : [...parts, text]).join('\n');
}
