/// <reference lib="webworker" />

/** What the page consists of, and what it is called: `files.json`, which the export wrote. */
interface Listing {
  readonly version: string;
  readonly files: readonly string[];
}

const scope = globalThis as unknown as ServiceWorkerGlobalScope;
const PREFIX = 'sagitta-offline-';

/** Keeps the whole page, so that it opens without a network; what belongs to another version goes when this one takes over. */
async function install(): Promise<void> {
  const listing = (await (await fetch('./files.json', { cache: 'no-cache' })).json()) as Listing;
  const cache = await caches.open(PREFIX + listing.version);
  await cache.addAll(listing.files.map((file) => new Request(file, { cache: 'no-cache' })));
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== PREFIX + listing.version);
  await Promise.all(others.map((name) => caches.delete(name)));
  await scope.skipWaiting();
}

async function answer(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}

scope.addEventListener('install', (event) => event.waitUntil(install()));
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(answer(event.request));
});
