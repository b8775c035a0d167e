// Every kernel takes byte addresses into the imported memory and allocates nothing: the caller owns the layout.
export * from "./float";
export * from "./int8";
export * from "./topk";
export * from "./postings";
export * from "./pq";
export * from "./kmeans";
export * from "./hamming";
export * from "./hadamard";
export * from "./anisotropic";
export * from "./scalar";
export * from "./late";
