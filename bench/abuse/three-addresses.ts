import { percentile, time } from '../support/measure.ts';
import { emails, password, startAuthProcess } from '../support/start-auth.ts';
import type { AbuseResult } from './abuse-result.ts';
import { createSignInClient } from './sign-in-client.ts';

const floodClients = 60;
const allowedSignInP99Ms = 8000;
const allowedQueryP99Ms = 100;

/**
 * Three addresses sign in without a pause, all wrong. The addresses' own limit is off: what is measured is the queue behind it. With it,
 * there is no flood after some seconds.
 */
export async function threeAddresses(seconds: number): Promise<AbuseResult> {
  const auth = await startAuthProcess();
  const { signIn, ask } = createSignInClient(auth.url);
  try {
    const end = performance.now() + seconds * 1000;
    const isOver = () => performance.now() >= end;
    const flooded = { compared: 0, refused: 0 };
    const flood = async (client: number) => {
      for (let count = 0; !isOver(); count++) {
        const wrong = { email: `nobody-${client}-${count}@example.com`, password: `${password}!` };
        const { reason } = await signIn(wrong, { address: `192.0.2.${client % 3}` });
        flooded[reason === 'auth.throttled' ? 'refused' : 'compared'] += 1;
      }
    };
    const times = { login: [] as number[], portalLogin: [] as number[], query: [] as number[] };
    let failures = 0;
    const signInAgainAndAgain = async (field: 'login' | 'portalLogin') => {
      while (!isOver()) {
        times[field].push(
          await time(async () => {
            const honest = { email: emails.active, password };
            if (!(await signIn(honest, { address: '203.0.113.9', field })).isIn) failures += 1;
          }),
        );
      }
    };
    const queryAgainAndAgain = async () => {
      while (!isOver()) {
        times.query.push(await time(() => ask('{ __typename }', {}, '203.0.113.9')));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await Promise.all([
      ...Array.from({ length: floodClients }, (_, client) => flood(client)),
      signInAgainAndAgain('login'),
      signInAgainAndAgain('portalLogin'),
      queryAgainAndAgain(),
    ]);
    const tried = times.login.length + times.portalLogin.length;
    return {
      attack: `${floodClients} clients at three addresses: ${flooded.compared} compared, ${flooded.refused} refused`,
      shares: [
        {
          who: 'honest sign-ins',
          in: tried - failures,
          tried,
          times: [...times.login, ...times.portalLogin],
        },
      ],
      notes: Object.entries(times).map(([name, values]) => {
        const cells = [0.5, 0.99, 1].map((share) => percentile(values, share).toFixed(0));
        return `${name}, ${values.length} times: p50, p99, max in ms: ${cells.join(', ')}`;
      }),
      holds:
        failures === 0 &&
        percentile(times.login, 0.99) <= allowedSignInP99Ms &&
        percentile(times.query, 0.99) <= allowedQueryP99Ms,
    };
  } finally {
    await auth.stop();
  }
}
