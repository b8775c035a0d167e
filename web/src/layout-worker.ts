import { Layout } from './layout.ts';

/** Rounds between two states that are shown. */
const SHOW_EVERY = 12;

/** Computes the layout beside the page: gets vectors, gives positions again and again until they are settled. */
addEventListener('message', ({ data }: MessageEvent<{ vectors: Float32Array; dim: number }>) => {
  const layout = new Layout(data.vectors, data.dim);
  const show = (): void => {
    postMessage({ positions: layout.positions.slice(), done: layout.done });
  };
  show();
  const round = (): void => {
    for (let i = 0; i < SHOW_EVERY && !layout.done; i++) layout.step();
    show();
    if (!layout.done) setTimeout(round);
  };
  if (!layout.done) round();
});
