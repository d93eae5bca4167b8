import {
  formatTime,
  type KeyImport,
  type KeyOutcome,
  type KeyRevocation,
  type ListedKey,
  type ListedKeys,
  type Rotation,
} from '@signet/auth/operator/keys';
import type { Platform } from '@signet/schema/contract';

/** What `signet keys` prints. Nothing of it is secret. */
export type Report = { text: string; failed?: boolean };

/** The keys of a platform as a table for a terminal. */
export function formatKeys(listed: ListedKeys): string {
  if (listed.origin === 'files') {
    const lines = listed.keys.map(
      ({ kid, algorithm }, index) => `  ${kid}  ${algorithm}  ${index === 0 ? 'signs' : 'public key only'}`,
    );
    return [`${listed.platform} (from the configuration)`, ...lines].join('\n');
  }
  if (listed.keys.length === 0) {
    return `${listed.platform}\n  no key yet: the first start of auth makes them`;
  }
  const lines = listed.keys.map((key) => [
    key.kid,
    key.algorithm,
    key.state,
    formatTime(key.publishedAt),
    formatTime(key.signsSince),
    describeFuture(key),
  ]);
  const table = [['kid', 'algorithm', 'state', 'published', 'signs since', ''], ...lines];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => line[column]?.length ?? 0)),
  );
  const text = table
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `  ${line.trimEnd()}`);
  return [listed.platform, ...text].join('\n');
}

function describeFuture({ state, isImported, takesOverAt, maySignFrom, leavesAt }: ListedKey): string {
  const imported = isImported ? 'imported; ' : '';
  switch (state) {
    case 'next':
      return takesOverAt
        ? `${imported}takes over ${formatTime(takesOverAt)}`
        : `${imported}waits for rotate; may sign from ${formatTime(maySignFrom ?? null)}`;
    case 'retiring':
      return `${imported}leaves ${formatTime(leavesAt)}`;
    case 'retired':
      return `${imported}left ${formatTime(leavesAt)}`;
    default:
      return imported.replace('; ', '');
  }
}

/** What a change of keys did, or why it did nothing. */
export function reportChange(outcome: KeyOutcome): Report {
  const { platform, publicationSeconds } = outcome;
  switch (outcome.name) {
    case 'rotate':
      return reportRotation(platform, outcome.rotation, publicationSeconds);
    case 'revoke':
      return reportRevocation(platform, outcome.kid, outcome.revocation, publicationSeconds);
    case 'revoke-in-files':
      return reportPemRevocation(platform, outcome.kid);
    case 'import':
      return reportImport(platform, outcome.kid, outcome.result);
  }
}

/** What a key breaks that signs before every verifier has it. */
function describeEarlyKey(publicationSeconds: number): string {
  return [
    'What breaks: a verifier that has not read the key set since refuses its tokens (401 auth.failure.unknown_key).',
    "Signet's own read it again within 30 s of the first such token; other programs when their copy expires,",
    `${Math.ceil(publicationSeconds / 60)} minutes from the publication at the latest. A client that is refused tries again; no session ends.`,
  ].join('\n');
}

function reportRotation(platform: Platform, rotation: Rotation, publicationSeconds: number): Report {
  const { kid } = rotation;
  switch (rotation.outcome) {
    case 'promoted':
      return {
        text: [
          `${platform}: ${kid} signs from now on${rotation.early ? '.' : ', and every verifier has it.'}`,
          `${rotation.previous} stays until ${formatTime(rotation.leavesAt)}, when the last token it signed has expired.`,
          ...(rotation.early ? [describeEarlyKey(publicationSeconds)] : []),
        ].join('\n'),
      };
    case 'scheduled':
      return {
        text: `${platform}: ${kid} is published and signs from ${formatTime(rotation.at)} on, when every verifier has it. The auth processes see to it.`,
      };
    case 'refused':
      return {
        failed: true,
        text: [
          `${platform}: nothing was changed. ${kid} may not sign before ${formatTime(rotation.at)}: until then not every verifier has it.`,
          'Without --now it takes over by itself then. With --emergency it signs at once.',
          describeEarlyKey(publicationSeconds),
        ].join('\n'),
      };
  }
}

function reportRevocation(
  platform: Platform,
  kid: string,
  revocation: KeyRevocation,
  publicationSeconds: number,
): Report {
  if (revocation.outcome === 'unknown') {
    return {
      failed: true,
      text: `${platform}: there is no key ${kid}. npm run keys -- list shows those there are.`,
    };
  }
  const { was, signs } = revocation;
  const lines = [
    `${platform}: ${kid} (${was}) is revoked for good: from now on its tokens are refused everywhere.`,
  ];
  if (was === 'active' || was === 'retiring') {
    lines.push('Clients that hold one are refused once (401) and refresh; no session ends.');
  }
  if (signs) {
    lines.push(`${signs.kid} signs from now on${signs.early ? '.' : ', and every verifier has it.'}`);
    lines.push(...(signs.early ? [describeEarlyKey(publicationSeconds)] : []));
  }
  return { text: lines.join('\n') };
}

function reportPemRevocation(platform: Platform, kid: string): Report {
  return {
    text: [
      `${platform}: ${kid} is revoked for good: from now on its tokens are refused everywhere.`,
      `If a process still signs with it, nobody can sign in there: give it another ${platform.toUpperCase()}_PRIVATE_KEY.`,
    ].join('\n'),
  };
}

function reportImport(platform: Platform, kid: string, result: KeyImport): Report {
  return result.outcome === 'taken'
    ? {
        failed: true,
        text: `${kid} is or was a key of this deployment: a key serves one platform, once. Make a new one.`,
      }
    : {
        text: `${platform}: ${kid} is published. npm run keys -- rotate --platform ${platform} lets it sign, from ${formatTime(result.signsFrom)} on.`,
      };
}
