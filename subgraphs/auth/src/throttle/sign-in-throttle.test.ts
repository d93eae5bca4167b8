import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { holdChange } from '../testing/held-change.test-support.ts';

const limits = {
  THROTTLE_PAIR_FAILURES: '3',
  THROTTLE_ACCOUNT_FAILURES: '6',
  THROTTLE_ADDRESS_FAILURES: '8',
};
let nextAddress = 0;
/** Of a client that nobody has seen yet. */
function newAddress(): string {
  nextAddress += 1;
  return `198.51.${nextAddress >> 8}.${nextAddress & 255}`;
}

/** The same guarantees hold on both platforms. */
describe.each([
  { field: 'login', platform: 'user', addAccount: addCustomer },
  { field: 'portalLogin', platform: 'portal', addAccount: addStaffMember },
] as const)('throttles of $field', ({ field, platform, addAccount }) => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth(limits);
  });
  afterAll(() => auth.stop());
  const add = () => addAccount(auth.database, { tenantId: auth.tenants.demo });
  const signIn = (account: Pick<TestAccount, 'email' | 'password'>, address: string) =>
    auth.ask(
      signInOperation(field),
      { input: { email: account.email, password: account.password } },
      { address },
    );
  const fail = async (email: string, address: string, times: number) => {
    for (let count = 0; count < times; count++)
      await signIn({ email, password: 'a wrong password' }, address);
  };
  /** Sets all pauses to an hour: they must not end early because the machine is busy. */
  const holdPauses = () =>
    auth.database.query(`update auth.${platform}_throttle set expire = $1 where key like '%-pause:%'`, [
      Date.now() + 3_600_000,
    ]);
  const comparesOf = async (fn: () => Promise<unknown>) => {
    const before = auth.compares.length;
    await fn();
    return auth.compares.length - before;
  };
  /** The compares beyond `free` that pauses of 1, 2, 4 … s let through while `fn` runs: none on a quiet machine. */
  const excessOf = async (free: number, fn: () => Promise<unknown>) => {
    const start = performance.now();
    const compares = await comparesOf(fn);
    const pausesEnded = Math.floor(Math.log2((performance.now() - start) / 1000 + 1));
    return { compares, excess: Math.max(0, compares - free - pausesEnded) };
  };

  it('answer like a wrong password, and compare none, when an account was guessed at too often', async () => {
    const account = await add();
    const address = newAddress();
    const wrong = await signIn({ ...account, password: 'a wrong password' }, address);
    await fail(account.email, address, 2);
    await holdPauses();
    expect(
      await comparesOf(async () => {
        const throttled = await signIn(account, address);
        expect(throttled.body).toEqual(wrong.body);
        expect(throttled.status).toBe(wrong.status);
      }),
    ).toBe(0);
  });

  it('count an account that does not exist, and what is no e-mail, alike', async () => {
    for (const email of ['nobody@example.com', 'no e-mail']) {
      const address = newAddress();
      expect(await comparesOf(() => fail(email, address, 3))).toBe(3);
      await holdPauses();
      expect(await comparesOf(() => fail(email, address, 3))).toBe(0);
    }
  });

  it('count every spelling of an e-mail and every address of a /64 as one', async () => {
    const { email } = await add();
    const compares = await comparesOf(async () => {
      await fail(email, '2001:db8:7:7::1', 2);
      await fail(` ${email.toUpperCase()}`, '2001:db8:7:7:ffff::2', 1);
      await holdPauses();
      await fail(` ${email.toUpperCase()}`, '2001:db8:7:7:ffff::2', 3);
    });
    expect(compares).toBe(3);
  });

  it('count both spellings of a domain as one where they reach one account', async () => {
    const { email } = await addAccount(auth.database, {
      tenantId: auth.tenants.demo,
      email: 'one@xn--bcher-kva.example',
    });
    const address = newAddress();
    await fail('one@b\u00fccher.example', address, 2);
    await fail(email, address, 1);
    await holdPauses();
    expect(await comparesOf(() => fail('one@b\u00fccher.example', address, 3))).toBe(0);
    expect(await comparesOf(() => fail(email, address, 3))).toBe(0);
  });

  it('count two accounts apart that share a mailbox: the success of one clears nothing of the other', async () => {
    const pair = await Promise.all(
      ['pair@xn--bcher-kva.example', 'pair@b\u00fccher.example'].map((email) =>
        addAccount(auth.database, { tenantId: auth.tenants.demo, email }),
      ),
    );
    for (const [own, other] of [pair, pair.toReversed()] as [TestAccount, TestAccount][]) {
      const address = newAddress();
      await fail(other.email, address, 2);
      expect((await signIn(own, address)).body.errors).toBeUndefined();
      await fail(other.email, address, 1);
      await holdPauses();
      expect(await comparesOf(() => fail(other.email, address, 3))).toBe(0);
      expect((await signIn(own, address)).body.errors).toBeUndefined();
    }
  });

  it('count a wrong password that the audit log could not take', async () => {
    const { email } = await add();
    const address = newAddress();
    const insert = 'insert (kind) on auth.audit_event';
    await auth.database.query(`revoke ${insert} from signet_auth_${platform}`);
    try {
      expect(await comparesOf(() => fail(email, address, 3))).toBe(3);
    } finally {
      await auth.database.query(`grant ${insert} to signet_auth_${platform}`);
    }
    await holdPauses();
    expect(await comparesOf(() => fail(email, address, 3))).toBe(0);
  });

  it('count a password that was changed while it was compared', async () => {
    const account = await add();
    const address = newAddress();
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    for (let count = 0; count < 3; count++) {
      const commit = await holdChange(
        auth.database,
        `update ${table} set password_version = password_version + 1 where id = '${account.id}'`,
      );
      const signingIn = signIn(account, address);
      await commit();
      expect((await signingIn).body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_credentials');
    }
    await holdPauses();
    expect(await comparesOf(() => signIn(account, address))).toBe(0);
  });

  it('let the owner in after the pause, and then count from the beginning', async () => {
    const account = await add();
    const address = newAddress();
    await fail(account.email, address, 3);
    await auth.database.query(
      `update auth.${platform}_throttle set expire = expire - 1000 where key like 'pair-pause:%'`,
    );
    expect((await signIn(account, address)).body.data?.[field]).toMatchObject({
      expiresIn: expect.any(Number),
    });
    expect(await comparesOf(() => fail(account.email, address, 3))).toBe(3);
  });

  it('let the owner in from an address that is known, whatever strangers do from others', async () => {
    const account = await add();
    const [home, elsewhere] = [newAddress(), newAddress()];
    await signIn(account, home);
    for (let stranger = 0; stranger < 12; stranger++) await fail(account.email, newAddress(), 1);
    await holdPauses();
    expect((await signIn(account, elsewhere)).body.errors?.[0]?.extensions.reason).toBe(
      'auth.failure.invalid_credentials',
    );
    expect((await signIn(account, home)).body.errors).toBeUndefined();
  });

  it('let the owner in from a known address that a neighbour has filled', async () => {
    const account = await add();
    const address = newAddress();
    await signIn(account, address);
    for (let count = 0; count < 12; count++) await fail(`nobody-${count}@example.com`, address, 1);
    await holdPauses();
    expect((await signIn(await add(), address)).body.errors?.[0]?.extensions.reason).toBe('auth.throttled');
    expect((await signIn(account, address)).body.errors).toBeUndefined();
  });

  it('limit an account over many addresses', async () => {
    const { email } = await add();
    const { compares, excess } = await excessOf(6, async () => {
      for (let stranger = 0; stranger < 20; stranger++) await fail(email, newAddress(), 1);
    });
    expect(compares).toBeGreaterThanOrEqual(6);
    expect(excess).toBe(0);
  });

  it('let a new client in at once, while fourteen addresses go on trying the account', async () => {
    const account = await add();
    const crowd = Array.from({ length: 5 }, newAddress); // Six first attempts are free, six second and third ones.
    for (let round = 0; round < 4; round++) {
      for (const address of crowd) await fail(account.email, address, 1);
    }
    await holdPauses();
    for (const address of crowd) {
      expect((await signIn(account, address)).body.errors?.[0]?.extensions.reason).toBe(
        'auth.failure.invalid_credentials',
      );
    }
    expect((await signIn(account, newAddress())).body.errors).toBeUndefined();
  });

  it('let a new client mistype twice, while others go on trying', async () => {
    const account = await add();
    const crowd = [newAddress(), newAddress()];
    for (const address of crowd) await fail(account.email, address, 6);
    const address = newAddress();
    await fail(account.email, address, 2);
    expect((await signIn(account, address)).body.errors).toBeUndefined();
  });

  it('count the machines of a /56 together: they cannot take the first attempts of everybody', async () => {
    const account = await add();
    for (let machine = 0; machine < 14; machine++) {
      await fail(account.email, `2001:db8:9:a${machine.toString(16)}::1`, 1);
    }
    await holdPauses();
    expect((await signIn(account, newAddress())).body.errors).toBeUndefined();
  });

  it('give a /56 four times the failures of an address, and no more', async () => {
    const compares = await comparesOf(async () => {
      for (let machine = 0; machine < 40; machine++) {
        await fail(
          `nobody-${machine}@example.com`,
          `2001:db8:9:b${machine.toString(16).padStart(2, '0')}::1`,
          1,
        );
        await holdPauses();
      }
    });
    expect(compares).toBe(32);
  });

  it('make rows of compares only, and none of who asks in a pause', async () => {
    const { email } = await add();
    for (let stranger = 0; stranger < 8; stranger++) await fail(email, newAddress(), 1);
    await holdPauses();
    const count = async () =>
      Number((await auth.database.query(`select count(*) from auth.${platform}_throttle`))[0]?.count);
    const before = await count();
    expect(
      await comparesOf(() => Promise.all(Array.from({ length: 30 }, () => fail(email, newAddress(), 1)))),
    ).toBe(0);
    expect(await count()).toBe(before);
  });

  it('put an address in a pause that only goes on asking in one', async () => {
    const { email } = await add();
    const address = newAddress();
    await fail(email, address, 3);
    await holdPauses();
    await fail(email, address, 6);
    const other = await add();
    await fail(other.email, address, 1); // The last that is free, and the pause with it.
    expect((await signIn(other, address)).body.errors?.[0]?.extensions.reason).toBe('auth.throttled');
  });

  it('count who asks in a pause for itself: one address does not fill the /56 and /48 of its neighbours', async () => {
    const { email } = await add();
    await fail(email, '2001:db8:a:100::1', 3);
    await holdPauses();
    await fail(email, '2001:db8:a:100::1', 40);
    const neighbour = await add();
    await fail(neighbour.email, '2001:db8:a:101::1', 1);
    await holdPauses();
    expect((await signIn(neighbour, '2001:db8:a:101::1')).body.errors).toBeUndefined();
  });

  it('say of a full address that it is, and when to come back', async () => {
    const address = newAddress();
    for (let count = 0; count < 8; count++) await fail(`nobody-${count}@example.com`, address, 1);
    const { body } = await signIn(await add(), address);
    expect(body.errors?.[0]?.extensions).toEqual({
      code: 'RATE_LIMITED',
      reason: 'auth.throttled',
      retryAfterSeconds: 1,
    });
  });

  it('get no more guesses compared when they come all at once', async () => {
    const { email } = await add();
    const address = newAddress();
    const { excess } = await excessOf(3, () =>
      Promise.all(Array.from({ length: 20 }, () => fail(email, address, 1))),
    );
    expect(excess).toBe(0);
  });

  it('let the right password in from many tabs at once, more of them than failures are free', async () => {
    const account = await add();
    const address = newAddress();
    await fail(account.email, address, 1);
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => signIn(account, address)));
      expect(answers.map(({ body }) => body.data?.[field]?.expiresIn)).toEqual(
        Array(12).fill(platform === 'user' ? 900 : 600),
      );
    }
  });

  it('count wrong ones that come at once, and keep nobody waiting for ever', async () => {
    const account = await add();
    const address = newAddress();
    const wrong = { email: account.email, password: 'a wrong password' };
    const { compares, excess } = await excessOf(3, () =>
      Promise.all(Array.from({ length: 30 }, () => signIn(wrong, address))),
    );
    expect(compares).toBeGreaterThanOrEqual(1);
    expect(excess).toBe(0);
  });

  it('keep neither e-mail nor address where the database is read', async () => {
    const { email } = await add();
    await fail(email, '203.0.113.77', 1);
    const text = JSON.stringify(await auth.database.query(`select * from auth.${platform}_throttle`));
    expect(text).not.toContain(email);
    expect(text).not.toContain('203.0.113');
  });
});

describe('throttles of register', () => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth({ THROTTLE_REGISTRATIONS: '2' });
  });
  afterAll(() => auth.stop());

  it('limit new accounts from one address, and let another go on', async () => {
    const register = (email: string, address: string) =>
      auth.ask(
        'mutation ($input: RegisterInput!) { register(input: $input) { expiresIn } }',
        { input: { email, password: 'a password of some length' } },
        { address },
      );
    const reasonOf = async (email: string, address: string) =>
      (await register(email, address)).body.errors?.[0]?.extensions.reason;
    const many = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => reasonOf(`${name}@example.com`, '192.0.2.1')),
    );
    expect(await reasonOf('g@example.com', '192.0.2.2')).toBeUndefined();
    expect(many.filter((reason) => reason === 'auth.throttled').length).toBeGreaterThanOrEqual(4);
    expect(many).toContain(undefined);
  });
});

describe('a flood of sign-ins from sixty addresses', () => {
  it('keeps neither a known device out nor a new one, and takes no longer than a few compares', async () => {
    const auth = await startTestAuth(
      { USER_PASSWORD_THREADS: '1' },
      { passwordCost: 7, maxQueuedPasswords: 10 }, // 11 ms a compare
    );
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const login = 'mutation ($input: LoginInput!) { login(input: $input) { deviceToken } }';
    const signIn = async (address: string, deviceToken?: string) => {
      const input = { email: account.email, password: account.password, deviceToken };
      const { body } = await auth.ask(login, { input }, { address });
      return body.data?.login?.deviceToken as string | undefined;
    };
    let deviceToken = await signIn(newAddress());
    let isOver = false;
    const refused = { count: 0 };
    const flood = async (client: number) => {
      for (let count = 0; !isOver; count++) {
        const input = { email: `nobody-${client}-${count}@example.com`, password: 'a wrong password' };
        const { body } = await auth.ask(login, { input }, { address: `192.0.2.${client}` });
        if (body.errors?.[0]?.extensions.reason !== 'auth.throttled') continue;
        refused.count += 1;
        await sleep(250);
      }
    };
    const floods = Array.from({ length: 60 }, (_, client) => flood(client));
    // Each of them has had a compare.
    await expect.poll(() => auth.compares.length, { timeout: 100_000, interval: 100 }).toBeGreaterThan(70);
    const known: boolean[] = [];
    const fresh: boolean[] = [];
    for (let count = 0; count < 5; count++) {
      deviceToken = await signIn(newAddress(), deviceToken);
      known.push(deviceToken !== undefined);
      fresh.push((await signIn(newAddress())) !== undefined);
    }
    isOver = true;
    await Promise.all(floods);
    await auth.stop();
    expect({ known, fresh }).toEqual({ known: Array(5).fill(true), fresh: Array(5).fill(true) });
    expect(refused.count).toBeGreaterThan(0);
  });
});

describe('a flood of sign-ins from three addresses', () => {
  it('holds nobody else up for long, and staff not at all', async () => {
    const auth = await startTestAuth(
      { THROTTLE_ADDRESS_FAILURES: '999999', USER_PASSWORD_THREADS: '1', PORTAL_PASSWORD_THREADS: '1' },
      { passwordCost: 7, maxQueuedPasswords: 10 }, // 11 ms a compare
    );
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const staff = await addStaffMember(auth.database, { tenantId: auth.tenants.demo });
    let isOver = false;
    const refused = { count: 0 };
    const flood = async (client: number) => {
      for (let count = 0; !isOver; count++) {
        const input = { email: `nobody-${client}-${count}@example.com`, password: 'a wrong password' };
        const { body } = await auth.ask(
          signInOperation('login'),
          { input },
          { address: `192.0.2.${client % 3}` },
        );
        if (body.errors?.[0]?.extensions.reason !== 'auth.throttled') continue;
        refused.count += 1;
        await sleep(100);
      }
    };
    const floods = Array.from({ length: 30 }, (_, client) => flood(client));
    const answers: unknown[] = [];
    for (let count = 0; count < 5; count++) {
      answers.push((await auth.signIn('login', account, { address: '203.0.113.9' }))?.expiresIn);
      answers.push((await auth.signIn('portalLogin', staff, { address: '203.0.113.9' }))?.expiresIn);
    }
    isOver = true;
    await Promise.all(floods);
    await auth.stop();
    expect(answers).toEqual(Array(5).fill([900, 600]).flat());
    expect(refused.count).toBeGreaterThan(0);
  }, 180_000); // Thirty clients and as many compares as there is time for: slow where others use the processors too.
});
