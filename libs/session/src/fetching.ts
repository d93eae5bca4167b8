// For what fetches from addresses that a client names. The packages do not have it.
export { fetchJson, type Reached } from './fetch-json.ts';
export { type AddressReach, reachOf } from './issuers/address-reach.ts';
