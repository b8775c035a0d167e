// What a thread runs: its own entry of the package, started by runtime.ts.
import { listen } from './runtime.ts';
import { serve } from './serve.ts';
import { works } from './works.ts';

listen(({ thread }, post) => serve(thread, works, post));
