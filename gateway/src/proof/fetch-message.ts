import type { signetContextHeader } from '@signet/service';

/** What a fetch sends, for whoever signs it: the exact bytes of the body, and each header that a signature covers. */
export type FetchMessage = {
  method: 'POST';
  /** Without its query. */
  path: string;
  /** With its question mark, or empty. */
  query: string;
  headers: {
    'content-type': string;
    [signetContextHeader]: string;
    authorization?: string;
    cookie?: string;
  };
  body: string;
};
