import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Trouble, troubleOf } from './api.ts';
import { TroubleBox } from './trouble.tsx';

/**
 * A view whose script is fetched when it is first shown: the script of searching alone is what everybody waits for.
 * @param waiting what stands there until then.
 */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  waiting: (props: Props) => JSX.Element | null,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props): JSX.Element | null {
    const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
    const [, again] = useState(0);
    useEffect(() => {
      if (loaded !== undefined || trouble !== undefined) return;
      load().then(
        (component) => {
          loaded = component;
          again((count) => count + 1);
        },
        (error: unknown) => setTrouble(troubleOf(error)),
      );
    }, [trouble]);
    if (trouble !== undefined) return <TroubleBox trouble={trouble} again={() => setTrouble(undefined)} />;
    const View = loaded;
    return View === undefined ? waiting(props) : <View {...props} />;
  };
}
