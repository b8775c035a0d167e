/** Levels of headings. */
export const HEADINGS: Readonly<Record<string, number>> = {
  part: 1,
  chapter: 1,
  section: 2,
  subsection: 3,
  subsubsection: 4,
  paragraph: 5,
  subparagraph: 6,
  frametitle: 2,
};
const set = (names: string): ReadonlySet<string> => new Set(names.split(/\s+/));
/** Environments whose content is kept as it stands. */
export const VERBATIM = set('verbatim Verbatim lstlisting minted alltt BVerbatim semiverbatim filecontents');
/** Environments that nobody reads, and drawings. */
export const HIDDEN = set('comment');
/** What may have a name of its own in brackets, which is shown. */
export const NAMED =
  /^(?:theorem|lemma|proposition|corollary|definition|remark|example|proof|claim|conjecture|axiom|problem|exercise|question|solution|note|thm|lem|prop|cor|defn?|rem)$/;
export const DRAWINGS = set('tikzpicture pspicture picture pgfpicture asy circuitikz tikzcd forest');
export const LISTS = set('itemize enumerate description compactitem compactenum inparaenum thebibliography');
export const TABLES = set('tabular tabularx tabular* longtable array tabulary supertabular tblr');
export const MATHS = set(
  'equation align gather multline eqnarray displaymath math flalign alignat split cases matrix pmatrix bmatrix',
);
/** Commands whose arguments are none of the text: how many. */
export const SILENT: Readonly<Record<string, number>> = {
  label: 1,
  ref: 0,
  pageref: 1,
  vspace: 1,
  hspace: 1,
  input: 1,
  include: 1,
  bibliographystyle: 1,
  bibliography: 1,
  usepackage: 1,
  documentclass: 1,
  RequirePackage: 1,
  pagestyle: 1,
  thispagestyle: 1,
  setlength: 2,
  addtolength: 2,
  setcounter: 2,
  addtocounter: 2,
  hypersetup: 1,
  geometry: 1,
  definecolor: 3,
  color: 1,
  textcolor: 1,
  colorbox: 1,
  renewcommand: 2,
  newcommand: 2,
  providecommand: 2,
  DeclareMathOperator: 2,
  newenvironment: 3,
  renewenvironment: 3,
  newtheorem: 2,
  theoremstyle: 1,
  fontsize: 2,
  selectlanguage: 1,
  addbibresource: 1,
  graphicspath: 1,
  index: 1,
  phantom: 1,
  hphantom: 1,
  vphantom: 1,
  rule: 2,
  cline: 1,
  cmidrule: 1,
  multicolumn: 2,
  multirow: 2,
  raisebox: 1,
  includepdf: 1,
  bibitem: 1,
  lstset: 1,
  tikzset: 1,
  usetikzlibrary: 1,
  usetheme: 1,
  resizebox: 2,
  scalebox: 1,
  parbox: 1,
  foreignlanguage: 1,
  stepcounter: 1,
  newcounter: 1,
  nocite: 1,
  lstinputlisting: 1,
  inputminted: 2,
  hyphenation: 1,
};
