// What a thread runs: its own entry of the package, started by runtime.ts.
import { parentOf } from './runtime.ts';
import { serve } from './serve.ts';
import { works } from './works.ts';

const parent = parentOf();
parent.listen(({ thread }) => serve(thread, works, parent.post));
