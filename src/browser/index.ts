export type { InputDocument } from '../content/index.ts';
export type { FacetCounts, SearchHit, SearchOptions, SearchResult } from '../search/index.ts';
export { BrowserCollection, type CallOptions } from './browser-collection.ts';
export { eraseBrowserCollection, type OpenBrowserOptions, openBrowserCollection } from './open.ts';
export type { BrowserDocument, BrowserInfo } from './types.ts';
