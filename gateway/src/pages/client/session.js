// Each platform has mutations of its own. Variables are plain strings, so that no input type need be known by name.
const documents = {
  user: {
    signIn: `mutation SignIn($email: String!, $password: String!) {
  session: login(input: { email: $email, password: $password }) { accessToken expiresIn }
}`,
    renew: 'mutation Renew { session: refresh { accessToken expiresIn } }',
    signOut: 'mutation SignOut { logout }',
  },
  portal: {
    signIn: `mutation SignIn($email: String!, $password: String!) {
  session: portalLogin(input: { email: $email, password: $password }) { accessToken expiresIn }
}`,
    renew: 'mutation Renew { session: portalRefresh { accessToken expiresIn } }',
    signOut: 'mutation SignOut { portalLogout }',
  },
};

/** Which account's cookie this browser has: its address and platform, and nothing secret. */
const storageKey = 'signet:pages:account';
/** A token is renewed when it is used within this time of its end. */
const renewBeforeMs = 15_000;
const cookieRefusals = ['input.session', 'authz.permission.deny'];

/**
 * Knows who is signed in on this page. The access token is in memory only. The refresh token is in a cookie that no script reads, and
 * brings the session back after a reload (`restore`). `current()` is undefined or `{ account, accessToken, expiresAt }`, and `onChange`
 * listeners get the same.
 *
 * @param accounts those that the page offers
 */
export function createSession(graphqlPath, accounts) {
  const listeners = [];
  let session;
  let renewing;
  /** Not where the entrance sets no cookies, or not for this page's address: then a session ends with the page. */
  let hasCookies = true;

  function change(next) {
    session = next;
    const { email, platform } = next?.account ?? {};
    try {
      if (next === undefined) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, JSON.stringify({ email, platform }));
    } catch {
      // A browser that keeps nothing: the session ends with the page.
    }
    for (const listener of listeners) listener(session);
  }

  function begin(account, { data, errors }) {
    const granted = data?.session;
    if (!granted) throw new Error(errors?.[0]?.message ?? 'The answer holds no token.');
    const { accessToken, expiresIn } = granted;
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    change({ account: holderOf(accessToken, account), accessToken, expiresAt });
  }

  /**
   * Ports of one host share cookies: another page may have signed in somebody else meanwhile. The token says who it is; nothing here relies
   * on that.
   */
  function holderOf(accessToken, account) {
    const email = emailOf(accessToken);
    if (email === undefined || email === account.email) return account;
    const { platform } = account;
    return (
      accounts.find((other) => other.email === email && other.platform === platform) ?? { email, platform }
    );
  }

  /** Tabs take turns: each presents the cookie that the one before it got. */
  function renew(account) {
    renewing ??= inTurn(async () => {
      if (!hasCookies) return change(undefined);
      const query = documents[account.platform].renew;
      const answer = await sendOperation(graphqlPath, { query, hasCookies });
      // Refused for good. Where the server is down, the cookie is good for the next attempt.
      if (answer.errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) change(undefined);
      else begin(account, answer);
    }).finally(() => {
      renewing = undefined;
    });
    return renewing;
  }

  return {
    current: () => session,
    onChange: (listener) => listeners.push(listener),
    async signIn(account) {
      const { email, password, platform } = account;
      const query = documents[platform].signIn;
      const ask = () => sendOperation(graphqlPath, { query, variables: { email, password }, hasCookies });
      let answer = await ask();
      if (answer.errors?.some(({ extensions }) => cookieRefusals.includes(extensions?.reason))) {
        hasCookies = false;
        answer = await ask();
      }
      begin(account, answer);
    },
    /** After a reload of the page. */
    async restore() {
      const kept = readKept();
      const account = accounts.find(
        ({ email, platform }) => email === kept?.email && platform === kept?.platform,
      );
      if (account) await renew(account);
    },
    /** The access token, renewed where it has expired or is about to; undefined for nobody. */
    async token() {
      if (session && session.expiresAt.getTime() - Date.now() < renewBeforeMs) {
        await renew(session.account).catch(() => {});
      }
      return session?.accessToken;
    },
    async signOut() {
      const { account, accessToken } = session;
      change(undefined);
      // The page forgets the token in any case. This also ends the session on the server, and takes the cookie.
      const query = documents[account.platform].signOut;
      const { errors } = await sendOperation(graphqlPath, { query, accessToken, hasCookies });
      if (errors) throw new Error(errors[0].message);
    },
  };
}

function emailOf(accessToken) {
  try {
    const payload = accessToken.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(payload)).email;
  } catch {
    return undefined;
  }
}

function readKept() {
  try {
    return JSON.parse(localStorage.getItem(storageKey));
  } catch {
    return null;
  }
}

/** Browsers have locks in secure contexts only: on plain http, that is localhost. */
function inTurn(work) {
  return navigator.locks ? navigator.locks.request(storageKey, work) : work();
}

/**
 * Sends one operation to the graph of this page, with the session's cookie. Resolves to `{ data, errors }`. Rejects when there is no such
 * answer.
 */
async function sendOperation(graphqlPath, { query, variables, accessToken, hasCookies }) {
  const response = await fetch(graphqlPath, {
    method: 'POST',
    credentials: 'same-origin',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(hasCookies && { 'signet-session': 'cookie' }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}
