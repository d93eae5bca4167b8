export type Path = readonly (string | number)[];

/** Of paths that subgraphs write: lists inside lists can be as long as an answer. No operation of a client is as deep. */
export const maxPathLength = 200;

/** Tells which places of a result have an error, at, below or above them. */
export type ErrorPaths = {
  /** Whether an error stands at this place. */
  isError: boolean;
  below: Map<string | number, ErrorPaths>;
};

export function createErrorPaths(paths: readonly Path[]): ErrorPaths {
  const root: ErrorPaths = { isError: false, below: new Map() };
  for (const path of paths) {
    let place = root;
    for (const element of path) {
      let next = place.below.get(element);
      if (!next) {
        next = { isError: false, below: new Map() };
        place.below.set(element, next);
      }
      place = next;
    }
    place.isError = true;
  }
  return root;
}
