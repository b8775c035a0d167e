/** The part of a tree-sitter node that finding definitions needs. Indices are UTF-16 code units. */
export interface SyntaxNode {
  readonly type: string;
  readonly text: string;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly namedChildren: readonly (SyntaxNode | null)[];
  childForFieldName(name: string): SyntaxNode | null;
}

/** Languages whose definitions can be found. */
export type CodeLanguage =
  | 'typescript'
  | 'tsx'
  | 'javascript'
  | 'python'
  | 'go'
  | 'rust'
  | 'java'
  | 'c'
  | 'cpp'
  | 'csharp'
  | 'php'
  | 'ruby'
  | 'shell';

/** A function, method, class, interface, type, namespace... */
export interface Definition {
  /** Own name, `''` where it has none; several parts where it says where it belongs (`Parser.parse` in Go and C++). */
  readonly name: string;
  /** What its members are looked for in. */
  readonly body?: SyntaxNode;
}

/** What a node is: a definition, or a wrapper (`'inside'`) whose children may be, or neither. */
export type Described = Definition | 'inside' | undefined;

/** For node types: plain definitions with a `name` field, with or without members. */
const LEAVES = new Set(
  `function_declaration generator_function_declaration function_signature type_alias_declaration enum_declaration
  interface_declaration method_definition method_signature abstract_method_signature function_item function_signature_item
  struct_item enum_item union_item type_item macro_definition method_declaration constructor_declaration
  compact_constructor_declaration annotation_type_declaration preproc_function_def enum_specifier`.split(/\s+/),
);
const CONTAINERS = new Set(
  `class_declaration abstract_class_declaration class internal_module module class_definition trait_item mod_item
  record_declaration class_specifier struct_specifier union_specifier namespace_definition`.split(/\s+/),
);
/** Wrappers without a name of their own. */
const INSIDE = new Set(
  `ERROR preproc_if preproc_ifdef preproc_else preproc_elif linkage_specification declaration_list enum_body_declarations
  statement_block if_statement try_statement block`.split(/\s+/),
);
const FUNCTION_VALUES = new Set(
  'arrow_function function_expression function generator_function class class_expression'.split(' '),
);

/** What stands directly before a definition and belongs to it. */
export const LEADING = new Set(
  'comment line_comment block_comment decorator attribute_item inner_attribute_item attribute_declaration'.split(' '),
);

/** What a node means in a language. */
export function describe(node: SyntaxNode, language: CodeLanguage): Described {
  switch (language) {
    case 'python':
      return describePython(node);
    case 'go':
      return describeGo(node);
    case 'rust':
      return describeRust(node);
    case 'java':
      return describeCommon(
        node,
        (interfaces) => interfaces === 'interface_declaration' || interfaces === 'enum_declaration',
      );
    case 'c':
    case 'cpp':
      return describeC(node);
    case 'csharp':
    case 'php':
    case 'ruby':
    case 'shell':
      return describeByType(node, FAMILIES[language]);
    default:
      return describeScript(node);
  }
}

function describeCommon(node: SyntaxNode, alsoContainer: (type: string) => boolean = () => false): Described {
  const { type } = node;
  if (CONTAINERS.has(type) || alsoContainer(type)) {
    const body = node.childForFieldName('body');
    return { name: nameOf(node), ...(body ? { body } : {}) };
  }
  if (LEAVES.has(type)) return { name: nameOf(node) };
  return INSIDE.has(type) ? 'inside' : undefined;
}

/** Types of nodes that have members, that have none, and that are only around them. */
interface Family {
  readonly containers: ReadonlySet<string>;
  readonly leaves: ReadonlySet<string>;
  readonly inside: ReadonlySet<string>;
}

const types = (names: string): ReadonlySet<string> => new Set(names.split(/\s+/));
const FAMILIES: Readonly<Record<'csharp' | 'php' | 'ruby' | 'shell', Family>> = {
  csharp: {
    containers:
      types(`namespace_declaration class_declaration struct_declaration interface_declaration record_declaration
      record_struct_declaration`),
    leaves:
      types(`method_declaration constructor_declaration destructor_declaration enum_declaration delegate_declaration
      operator_declaration property_declaration indexer_declaration local_function_statement event_declaration`),
    inside: types('ERROR file_scoped_namespace_declaration declaration_list global_statement preproc_if'),
  },
  php: {
    containers: types('namespace_definition class_declaration interface_declaration trait_declaration'),
    leaves: types('function_definition method_declaration enum_declaration'),
    inside: types('ERROR declaration_list compound_statement if_statement'),
  },
  ruby: {
    containers: types('module class'),
    leaves: types('method singleton_method'),
    inside: types('ERROR singleton_class body_statement if unless then'),
  },
  shell: { containers: types(''), leaves: types('function_definition'), inside: types('ERROR') },
};

function describeByType(node: SyntaxNode, { containers, leaves, inside }: Family): Described {
  if (leaves.has(node.type)) return { name: nameOf(node) };
  if (!containers.has(node.type)) return inside.has(node.type) ? 'inside' : undefined;
  // Some grammars have no field for the members of a class.
  return { name: nameOf(node), body: node.childForFieldName('body') ?? node };
}

function describeScript(node: SyntaxNode): Described {
  switch (node.type) {
    case 'export_statement':
    case 'ambient_declaration':
    case 'expression_statement': {
      for (const child of node.namedChildren) {
        if (child === null) continue;
        if (child.type === 'assignment_expression') return assignment(child);
        if (FUNCTION_VALUES.has(child.type) && node.type === 'export_statement') {
          const body = child.childForFieldName('body');
          return { name: nameOf(child) || 'default', ...(body?.type === 'class_body' ? { body } : {}) };
        }
        const inner = child.type === 'lexical_declaration' ? describeScript(child) : describeCommon(child);
        if (inner !== undefined && inner !== 'inside') return inner;
      }
      return undefined;
    }
    case 'lexical_declaration':
    case 'variable_declaration': {
      const declarators = node.namedChildren.filter((child) => child?.type === 'variable_declarator');
      for (const declarator of declarators) {
        const value = declarator!.childForFieldName('value');
        if (value && FUNCTION_VALUES.has(value.type)) {
          const body = value.childForFieldName('body');
          return { name: nameOf(declarator!), ...(body?.type === 'class_body' ? { body } : {}) };
        }
      }
      return undefined;
    }
    case 'public_field_definition':
    case 'field_definition': {
      const value = node.childForFieldName('value');
      const name = node.childForFieldName('name') ?? node.childForFieldName('property');
      return value && FUNCTION_VALUES.has(value.type) ? { name: name?.text ?? '' } : undefined;
    }
    case 'if_statement':
    case 'try_statement':
    case 'block':
      return undefined;
    default:
      return describeCommon(node);
  }
}

/** `exports.name = function () {}`, `Parser.prototype.parse = () => {}`. */
function assignment(node: SyntaxNode): Described {
  const value = node.childForFieldName('right');
  if (!value || !FUNCTION_VALUES.has(value.type)) return undefined;
  const target = node.childForFieldName('left')?.text ?? '';
  if (!/^[\w$.]+$/.test(target)) return undefined;
  return { name: target.replace(/^(?:module\.)?exports\./, '').replace('.prototype.', '.') };
}

function describePython(node: SyntaxNode): Described {
  if (node.type === 'decorated_definition') {
    const inner = node.childForFieldName('definition');
    return inner ? describePython(inner) : undefined;
  }
  if (node.type === 'function_definition') return { name: nameOf(node) };
  return describeCommon(node);
}

function describeGo(node: SyntaxNode): Described {
  if (node.type === 'method_declaration') {
    const receiver = /(\w+)\s*(?:\[[^\]]*\])?\s*\)$/.exec(node.childForFieldName('receiver')?.text ?? '')?.[1];
    return { name: receiver ? `${receiver}.${nameOf(node)}` : nameOf(node) };
  }
  if (node.type === 'type_declaration') {
    const specs = node.namedChildren.filter((child) => child?.type === 'type_spec' || child?.type === 'type_alias');
    return specs.length > 0 ? { name: specs.map((spec) => nameOf(spec!)).join(', ') } : undefined;
  }
  return node.type === 'block' || node.type === 'if_statement' ? undefined : describeCommon(node);
}

function describeRust(node: SyntaxNode): Described {
  if (node.type === 'impl_item') {
    const body = node.childForFieldName('body');
    return { name: withoutArguments(node.childForFieldName('type')?.text ?? ''), ...(body ? { body } : {}) };
  }
  return node.type === 'block' ? undefined : describeCommon(node);
}

function describeC(node: SyntaxNode): Described {
  switch (node.type) {
    case 'function_definition':
      return { name: declaredName(node) };
    case 'template_declaration':
    case 'declaration':
    case 'field_declaration':
    case 'type_definition':
    case 'friend_declaration': {
      for (const child of node.namedChildren) {
        const inner = child && describeC(child);
        if (inner && inner !== 'inside') {
          return inner.name === '' ? { ...inner, name: node.childForFieldName('declarator')?.text ?? '' } : inner;
        }
      }
      return undefined;
    }
    case 'class_specifier':
    case 'struct_specifier':
    case 'union_specifier':
    case 'enum_specifier': {
      // Without a body it is only mentioned: `struct point p;`.
      const body = node.childForFieldName('body');
      if (!body) return undefined;
      return node.type === 'enum_specifier' ? { name: nameOf(node) } : { name: nameOf(node), body };
    }
    case 'if_statement':
    case 'try_statement':
    case 'block':
      return undefined;
    default:
      return describeCommon(node);
  }
}

/** The name that a C declarator wraps: `int *(*name(int))(void)`, `Parser<T>::parse`. */
function declaredName(node: SyntaxNode): string {
  let at: SyntaxNode | null = node;
  for (let depth = 0; at && depth < 12; depth++) {
    const inner: SyntaxNode | null = at.childForFieldName('declarator');
    if (inner === null) break;
    at = inner;
  }
  return at && at !== node ? withoutArguments(at.text).replaceAll('::', '.') : '';
}

function nameOf(node: SyntaxNode): string {
  return withoutArguments(node.childForFieldName('name')?.text ?? '')
    .replace(/^['"]|['"]$/g, '')
    .replaceAll(/::|\\/g, '.');
}

/** Type arguments dropped, white space collapsed, kept short. */
function withoutArguments(name: string): string {
  const plain = /operator/.test(name) ? name : name.replace(/<[\s\S]*>/g, '');
  return plain.replace(/\s+/g, ' ').trim().slice(0, 200);
}
