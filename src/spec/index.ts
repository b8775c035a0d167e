export {
  type Argument,
  type Bracketed,
  type Expression,
  formatExpression,
  formatWord,
  itemsOf,
  type Joined,
  type Labelled,
  type Name,
  numberIn,
  parseExpression,
  type Term,
} from './grammar.ts';
export { formatPart, type PartSyntax, readPart, type SpecPart } from './parts.ts';
export { readSettings, type SettingRule, type SettingRules, type SettingValues } from './settings.ts';
export { type Span, SpecText } from './text.ts';
