import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { client, originalAddress, storedKey } from './api.ts';
import { pictureSource } from './picture-source.ts';

/** A picture of a document; nothing where it cannot be had. @param image relative to the document's file; undefined for the file itself. */
export function Picture({
  collection,
  id,
  source,
  alt,
  small = false,
}: {
  readonly collection: string;
  readonly id: string;
  /** As the text names it; undefined: the document's own file is the picture. */
  readonly source: string | undefined;
  readonly alt: string;
  readonly small?: boolean;
}): JSX.Element | null {
  const place = source === undefined ? { image: undefined } : pictureSource(source);
  const [failed, setFailed] = useState(false);
  const image = place === undefined || 'data' in place ? undefined : place.image;
  const fetched = useFetched(place !== undefined && !('data' in place), collection, id, image);
  if (place === undefined || failed) return null;
  const address = 'data' in place ? place.data : fetched;
  if (address === undefined) return null;
  return (
    <img
      class={small ? 'thumb' : 'picture'}
      src={address}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={() => setFailed(true)}
    />
  );
}

/** The address of a picture. Where the server wants a key, an image cannot bring it: then it is fetched and held here. */
function useFetched(wanted: boolean, collection: string, id: string, image: string | undefined): string | undefined {
  const direct = storedKey() === undefined;
  const [held, setHeld] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (!wanted || direct) return undefined;
    const controller = new AbortController();
    let address: string | undefined;
    client(collection)
      .original(id, { signal: controller.signal, ...(image === undefined ? {} : { image }) })
      .then((blob) => {
        // Only as a picture: what else it may be is of no use here.
        if (controller.signal.aborted || !blob.type.startsWith('image/')) return;
        address = URL.createObjectURL(blob);
        setHeld(address);
      })
      .catch(() => undefined);
    return () => {
      controller.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [wanted, direct, collection, id, image]);
  if (!wanted) return undefined;
  return direct ? originalAddress(collection, id, image) : held;
}
