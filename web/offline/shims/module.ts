/**
 * What `decode` asks Node for: tables of old encodings, of which the browser has its own, and statistics by which encodings are told, which a
 * page does without: text that is not UTF-8 and names no encoding is read as windows-1252.
 */
const MODULES: Readonly<Record<string, object>> = {
  'iconv-lite': { encodingExists: () => false },
  chardet: { analyse: () => [] },
};

export function createRequire(): (name: string) => object | undefined {
  return (name) => MODULES[name];
}
