/**
 * Signs people in to Signet from a frontend, and gives operations their access token: refresh once across tabs, second factors,
 * passkeys, and everything that can go wrong as one typed union. `/apollo`, `/urql` and `/react` are adapters, `/cache`
 * tells any other cache when the account changes, `/pages` is for pages that links lead to, `/documents` for a manifest of trusted documents.
 *
 * @packageDocumentation
 */
export * from '../../libs/client/src/index.ts';
