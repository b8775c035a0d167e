import type { JSX } from 'preact';
import type { MeasureAnswer } from './api.ts';
import { milliseconds, percent, plural, visible } from './text.ts';

const [WIDTH, ROW, LEFT, TOP] = [300, 34, 4, 4] as const;

/** nDCG@10 of pipelines: a picture with intervals, the same as a table, and what the differences are worth. */
export function Measures({ value: { queries, results, comparisons } }: { readonly value: MeasureAnswer }): JSX.Element {
  const best = Math.max(...results.map(({ ndcg10 }) => ndcg10));
  const x = (share: number): number => LEFT + share * (WIDTH - 2 * LEFT);
  const height = TOP + ROW * results.length + 18;
  return (
    <>
      <p class="faint">
        {plural(queries, 'query', 'queries')} with an answer; bars are 95 % intervals.
        {queries < 10 && ' That few say little.'}
      </p>
      <svg
        class="measures"
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label="nDCG@10; the table below has the figures"
      >
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <g key={tick}>
            <line class="grid" x1={x(tick)} x2={x(tick)} y1={TOP} y2={height - 18} />
            <text x={x(tick)} y={height - 4} class={tick === 0 ? '' : tick === 1 ? 'end' : 'middle'}>
              {tick}
            </text>
          </g>
        ))}
        {results.map(({ pipeline, ndcg10, interval }, i) => (
          <g key={pipeline}>
            <text x={x(0)} y={TOP + ROW * i + 12} class="label">
              {visible(pipeline).slice(0, 44)}
            </text>
            <line
              class="bar"
              x1={x(interval.low)}
              x2={x(interval.high)}
              y1={TOP + ROW * i + 23}
              y2={TOP + ROW * i + 23}
            />
            <circle cx={x(ndcg10)} cy={TOP + ROW * i + 23} r="5" />
          </g>
        ))}
      </svg>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section class="figures" tabIndex={0} aria-label="Figures">
        <table>
          <thead>
            <tr>
              <th scope="col">Pipeline</th>
              <th scope="col" class="right">
                nDCG@10
              </th>
              <th scope="col" class="right">
                95 %
              </th>
              <th scope="col" class="right">
                Judged
              </th>
              <th scope="col" class="right">
                Time
              </th>
            </tr>
          </thead>
          <tbody>
            {results.map(({ pipeline, ndcg10, interval, judged10, p50 }) => (
              <tr key={pipeline}>
                <th scope="row">{visible(pipeline)}</th>
                <td class="right">{ndcg10 === best ? <strong>{ndcg10.toFixed(3)}</strong> : ndcg10.toFixed(3)}</td>
                <td class="right">
                  {interval.low.toFixed(2)}–{interval.high.toFixed(2)}
                </td>
                <td class="right">{percent(judged10)}</td>
                <td class="right">{milliseconds(p50)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {comparisons.length > 0 && (
        <ul class="comparisons">
          {comparisons.map(({ pipeline, baseline, difference, interval, p }) => (
            <li key={pipeline}>
              {visible(pipeline)} {difference >= 0 ? '+' : '−'}
              {Math.abs(difference).toFixed(3)} beside {visible(baseline)} ({interval.low.toFixed(2)} to{' '}
              {interval.high.toFixed(2)}),{' '}
              {p < 0.05 ? `p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`}` : 'which may be chance'}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
