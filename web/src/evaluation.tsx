import type { JSX } from 'preact';
import { type CollectionInfo, client } from './api.ts';
import { useLoaded } from './hooks.ts';
import { number } from './text.ts';
import { TroubleBox } from './trouble.tsx';

/** How well retrievers rank, as `sagitta eval` measured it on a test collection. */
export function EvaluationPanel({ info }: { readonly info: CollectionInfo }): JSX.Element {
  const loaded = useLoaded(`evaluation ${info.name}`, (signal) => client(info.name).evaluation({ signal }));
  const report = loaded.value;
  const metrics = Object.keys(report?.results[0]?.metrics ?? {});
  return (
    <section aria-labelledby="evaluation">
      <h2 id="evaluation">Evaluation</h2>
      {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
      {report !== undefined && (
        <>
          <p class="faint">
            {report.collection}, {number(report.queries)} judged queries; the best of each metric is bold.
          </p>
          <div class="figures">
            <table>
              <thead>
                <tr>
                  <th scope="col">Retriever</th>
                  {metrics.map((metric) => (
                    <th key={metric} scope="col">
                      {metric}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {report.results.map(({ retriever, metrics: values }) => (
                  <tr key={retriever}>
                    <th scope="row">{retriever}</th>
                    {metrics.map((metric) => {
                      const best = Math.max(...report.results.map((one) => one.metrics[metric] ?? 0));
                      const value = values[metric] ?? undefined;
                      const shown = value?.toFixed(3) ?? '–';
                      return <td key={metric}>{value === best ? <strong>{shown}</strong> : shown}</td>;
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
