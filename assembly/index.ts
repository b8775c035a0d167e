// Every kernel takes byte addresses into the imported memory and allocates nothing: the caller owns the layout.
export * from "./float";
export * from "./int8";
export * from "./topk";
export * from "./postings";
export * from "./pq";
