import { variants } from '@signet/schema/supergraph-files';
import { configFields, processConfigFields } from '@signet/service';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { reportFault, unlessFaulty } from '../config-faults.ts';
import { isHttpUrl } from '../config-graph.ts';
import { splitProcesses } from './recipients.ts';

const minSecretLength = 32;

const fields = {
  ...processConfigFields,
  PORT: configFields.port
    .default(4020)
    .describe('The port on which the signer takes the fetches of the router beside it. 0 takes a free one.'),
  SIGNER_ENTRANCE: z
    .enum(variants, `must be one of ${variants.join(', ')}`)
    .describe(
      'The entrance for which the signer signs: graph, user or portal. Subgraphs refuse tokens and fields of a platform that it does not admit.',
    ),
  SIGNER_SECRET: configFields.secret
    .regex(
      new RegExp(`^[\\w+/=.~-]{${minSecretLength},200}$`),
      `must be ${minSecretLength} to 200 letters, digits or any of + / = . ~ _ - (openssl rand -base64 32)`,
    )
    .describe(
      'What the router sends with each fetch, in the header Signet-Signer. Nobody else gets a signature.',
    ),
  SUBGRAPH_URLS: configFields.list
    .transform((pairs) => pairs.map(splitPair))
    .refine((pairs) => pairs.length > 0, 'names no subgraph')
    .refine(
      (pairs) => pairs.every(([name, url]) => /^[A-Za-z][\w-]*$/.test(name) && isPlainUrl(url)),
      'must be pairs such as reviews=http://reviews:4013/graphql, without user, password and fragment',
    )
    .refine((pairs) => new Set(pairs.map(([name]) => name)).size === pairs.length, 'names a subgraph twice')
    .describe(
      'The subgraphs that the signer sends to: pairs of the name in peers.json and the URL, separated by commas. The router sends to /<name>.',
    ),
  SUPERGRAPH_FILE: z
    .string()
    .optional()
    .describe(
      'Path of the whole supergraph. Needed only where auth is two processes, auth-user and auth-portal: it says whose field is whose.',
    ),
  PROOF_KEY_FILE: z.string().describe('Path of the proof keys of the entrance.'),
  PROOF_PEERS_FILE: z.string().describe('Path of the public proof keys of all processes.'),
  TRUSTED_PROXIES: configFields.list
    .refine(
      (ranges) => ranges.every((range) => ipaddr.isValidCIDR(range)),
      'must be a list of CIDRs such as 127.0.0.1/32',
    )
    .default([])
    .describe(
      'CIDRs of the router and of the proxies before it, whose Forwarded and X-Forwarded-For headers are believed. Without them the signer names no client address.',
    ),
  REQUEST_TIMEOUT_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 60000', { min: 100, max: 60_000 })
    .default(15_000)
    .describe('The time for one fetch.'),
  MAX_FETCHES: configFields
    .wholeNumber('must be a number from 1 to 100000', { min: 1, max: 100_000 })
    .default(256)
    .describe('Fetches under way at a time, of at most 1 MB each. More get a 503 at once.'),
};

/** The settings of `signet-signer`. */
export const signerConfigSchema = z.object(fields).superRefine(
  ({ SUBGRAPH_URLS, SUPERGRAPH_FILE }, issues) => {
    const names = SUBGRAPH_URLS.map(([name]) => name);
    const split = splitProcesses.filter((name) => names.includes(name));
    if (split.length === 0) return;
    if (split.length < splitProcesses.length || names.includes('auth')) {
      reportFault(
        issues,
        'SUBGRAPH_URLS',
        `must name both of ${splitProcesses.join(', ')} and not auth, or auth alone`,
      );
    } else if (SUPERGRAPH_FILE === undefined) {
      reportFault(
        issues,
        'SUPERGRAPH_FILE',
        'is not set: with auth-user and auth-portal, the signer reads there which of them a fetch is for',
      );
    }
  },
  unlessFaulty(['SUBGRAPH_URLS']),
);

export type SignerConfig = z.output<typeof signerConfigSchema>;

function splitPair(pair: string): readonly [name: string, url: string] {
  const [name = '', ...url] = pair.split('=');
  return [name.trim(), url.join('=').trim()];
}

/** A password in the URL would come into logs, and a fragment is not sent. */
function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return isHttpUrl(text) && url?.username === '' && url.password === '' && !text.includes('#');
}
