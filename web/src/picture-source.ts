/** Forms of pictures that a text may hold within itself. SVG may not: it is a document of its own. */
const WITHIN = /^data:image\/(png|jpe?g|gif|webp|avif);base64,[a-z0-9+/=\s]+$/i;
const NAMED = /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i;

/** How a picture that a document names can be shown: within the text, beside its file, or not at all. */
export function pictureSource(source: string): { readonly data: string } | { readonly image: string } | undefined {
  const trimmed = source.trim();
  if (WITHIN.test(trimmed)) return { data: trimmed };
  if (/^([a-z][a-z0-9+.-]*:|\/\/|\/|\\)/i.test(trimmed)) return undefined;
  const path = trimmed.split(/[?#]/, 1)[0]!;
  if (!NAMED.test(path)) return undefined;
  try {
    return { image: decodeURIComponent(path) };
  } catch {
    return { image: path };
  }
}

/** The first picture that a text in Markdown or HTML shows. */
export function firstPicture(text: string): string | undefined {
  const found = /!\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|<img\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)/i.exec(text);
  const source = found?.[1] ?? found?.[2];
  return source !== undefined && pictureSource(source) !== undefined ? source : undefined;
}
