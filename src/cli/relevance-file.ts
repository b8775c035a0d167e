/** What `learn-relevance` writes and `search --relevant` reads; stands beside the manifest. */
export const RELEVANCE_FILE = 'relevance.json';
/** Hits of a query that are looked at. */
export const RELEVANCE_DEPTH = 50;
