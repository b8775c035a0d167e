import type { JSX } from 'preact';
import { type CollectionInfo, client, type Frontier } from './api.ts';
import { useLoaded } from './hooks.ts';
import { number } from './text.ts';
import { TroubleBox } from './trouble.tsx';

const [WIDTH, HEIGHT, LEFT, BOTTOM, PAD] = [680, 260, 46, 34, 14] as const;

/** What indexes cost and find, as `sagitta plan` measured it: a picture, and the same as a table. */
export function FrontierPanel({ info }: { readonly info: CollectionInfo }): JSX.Element {
  const loaded = useLoaded(`frontier ${info.name}`, (signal) => client(info.name).frontier({ signal }));
  return (
    <section aria-labelledby="frontier">
      <h2 id="frontier">Bytes and recall</h2>
      {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
      {loaded.value !== undefined && <Picture frontier={loaded.value} />}
    </section>
  );
}

function Picture({ frontier: { points, chosen, vectors, dim } }: { readonly frontier: Frontier }): JSX.Element {
  const bytes = points.map((point) => Math.log2(Math.max(1, point.bytes)));
  const [least, most] = [Math.min(...bytes), Math.max(...bytes, Math.min(...bytes) + 0.5)];
  const lowest = Math.min(0.9, ...points.map(({ recall10 }) => recall10));
  const x = (value: number): number =>
    LEFT + ((Math.log2(Math.max(1, value)) - least) / (most - least)) * (WIDTH - LEFT - PAD);
  const y = (recall: number): number => PAD + ((1 - recall) / (1 - lowest)) * (HEIGHT - PAD - BOTTOM);
  const ticks = [lowest, (1 + lowest) / 2, 1];
  const powers = Array.from({ length: 16 }, (_, i) => 2 ** i).filter(
    (power) => x(power) >= LEFT && x(power) <= WIDTH - PAD,
  );
  return (
    <>
      <p class="faint">
        {number(vectors)} vectors of {dim} components. Recall of the ten nearest against bytes of memory a vector;
        further to the upper left is better.
      </p>
      <svg
        class="frontier"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label="Recall against bytes; the table below has the figures"
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - PAD} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 8} y={y(tick) + 4} class="end">
              {tick.toFixed(2)}
            </text>
          </g>
        ))}
        {powers.map((power) => (
          <text key={power} x={x(power)} y={HEIGHT - 12} class="middle">
            {power} B
          </text>
        ))}
        {points.map((point) => (
          <circle
            key={`${point.spec} ${point.nprobe} ${point.refine}`}
            cx={x(point.bytes)}
            cy={y(point.recall10)}
            r="4"
          >
            <title>{`${point.spec}: ${point.recall10.toFixed(3)} at ${point.bytes.toFixed(1)} bytes, ${point.p95.toFixed(2)} ms`}</title>
          </circle>
        ))}
        {chosen !== undefined && <circle class="chosen" cx={x(chosen.bytes)} cy={y(chosen.recall10)} r="8" />}
      </svg>
      <details>
        <summary>Figures</summary>
        <div class="figures">
          <table>
            <thead>
              <tr>
                <th scope="col">Index</th>
                <th scope="col" class="right">
                  Bytes
                </th>
                <th scope="col" class="right">
                  Recall@10
                </th>
                <th scope="col" class="right">
                  p95 ms
                </th>
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={`${point.spec} ${point.nprobe} ${point.refine}`}>
                  <th scope="row">
                    <code>{point.spec}</code> nprobe {point.nprobe}, refine {point.refine}
                  </th>
                  <td class="right">{point.bytes.toFixed(1)}</td>
                  <td class="right">{point.recall10.toFixed(3)}</td>
                  <td class="right">{point.p95.toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
