import type { JSX } from 'preact';
import type { SearchAnswer, Trace } from './api.ts';
import { milliseconds, number, percent, visible } from './text.ts';

/** The stages of a search: what each looked at, gave, and took. */
export function TracePanel({ trace }: { readonly trace: Trace }): JSX.Element {
  const rows: { stage: Trace; depth: number }[] = [];
  const collect = (stage: Trace, depth: number): void => {
    rows.push({ stage, depth });
    for (const input of stage.inputs ?? []) collect(input, depth + 1);
  };
  collect(trace, 0);
  const longest = Math.max(...rows.map(({ stage }) => stage.tookMs), 0.001);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="trace scroll" tabIndex={0} aria-label="Stages of the search">
      <table>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Time</th>
            <th scope="col" class="right">
              Scored
            </th>
            <th scope="col" class="right">
              Returned
            </th>
            <th scope="col">Note</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ stage, depth }) => (
            <tr key={`${depth} ${stage.stage}`}>
              <th scope="row" class={`depth${Math.min(depth, 3)}`}>
                {stage.stage}
              </th>
              <td>
                <meter min={0} max={1} value={stage.tookMs / longest} aria-hidden="true" /> {milliseconds(stage.tookMs)}
              </td>
              <td class="right">{number(stage.examined)}</td>
              <td class="right">{number(stage.returned)}</td>
              <td class="faint">{stage.note === undefined ? '' : visible(stage.note)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Why a hit ranks where it does: what each stage thought of it. */
export function Contributions({ hit }: { readonly hit: SearchAnswer['hits'][number] }): JSX.Element {
  const { contributions, score, relevance } = hit;
  if (contributions === undefined || contributions.length === 0) {
    return <p class="why faint">One stage ranked it, with the score {score.toPrecision(4)}.</p>;
  }
  const most = Math.max(...contributions.map(({ share }) => share), Number.MIN_VALUE);
  return (
    <table class="why">
      <caption class="hidden">What each stage contributed</caption>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col" class="right">
            Rank
          </th>
          <th scope="col" class="right">
            Score
          </th>
          <th scope="col">Adds</th>
        </tr>
      </thead>
      <tbody>
        {contributions.map(({ stage, rank, score: own, share }) => (
          <tr key={stage}>
            <th scope="row">{stage}</th>
            <td class="right">{rank ?? '-'}</td>
            <td class="right">{own?.toPrecision(4) ?? '-'}</td>
            <td>
              <meter min={0} max={1} value={share / most} aria-hidden="true" /> {share.toFixed(3)}
            </td>
          </tr>
        ))}
        <tr class="sum">
          <th scope="row">together</th>
          <td />
          <td />
          <td>
            {score.toFixed(3)}
            {relevance !== undefined && `, relevant with ${percent(relevance)}`}
          </td>
        </tr>
      </tbody>
    </table>
  );
}
