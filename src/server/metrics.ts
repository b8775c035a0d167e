/** Prometheus' text format, as far as the server needs it: counters, gauges that are read when asked for, histograms. */
type Labels = Readonly<Record<string, string | number>>;

/** Upper bounds in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string> | Promise<Iterable<string>>;
}

export class Metrics {
  readonly #families: Family[] = [];

  counter(name: string, help: string): (labels: Labels, by?: number) => void {
    const values = new Map<string, number>();
    this.#families.push({
      name,
      help,
      type: 'counter',
      lines: () => Array.from(values, ([labels, value]) => `${name}${labels} ${value}`),
    });
    return (labels, by = 1) => {
      const key = format(labels);
      values.set(key, (values.get(key) ?? 0) + by);
    };
  }

  gauge(
    name: string,
    help: string,
    read: () => Iterable<readonly [Labels, number]> | Promise<Iterable<readonly [Labels, number]>>,
  ): void {
    this.#families.push({
      name,
      help,
      type: 'gauge',
      lines: async () => Array.from(await read(), ([labels, value]) => `${name}${format(labels)} ${value}`),
    });
  }

  /** @returns a function that takes seconds. */
  histogram(name: string, help: string): (labels: Labels, seconds: number) => void {
    const series = new Map<
      string,
      { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }
    >();
    this.#families.push({
      name,
      help,
      type: 'histogram',
      lines: function* () {
        for (const { labels, counts, sum, count } of series.values()) {
          for (let i = 0; i < BUCKETS.length; i++)
            yield `${name}_bucket${format({ ...labels, le: BUCKETS[i]! })} ${counts[i]}`;
          yield `${name}_bucket${format({ ...labels, le: '+Inf' })} ${count}`;
          yield `${name}_sum${format(labels)} ${sum}`;
          yield `${name}_count${format(labels)} ${count}`;
        }
      },
    });
    return (labels, seconds) => {
      const key = format(labels);
      let entry = series.get(key);
      if (entry === undefined) {
        entry = { labels, counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
        series.set(key, entry);
      }
      entry.sum += seconds;
      entry.count++;
      for (let i = BUCKETS.length - 1; i >= 0 && seconds <= BUCKETS[i]!; i--) entry.counts[i]!++;
    };
  }

  /** Everything, in exposition format 0.0.4. */
  async text(): Promise<string> {
    const parts: string[] = [];
    for (const { name, help, type, lines } of this.#families) {
      parts.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...(await lines()));
    }
    return `${parts.join('\n')}\n`;
  }
}

function format(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
