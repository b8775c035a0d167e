/** Members that may be undefined as members that may be absent. */
type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** An object without its members that are undefined, as `exactOptionalPropertyTypes` wants it. */
export function given<T extends object>(members: T): Given<T> {
  const kept: Record<string, unknown> = {};
  for (const name in members) if (members[name] !== undefined) kept[name] = members[name];
  return kept as Given<T>;
}
