import type { ServerResponse } from 'node:http';

/** The fetches that are under way at a time. */
export type FetchPlaces = {
  /** Takes a place for as long as the response is open, and the work for it lasts. False: there is none. */
  take(response: ServerResponse): boolean;
  /** Keeps the place of a response until the work is done, also where the router has left: the subgraph goes on with it. */
  keep<T>(response: ServerResponse, work: Promise<T>): Promise<T>;
};

/** Bounds what a signer holds in memory, whatever its router does with the connections. */
export function createFetchPlaces(max: number): FetchPlaces {
  let taken = 0;
  const works = new WeakMap<ServerResponse, Promise<unknown>>();
  return {
    take(response) {
      if (taken >= max) return false;
      taken += 1;
      const giveBack = () => {
        taken -= 1;
      };
      response.once('close', () => void (works.get(response) ?? Promise.resolve()).then(giveBack, giveBack));
      return true;
    },
    keep(response, work) {
      works.set(response, work);
      return work;
    },
  };
}
