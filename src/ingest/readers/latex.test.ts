import { describe, expect, it } from 'vitest';
import { readContent, readOne } from '../../../test/support/ingest.ts';

const paper =
  String.raw`\documentclass[11pt]{article} % a comment
\usepackage[utf8]{inputenc}
\newcommand{\proj}{Weirgate}
\newcommand{\pair}[2][left]{#1 and \emph{#2}}
\title{Sluices of M\"unchen}
\author{A. N\'u\~nez \and B. \v{C}apek}
\begin{document}
\maketitle
\begin{abstract}
We open \textbf{sluices}\footnote{Slowly.} of the \proj{} project, \pair{right}---100\% \& more.
\end{abstract}
\section[Short]{Water levels}\label{sec:levels}
See Section~\ref{sec:levels}; it holds $x^2 \leq \alpha$ \cite{smith2001,jones}.

Second ` +
  "``paragraph''" +
  String.raw` at \url{http://x.example/a\_b}, \href{http://y.example}{the site}, \verb|a_b|.
\begin{enumerate}
  \item One
  \item Two
\end{enumerate}
\begin{table}
\begin{tabular}{l|r}
\hline
Gate & Width \\
North & 3 \\
\end{tabular}
\caption{Gates by width}
\end{table}
\begin{lstlisting}[language=C]
int a = b \ c;
\end{lstlisting}
\begin{tikzpicture}\draw (0,0) -- (1,1);\end{tikzpicture}
\begin{comment}
never shown
\end{comment}
\begin{equation}\frac{a}{b} = \sum_i c_i\end{equation}
\begin{thebibliography}{9}
\bibitem{smith2001} Smith, Gates.
\end{thebibliography}
\end{document}
after the end`;

describe('the LaTeX reader', () => {
  it('reads what the document shows', async () => {
    const { text, blocks, title, metadata, format } = await readOne('paper.tex', paper);
    expect({ format, title }).toEqual({ format: 'latex', title: 'Sluices of München' });
    expect(metadata).toMatchObject({ author: 'A. Núñez B. Čapek' });
    const parts = blocks.map(({ kind, start, end }) => `${kind}: ${text.slice(start, end)}`);
    expect(parts).toEqual([
      'paragraph: A. Núñez B. Čapek',
      'paragraph: We open sluices (Slowly.) of the Weirgate project, left and right—100% & more.',
      'heading: Water levels',
      'paragraph: See Section ; it holds x^2 ≤ α [smith2001,jones].',
      'paragraph: Second “paragraph” at http://x.example/a_b, the site (http://y.example), a_b.',
      'list-item: 1. One',
      'list-item: 2. Two',
      'table: Gate | Width\nNorth | 3',
      'paragraph: Gates by width',
      'code: int a = b \\ c;',
      'paragraph: a/b = ∑_i c_i',
      'list-item: [smith2001] Smith, Gates.',
    ]);
    expect(blocks[2]).toMatchObject({ level: 2, name: 'Water levels' });
    expect((await readContent('paper.tex', paper)).notes.map(({ note }) => note)).toEqual([
      'A drawing in it was not read.',
    ]);
  });

  it('reads parts of documents, slides, and files that are none', async () => {
    const part = await readOne(
      'part.tex',
      '\\chapter{Floods}\nIn 1953.\n\n\\begin{frame}{Title here}\n\\begin{itemize}\\item a\\end{itemize}\\end{frame}',
    );
    expect(part.text).toBe('Floods\n\nIn 1953.\n\nTitle here\n\n- a');
    expect(part.title).toBe('Floods');
    expect((await readOne('plain.tex', 'just words')).text).toBe('just words');
  });

  it.each([
    ['\\"{u}\\"u\\`a\\^{\\i}\\ss{} \\c{c}\\o', 'üüàîß çø'],
    ['{\\bf bold} \\textit{it} \\mbox{box} a\\,b', 'bold it box a b'],
    ['\\def\\x{y}\\x\\ z\\textcolor{red}{warm}', 'y zwarm'],
    ['un\\-hyphen\\-ated 5\\% \\$3 \\#1 a\\_b \\{x\\}', 'unhyphenated 5% $3 #1 a_b {x}'],
    ['\\unknown[opt]{kept}{too}', 'kepttoo'],
    ['one % gone\n  two', 'one two'],
    ['\\texorpdfstring{shown $x$}{plain} rest', 'shown x rest'],
    ['\\begin{theorem}[Zorn \\emph{1935}] Chains.\\end{theorem}', 'Zorn 1935. Chains.'],
    ['\\begin{proof}[Of the lemma]Clear.\\end{proof}', 'Of the lemma. Clear.'],
  ])('%j', async (source, expected) => {
    expect((await readOne('a.tex', `\\relax ${source}`)).text).toBe(expected);
  });

  it('is bounded on hostile sources', async () => {
    const bomb = `\\newcommand{\\a}{\\b\\b\\b\\b\\b\\b\\b\\b}\\newcommand{\\b}{\\a\\a\\a\\a\\a\\a\\a\\a}word \\a`;
    const nested = `${'{\\bf '.repeat(20_000)}word`;
    const open = `\\begin{tabular}${'[{'.repeat(20_000)} word`;
    for (const source of [bomb, nested, open, '\\begin{itemize}'.repeat(20_000), '\\x['.repeat(20_000)]) {
      const before = process.cpuUsage();
      await readContent('a.tex', source);
      // Microseconds of the processor: the clock goes on while other work has it.
      expect(process.cpuUsage(before).user).toBeLessThan(10e6);
    }
  });
});
