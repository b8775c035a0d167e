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
  unitRow,
} from './linear.ts';
