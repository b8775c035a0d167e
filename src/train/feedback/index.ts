export { type FeedbackSetOptions, feedbackSets } from './feedback-sets.ts';
export { queryUpdateGraph } from './network.ts';
export { type TrainFeedbackOptions, trainFeedback } from './train-feedback.ts';
export { type TrainHopsOptions, trainHops } from './train-hops.ts';
