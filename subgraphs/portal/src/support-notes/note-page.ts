import { createCursorCodec, isIntegerKey, type PageRequest } from '@signet/subgraph';

export type NotePage = PageRequest<number>;

/** Latest first: microseconds since 1970 and the id. */
export const noteCursor = createCursorCodec<number>(
  'notes:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);
