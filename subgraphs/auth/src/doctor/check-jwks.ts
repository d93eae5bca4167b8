import type { Platform } from '@signet/schema/contract';
import { type Finding, note, ok, wrong } from './finding.ts';

const timeoutMs = 3000;

type JwksPlace = {
  platform: Platform;
  url: string;
  /** What it must hold, the key that signs first; empty where that is not known here. */
  kids: readonly string[];
  /** What to do where nothing answers; without it that is a note only. */
  advice: string | undefined;
};

/** Reads a key set as a verifier would. */
export async function checkJwks({ platform, url, kids, advice }: JwksPlace): Promise<Finding> {
  const subject = `${platform} key set`;
  const read = await readKeySet(url);
  if ('fault' in read) {
    return advice
      ? wrong(subject, `${url} ${read.fault}`, advice)
      : note(subject, `${url} ${read.fault} from this machine`);
  }
  if (read.keys.some((key) => 'd' in key || 'k' in key || 'p' in key)) {
    return wrong(subject, `${url} shows a private key`, 'Take it off the network, and revoke the key.');
  }
  const published = new Set(read.keys.map(({ kid }) => kid));
  const missing = kids.filter((kid) => !published.has(kid));
  if (kids[0] !== undefined && missing.includes(kids[0])) {
    const text = `${url} lacks ${kids[0]}, which signs`;
    return wrong(subject, text, 'Another deployment answers there, or something keeps an old answer.');
  }
  return missing.length > 0
    ? note(subject, `${url} does not show ${missing.join(', ')} yet; a copy may be 15 minutes old`)
    : ok(subject, `${url} answers with ${read.keys.length} keys`);
}

type KeySet = { keys: { kid?: string }[] };

async function readKeySet(url: string): Promise<KeySet | { fault: string }> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) {
      return { fault: `answers ${response.status}` };
    }
    const { keys } = (await response.json()) as Partial<KeySet>;
    return Array.isArray(keys) ? { keys } : { fault: 'answers with something else than a key set' };
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string };
    return { fault: `can not be reached (${code ?? message})` };
  }
}
