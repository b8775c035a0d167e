export { kendall, meanRanks, pearson, spearman } from './correlation.ts';
export {
  incompleteBeta,
  logGamma,
  mean,
  quantile,
  studentQuantile,
  studentTwoSided,
  variance,
} from './distributions.ts';
export {
  crossProduct,
  type Eigen,
  LinearMap,
  meanOf,
  orthonormalise,
  polarFactor,
  solvePositive,
  symmetricEigen,
  transpose,
} from './linear.ts';
export { dot, products, unitRow, unitRows } from './rows.ts';
export { type ExactOptions, exactSelections, exactTop, greatest, type Metric } from './top.ts';
