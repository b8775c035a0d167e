import { type Command, Option } from 'commander';
import { several } from './option-values.ts';
import { nearestCollection, USUAL } from './where.ts';

/** A command on a collection; every one of them knows `--in` and `--json`. */
export function collectionCommand(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .addOption(
      new Option('--in <dir>', 'folder of the collection, or postgres://...').default(
        USUAL,
        '.sagitta here, else in the nearest folder above',
      ),
    )
    .hook('preAction', (_, action) => {
      if (action.getOptionValueSource('in') === 'default') action.setOptionValue('in', nearestCollection());
    })
    .addOption(allowRemote())
    .addOption(extension())
    .option('--json', 'print one JSON object instead of text', false);
}

/** Agreement holds for the whole process, its threads included, as the environment does. */
export function allowRemote(): Option {
  return new Option('--allow-remote', 'let the collection contact the machine that its encoder names (http:, hf:)');
}

/** Where `--model` is asked. */
export function modelUrl(): Option {
  return new Option(
    '--model-url <url>',
    'where it is asked (default: http://localhost:11434/v1); its key is in the environment',
  );
}

/** Code of others, which the user chose. */
function extension(): Option {
  return new Option(
    '--extension <module>',
    'a file or package that adds encoders, codecs, readers, rerankers and others by name (repeatable)',
  ).argParser(several);
}
