import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * An access token of this deployment that has expired: SMOKE_EXPIRED_TOKEN, an old one that was kept. A platform that
 * `npm start` runs on this machine can have one made, since its keys lie here.
 */
export async function findExpiredToken(gatewayUrl: string): Promise<string> {
  const kept = process.env.SMOKE_EXPIRED_TOKEN;
  if (kept) {
    return kept;
  }
  const script = join(import.meta.dirname, '..', 'launcher', 'expired-token.ts');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 });
    return stdout.trim();
  } catch (error) {
    const why = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split('\n')
      .at(-1);
    throw new Error(
      `There is no expired token of ${gatewayUrl} to try. Keep a customer's access token until it has expired and set ` +
        `SMOKE_EXPIRED_TOKEN to it. (Could not make one from the keys on this machine: ${why})`,
    );
  }
}
