import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { saveTuned, type TunedFiles, versionOf } from '../encode/tuned/description.ts';
import type { Extensions } from '../search/index.ts';
import { onDisk } from '../store/local/filesystem.ts';
import type { CollectionSettings } from '../store/types.ts';
import { checkName } from './add-field.ts';
import { type BuildContext, buildField, type DeployOptions } from './building.ts';
import { dropFailedVersion } from './encoder-versions.ts';

/** See `Collection.deployImpacts`. @param settings of now. */
export async function deployImpacts(
  context: BuildContext,
  settings: CollectionSettings,
  extensions: Extensions,
  name: string,
  files: TunedFiles,
  { signal, onProgress }: DeployOptions,
): Promise<string> {
  const { directory, encoders, store, writing } = context;
  const before = settings.fields?.find((field) => field.name === name);
  if (before === undefined) checkName(name, settings, extensions);
  else if (before.kind !== 'impacts') {
    throw new InvalidArgumentError(
      `The field "${name}" holds no impacts, but is of the kind "${before.kind}".`,
      'Choose another name.',
    );
  }
  const encoder = `tuned:${versionOf(files)}`;
  await writing(() => onDisk(encoders.versions, () => saveTuned(encoders.versions, files)));
  try {
    const target = { name, kind: 'impacts', of: before?.of ?? 'passage', encoder } as const;
    await buildField(
      context,
      target,
      {
        ...given({ signal }),
        onProgress: ({ phase, done, total }) => {
          if (phase === 'encoding') onProgress?.(done, total);
        },
      },
      {},
    );
    return encoder;
  } catch (error) {
    const pending = await store.pendingField();
    if (pending?.name === name && pending.encoder === encoder) {
      await (await store.buildField(pending)).abandon().catch(() => undefined);
    }
    await dropFailedVersion(directory, versionOf(files));
    throw error;
  }
}
