export { createLocalStore, LocalStore, openLocalStore } from './local/store.ts';
export type * from './types.ts';
