export { ROCCHIO_DEFAULTS, type RocchioOptions, rocchio } from './rocchio.ts';
export { TOKEN_DEFAULTS, TOKENS, type TokenFeedbackOptions, tokenFeedback } from './tokens.ts';
export type { Feedback } from './types.ts';
export { BO1_DEFAULTS, bo1, RM3_DEFAULTS, rm3, type TermFeedbackOptions } from './words.ts';
