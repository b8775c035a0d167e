import { Argument, type Command, Option } from 'commander';
import { allowRemote, modelUrl } from '../collection-command.ts';
import { several, whole } from '../option-values.ts';
import { run } from '../run.ts';
import { nearestCollection } from '../where.ts';

/** Commands that open a collection to pages, programs and agents. */
export function addServing(program: Command): void {
  program
    .command('serve')
    .description('serve collections: an HTTP API, a web page and MCP, on this machine unless there are keys')
    .option('--in <[name=]dir>', 'folder of a collection (repeatable; default: .sagitta)', several)
    .addOption(allowRemote())
    .option('--source <[name=]path>', 'folder or file that a sync job reads again (repeatable)', several)
    .option('--port <n>', 'port; 0 takes any free one (default: 7700)', whole('--port', 0, 65_535))
    .option('--host <address>', 'address to listen on (default: 127.0.0.1); others need --keys')
    .option('--keys <file>', 'file of API keys (see sagitta keys)')
    .option('--read-only', 'refuse everything that writes', false)
    .option('--mcp-write', 'let agents add and remove documents over MCP', false)
    .option('--allow-host <name>', 'name by which a proxy reaches the server (repeatable)', several)
    .option('--cors <origin>', 'website that may use the API (repeatable)', several)
    .option('--threads <n>', 'threads that search (default: one less than processors, 1 to 4)', whole('--threads'))
    .option('--queue <n>', 'searches that may wait (default: 256)', whole('--queue', 0))
    .option('--timeout <ms>', 'most time for a search (default: 10000)', whole('--timeout'))
    .option('--max-body <bytes>', 'largest body with documents (default: 32 MiB)', whole('--max-body'))
    .option(
      '--model <spec>',
      'openai:MODEL: a language model that puts answers in words and leads hops, where that is asked for',
    )
    .addOption(modelUrl())
    .option('--drain <ms>', 'how long stopping waits for what was accepted (default: 30000)', whole('--drain', 0))
    .option('--no-page', 'no web page')
    .option('--no-log', 'no access log (JSON lines on stdout)')
    .option('--json', 'print the address as one JSON object first', false)
    .action(async (options) => {
      const hurry = new AbortController();
      const served = { ...options, in: options.in ?? [nearestCollection()] };
      await run(
        options.json,
        async (signal) => (await import('../serve-command.ts')).serveCommand(served, signal, hurry.signal),
        hurry,
      );
    });

  program
    .command('mcp')
    .description('speak the Model Context Protocol over stdin and stdout')
    .option('--in <[name=]dir>', 'folder of a collection (repeatable; default: .sagitta)', several)
    .addOption(allowRemote())
    .option('--write', 'let agents add, replace and remove documents, and read the folders of --source again', false)
    .option('--source <[name=]path>', 'folder or file that the tool `index` reads again (repeatable)', several)
    .option('--model <spec>', 'openai:MODEL: a language model that may lead the hops of the tool `context`')
    .addOption(modelUrl())
    .action(async (options) =>
      run(false, async (signal) =>
        (await import('../mcp-command.ts')).mcpCommand({ ...options, in: options.in ?? [nearestCollection()] }, signal),
      ),
    );

  program
    .command('keys')
    .description('API keys of a server: add NAME, list, remove ID')
    .addArgument(new Argument('<action>').choices(['add', 'list', 'remove']))
    .argument('[name]', 'who uses the key; to remove one, its id, or its name if no other has it')
    .addOption(new Option('--scope <scope>', 'what the key allows').choices(['read', 'write']).default('read'))
    .option('--keys <file>', 'file of API keys', 'sagitta-keys.json')
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (action: string, name: string | undefined, options) =>
      run(options.json, async () => (await import('../serve-command.ts')).keysCommand(action, name, options)),
    );
}
