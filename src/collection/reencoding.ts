import { MEANING_FIELD } from '../store/local/manifest-types.ts';
import { type BuildContext, type BuildOptions, type BuildReport, buildField } from './building.ts';
import type { GivenEncoder } from './encoders.ts';

/** What {@link Collection.reencode} did. */
export interface ReencodeCollectionReport extends BuildReport {
  /** As the manifest named it; the same as `encoder` when there was nothing to do. */
  readonly before: string;
}

/** See {@link Collection.reencode}. */
export async function reencodeCollection(
  context: BuildContext,
  wanted: GivenEncoder | string,
  options: BuildOptions,
): Promise<ReencodeCollectionReport> {
  let before = '';
  const report = await buildField(context, { ...MEANING_FIELD, encoder: wanted }, options, {
    begin: ({ name, encoder }, { settings, pending }) => {
      before = settings.encoder;
      return before === encoder && !(pending?.name === name && pending.encoder === encoder);
    },
  });
  if (report !== undefined) return { ...report, before };
  const { generation, passages } = await context.store.inspect();
  return { generation, passages, encoded: 0, before, encoder: before, relevanceDropped: false };
}
