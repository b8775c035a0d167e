const MOST = 6;
const key = (collection: string): string => `sagitta-recent-${collection}`;

/** Queries that were asked of a collection in this browser, the last one first. */
export function recentQueries(collection: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(key(collection)) ?? '[]');
    return Array.isArray(read) ? read.filter((one) => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function remember(collection: string, query: string): void {
  const text = query.trim();
  if (text.length < 2 || text.length > 200) return;
  const others = recentQueries(collection).filter((one) => one !== text);
  localStorage.setItem(key(collection), JSON.stringify([text, ...others].slice(0, MOST)));
}

export function forgetQueries(collection: string): void {
  localStorage.removeItem(key(collection));
}
