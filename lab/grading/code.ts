import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { InvariantError } from '../../src/base/errors.ts';
import { root as checkout } from './places.ts';

/**
 * What a paper's results depend on: its own code, and of `src/` and the lab all that it reaches through imports, declaration by
 * declaration. The hash is of what runs: types, comments, formatting, methods that nothing names, the paths of imports
 * and the files that declarations stand in are left out, so that moving and renaming files costs nothing, while a changed loss makes the evidence of all that train
 * with it stale. Kernels are left out too: they are built, and tested against their scalar references. So is how encoders and indexes of words do
 * what tests hold them to: see {@link TESTED}.
 */
export class SourceCode {
  readonly #modules = new Map<string, Module | undefined>();

  /** @param root folder of the checkout. */
  constructor(private readonly root = checkout) {}

  /** Hash of what a paper's results depend on; undefined for a paper without code. @param encoder specification of the lab's. */
  hashOf(slug: string, encoder: string): string | undefined {
    const path = join(this.root, 'lab/papers', slug, 'index.ts');
    if (this.#module(path) === undefined) return undefined;
    const reached = new Reach((file) => this.#module(file), this.root);
    reached.exported(path, 'claims');
    // What the lab brings, to those that ask it.
    if (reached.names('collection')) reached.exported(join(this.root, 'src/eval/index.ts'), 'openTestCollection');
    reached.said(encoder.match(WORD) ?? []);
    const kind = ENCODERS[encoder.split(':')[0]!];
    if (reached.names('withEncoder') && kind !== undefined)
      reached.exported(join(this.root, 'src/encode/index.ts'), kind);
    return digest(reached);
  }

  /** Hash of what a module exports under a name, with all that it depends on. @throws InvariantError where there is no such export. */
  hashOfExport(path: string, name: string): string {
    const reached = new Reach((file) => this.#module(file), this.root);
    if (!reached.exported(path, name)) throw new InvariantError(`${path} does not export ${name}.`);
    return digest(reached);
  }

  /** Undefined for what is not there, such as built kernels. */
  #module(path: string): Module | undefined {
    if (!this.#modules.has(path)) {
      this.#modules.set(
        path,
        existsSync(path) && !path.endsWith(BUILT) ? parse(path, readFileSync(path, 'utf8')) : undefined,
      );
    }
    return this.#modules.get(path);
  }
}

function digest({ declarations }: Reach): string {
  const texts = [...declarations].map(({ text }) => text).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
}

/** What `sagitta-search/encode` opens each kind of encoder by. */
export const ENCODERS: Readonly<Record<string, string>> = {
  minilm: 'miniLm',
  bert: 'bertFolder',
  'use-lite': 'useLite',
  static: 'staticEncoder',
  late: 'lateEncoder',
  uses: 'usesEncoder',
  extended: 'extendedEncoder',
  impact: 'impactEncoder',
  hash: 'testEncoder',
  http: 'httpEncoder',
  hf: 'hfEncoder',
};

const BUILT = 'src/kernels/modules.ts';

/**
 * Declarations that are not looked into, since tests hold what they give to another implementation or to its definition, so that how they come to it is free to
 * change: encoders of the BERT family (the vectors of `@lat.md/embed`), the index of words (BM25 as it is defined), what texts and queries are found by (of a version, to
 * which a hash of the analysis of many texts holds it), how specifications and pipelines are written (what is read of them is part of the code that gives them), and which
 * codes are languages, that folders of trained encoders are opened as their forms saved them, and segments give back what was written. Where what one gives may change on purpose, a number beside it does too.
 */
const TESTED: Readonly<Record<string, readonly (readonly [path: string, name: string])[]>> = {
  bertEncoder: [['src/encode/bert/loaded.ts', 'PREPARATION']],
  analyzerFor: [['src/text/analyzer.ts', 'ANALYSIS_VERSION']],
  analyzeQuery: [
    ['src/text/analyzer.ts', 'ANALYSIS_VERSION'],
    ['src/corpus/query-analysis.ts', 'FORM_WEIGHT'],
  ],
  weightedTerms: [],
  phraseWords: [['src/text/analyzer.ts', 'ANALYSIS_VERSION']],
  InvertedIndex: [],
  InvertedIndexBuilder: [],
  SpecText: [],
  parseExpression: [],
  formatExpression: [],
  formatWord: [],
  parseSteps: [],
  checkLanguage: [],
  openTuned: [],
  Segment: [],
};

/**
 * Tables of parts that code finds by name: a part is reached where something that is reached says its name, in a string or as a member. So another part
 * beside them makes nothing stale.
 */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  'src/search/pipeline/operators.ts': ['OPERATORS'],
  'src/search/pipeline/prf.ts': ['KINDS'],
  'src/encode/registry.ts': ['FORMS'],
  'src/store/local/field-kinds.ts': ['FIELD_KINDS'],
  'src/eval/metrics.ts': ['FAMILIES', 'CUT_ONLY', 'metricFamilies'],
};

/** A property of claims that says what they are about, and changes no result: it is hashed as declared. */
const PROSE = 'statement';

/** A top-level statement without the methods of its classes, or such a method: what runs of it, and the names that it uses. */
interface Declaration {
  readonly text: string;
  readonly uses: ReadonlySet<string>;
  /** Names of members that it reads or calls, of whatever object. */
  readonly members: ReadonlySet<string>;
  /** Methods, by name: reached when something that is reached names such a member. */
  readonly methods: readonly (readonly [name: string, method: Declaration])[];
  /** Words of its strings. */
  readonly words: ReadonlySet<string>;
  /** Of a table ({@link TABLES}), by name: reached when something that is reached has such a word or member. */
  readonly parts: readonly (readonly [name: string, part: Declaration])[];
  /** Modules that it imports when it runs. */
  readonly later: readonly string[];
}

/** What a name stands for in another module; `*` is all of it. */
interface Binding {
  readonly from: string;
  readonly name: string;
}

interface Module {
  /** By name within the module. */
  readonly declared: ReadonlyMap<string, Declaration>;
  readonly imports: ReadonlyMap<string, Binding>;
  /** By the name that others see: a name within the module, or what it passes on. */
  readonly exports: ReadonlyMap<string, string | Binding>;
  /** Modules of which everything is passed on. */
  readonly stars: readonly string[];
  /** What happens when the module is loaded. */
  readonly effects: readonly Declaration[];
}

/** Follows names from declaration to declaration. */
class Reach {
  readonly declarations = new Set<Declaration>();
  readonly #seen = new Set<string>();
  readonly #members = new Set<string>();
  /** Methods that nobody has named so far, with their modules. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #words = new Set<string>();
  /** Parts of tables whose names nobody has said so far. */
  readonly #unsaid = new Map<string, (() => void)[]>();

  constructor(
    private readonly module: (path: string) => Module | undefined,
    private readonly root: string,
  ) {}

  /** Whether something that is reached names a member so. */
  names(member: string): boolean {
    return this.#members.has(member);
  }

  /** @returns whether the module exports that. */
  exported(path: string, name: string): boolean {
    const module = this.module(path);
    if (module === undefined) return false;
    if (name === '*') {
      for (const exported of module.exports.keys()) this.exported(path, exported);
      for (const star of module.stars) this.exported(star, '*');
      this.#load(path, module);
      return true;
    }
    const target = module.exports.get(name);
    if (target === undefined) return module.stars.some((star) => this.exported(star, name));
    if (typeof target === 'string') this.#local(path, module, target);
    else this.exported(target.from, target.name);
    return true;
  }

  #local(path: string, module: Module, name: string): void {
    const key = `${path} ${name}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const declaration = module.declared.get(name);
    const binding = module.imports.get(name);
    if (declaration !== undefined && Object.hasOwn(TESTED, name)) {
      this.declarations.add({ ...NOTHING, text: `tested ${name}` });
      for (const [file, version] of TESTED[name]!) {
        const place = join(this.root, file);
        const beside = this.module(place);
        if (beside !== undefined) this.#local(place, beside, version);
      }
    } else if (declaration !== undefined) {
      this.#load(path, module);
      this.#declaration(path, module, declaration);
    } else if (binding !== undefined) this.exported(binding.from, binding.name);
  }

  #load(path: string, module: Module): void {
    for (const effect of module.effects) this.#declaration(path, module, effect);
  }

  #declaration(path: string, module: Module, declaration: Declaration): void {
    if (this.declarations.has(declaration)) return;
    this.declarations.add(declaration);
    for (const name of declaration.uses) this.#local(path, module, name);
    for (const later of declaration.later) this.exported(later, '*');
    for (const [name, method] of declaration.methods) {
      const visit = (): void => this.#declaration(path, module, method);
      if (this.#members.has(name)) visit();
      else this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), visit]);
    }
    for (const name of declaration.members) {
      if (this.#members.has(name)) continue;
      this.#members.add(name);
      for (const visit of this.#waiting.get(name) ?? []) visit();
    }
    for (const [name, part] of declaration.parts) {
      const visit = (): void => this.#declaration(path, module, part);
      if (this.#words.has(name)) visit();
      else this.#unsaid.set(name, [...(this.#unsaid.get(name) ?? []), visit]);
    }
    this.said(declaration.words);
    this.said(declaration.members);
  }

  /** Reaches the parts of these names. */
  said(words: Iterable<string>): void {
    for (const word of words) {
      if (this.#words.has(word)) continue;
      this.#words.add(word);
      for (const visit of this.#unsaid.get(word) ?? []) visit();
    }
  }
}

const NOTHING: Declaration = {
  text: '',
  uses: new Set(),
  members: new Set(),
  methods: [],
  words: new Set(),
  parts: [],
  later: [],
};
const WORD = /[\p{L}_][\p{L}\p{N}_-]*/gu;

function parse(path: string, text: string): Module {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const declared = new Map<string, Declaration>();
  const imports = new Map<string, Binding>();
  const exports = new Map<string, string | Binding>();
  const stars: string[] = [];
  const effects: Declaration[] = [];
  /** What an imported name is called where it comes from; that of a package with the package's name. */
  const origin = new Map<string, string>();
  const relative = (node: ts.Node | undefined): string | undefined =>
    node !== undefined && ts.isStringLiteral(node) && node.text.startsWith('.')
      ? join(dirname(path), node.text)
      : undefined;

  for (const statement of source.statements.filter(ts.isImportDeclaration)) {
    const from = relative(statement.moduleSpecifier);
    const { importClause } = statement;
    if (importClause === undefined && from !== undefined) effects.push({ ...NOTHING, later: [from] });
    for (const [local, name] of namesOf(importClause)) {
      if (from !== undefined) imports.set(local, { from, name });
      origin.set(local, from === undefined ? `${name} of ${statement.moduleSpecifier.getText(source)}` : name);
    }
  }
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) continue;
    if (ts.isExportDeclaration(statement)) {
      const { moduleSpecifier, exportClause, isTypeOnly } = statement;
      const from = relative(moduleSpecifier);
      if (isTypeOnly) continue;
      if (exportClause === undefined) stars.push(...(from === undefined ? [] : [from]));
      else if (ts.isNamespaceExport(exportClause)) exports.set(exportClause.name.text, { from: from ?? '', name: '*' });
      else {
        for (const { name, propertyName = name, isTypeOnly: type } of exportClause.elements) {
          if (!type) exports.set(name.text, from === undefined ? propertyName.text : { from, name: propertyName.text });
        }
      }
      continue;
    }
    if (isType(statement)) continue;
    const names = declaredNames(statement);
    const table = Object.entries(TABLES).some(
      ([file, tables]) => path.endsWith(`/${file}`) && names.some((name) => tables.includes(name)),
    );
    const declaration = declarationOf(statement, { isClaims: names.includes('claims'), table });
    for (const name of names) {
      declared.set(name, declaration);
      if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport)) exports.set(name, name);
    }
    if (names.length === 0) effects.push(declaration);
  }
  return { declared, imports, exports, stars, effects };

  function isExport({ kind }: ts.Node): boolean {
    return kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword;
  }

  /** The tree, in brackets: layout, brackets around expressions, and commas are no part of it. */
  function declarationOf(root: ts.Node, { isClaims = false, table = false } = {}): Declaration {
    const parts: string[] = [];
    const uses = new Set<string>();
    const members = new Set<string>();
    const methods: [string, Declaration][] = [];
    const words = new Set<string>();
    const tableParts: [string, Declaration][] = [];
    const later: string[] = [];
    const walk = (node: ts.Node): void => {
      if (isType(node) || isExport(node)) return;
      if (table && tableParts.length === 0) {
        tableParts.push(...partsOf(node));
        if (tableParts.length > 0) return;
      }
      if (isClaims && ts.isPropertyAssignment(node) && node.name.getText(source) === PROSE) return;
      if (node !== root && ts.isMethodDeclaration(node) && ts.isClassLike(node.parent) && !isImplicit(node.name)) {
        methods.push([node.name.getText(source), declarationOf(node)]);
        return;
      }
      if (wrapsExpression(node)) {
        walk(node.expression);
        return;
      }
      if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
        const member = isMember(node);
        (member ? members : uses).add(node.text);
        // What is taken apart or put together by a name alone is a member as well.
        if (ts.isBindingElement(node.parent) || ts.isShorthandPropertyAssignment(node.parent)) members.add(node.text);
        parts.push((member ? undefined : origin.get(node.text)) ?? node.text);
        return;
      }
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
        const from = relative(node.arguments[0]);
        if (from !== undefined) {
          later.push(from);
          parts.push('import');
          return;
        }
      }
      parts.push(`(${ts.SyntaxKind[node.kind]}`);
      if (ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node)) {
        parts.push(JSON.stringify(node.text));
        if (ts.isStringLiteral(node)) members.add(node.text);
        for (const [word] of node.text.matchAll(WORD)) words.add(word);
      } else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node))
        parts.push(ts.tokenToString(node.operator)!);
      else if (ts.isVariableDeclarationList(node)) parts.push(String(node.flags & ts.NodeFlags.BlockScoped));
      else if (ts.isMetaProperty(node)) parts.push(String(ts.tokenToString(node.keywordToken)));
      ts.forEachChild(node, walk);
      parts.push(')');
    };
    walk(root);
    return { text: parts.join(' '), uses, members, methods, words, parts: tableParts, later };
  }

  /** The parts of a table by their names: what an object's properties hold, or names that a list has, in quotation marks or not. */
  function partsOf(node: ts.Node): [string, Declaration][] {
    if (ts.isObjectLiteralExpression(node) && node.properties.every(({ name }) => name !== undefined))
      return node.properties.map((part) => [textOf(part.name!), declarationOf(part)]);
    if (!ts.isArrayLiteralExpression(node)) return [];
    const parts = node.elements.filter((part) => ts.isIdentifier(part) || ts.isStringLiteral(part));
    return parts.length < node.elements.length ? [] : parts.map((part) => [part.text, declarationOf(part)]);
  }

  function textOf(name: ts.PropertyName): string {
    return ts.isStringLiteral(name) ? name.text : name.getText(source);
  }

  /** Whether a method may be called without its name. */
  function isImplicit(name: ts.PropertyName): boolean {
    return ts.isComputedPropertyName(name) || IMPLICIT.has(name.getText(source));
  }
}

const IMPLICIT = new Set(['toString', 'toJSON', 'valueOf', 'then']);

/** Names that an import gives: within the module, and where they come from. */
function namesOf(clause: ts.ImportClause | undefined): [local: string, name: string][] {
  if (clause === undefined || clause.isTypeOnly) return [];
  const names: [string, string][] = clause.name === undefined ? [] : [[clause.name.text, 'default']];
  const { namedBindings: bindings } = clause;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) names.push([bindings.name.text, '*']);
  else {
    for (const { name, propertyName = name, isTypeOnly } of bindings.elements)
      if (!isTypeOnly) names.push([name.text, propertyName.text]);
  }
  return names;
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement))
    return [statement.name?.text ?? 'default'];
  if (ts.isExportAssignment(statement)) return ['default'];
  if (!ts.isVariableStatement(statement)) return [];
  const names: string[] = [];
  const collect = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) collect(element.name);
  };
  for (const { name } of statement.declarationList.declarations) collect(name);
  return names;
}

/** Whether nothing of it is left when types are taken away. */
function isType(node: ts.Node): boolean {
  if (ts.isExpressionWithTypeArguments(node)) return false;
  if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isTypeParameterDeclaration(node) || ts.isIndexSignatureDeclaration(node)) return true;
  if (ts.isHeritageClause(node)) return node.token === ts.SyntaxKind.ImplementsKeyword;
  // A parameter with such a modifier is a property; a property is one with or without.
  if (ts.isModifier(node))
    return !ts.isParameter(node.parent) && TYPE_MODIFIERS.test(ts.tokenToString(node.kind) ?? '');
  if (ts.isQuestionToken(node) || ts.isExclamationToken(node)) return true;
  return ts.isFunctionLike(node) && 'body' in node && node.body === undefined && !ts.isArrowFunction(node);
}

const TYPE_MODIFIERS = /^(readonly|public|private|protected|override|abstract|declare)$/;

/** What says something of an expression to the compiler or to readers only. */
function wrapsExpression(
  node: ts.Node,
): node is
  | ts.AsExpression
  | ts.SatisfiesExpression
  | ts.NonNullExpression
  | ts.ParenthesizedExpression
  | ts.ExpressionWithTypeArguments {
  return (
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isExpressionWithTypeArguments(node)
  );
}

/** Whether an identifier is the name of a member, which is no use of a name of the module. */
function isMember(node: ts.Identifier | ts.PrivateIdentifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isMethodDeclaration(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent) || ts.isAccessor(parent)) &&
    parent.name === node
  );
}
