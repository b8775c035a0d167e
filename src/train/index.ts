export * from './objectives/index.ts';
