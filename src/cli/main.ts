#!/usr/bin/env node
import { ExitCode } from '../base/errors.ts';
import { givenArguments, isTooLong, runWithPipe } from './arguments.ts';
import { withFreeWords } from './free-words.ts';
import { openProgram } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  process.stderr.write(`error Cannot write the result (${error.code}). Send it to a file or a disk with room.\n`);
  process.exit(ExitCode.storage);
});

const args = givenArguments();
if (isTooLong(args)) process.exitCode = await runWithPipe(args);
else {
  const program = openProgram(args);
  await program.parseAsync(withFreeWords(program, args), { from: 'user' });
}
