// Two front doors, two mutations. Variables are plain strings, so that no input type need be known by name.
const signInDocuments = {
  user: `mutation SignIn($email: String!, $password: String!) {
  session: login(input: { email: $email, password: $password }) { accessToken expiresIn }
}`,
  portal: `mutation SignIn($email: String!, $password: String!) {
  session: portalLogin(input: { email: $email, password: $password }) { accessToken expiresIn }
}`,
};
const signOutDocuments = {
  user: 'mutation SignOut { logout }',
  portal: 'mutation SignOut { portalLogout }',
};

/**
 * Who is signed in on this page: in memory only, gone with the page. `current()` is undefined or
 * `{ account, accessToken, expiresAt }`; `onChange` listeners get the same.
 */
export function createSession(graphqlPath) {
  const listeners = [];
  let session;

  function change(next) {
    session = next;
    for (const listener of listeners) listener(session);
  }

  return {
    current: () => session,
    onChange: (listener) => listeners.push(listener),
    async signIn(account) {
      const { email, password, platform } = account;
      const query = signInDocuments[platform];
      const { data, errors } = await sendOperation(graphqlPath, { query, variables: { email, password } });
      const granted = data?.session;
      if (!granted) throw new Error(errors?.[0]?.message ?? 'The answer holds no token.');
      const expiresAt = new Date(Date.now() + granted.expiresIn * 1000);
      change({ account, accessToken: granted.accessToken, expiresAt });
    },
    async signOut() {
      const { account, accessToken } = session;
      change(undefined);
      // Here the token is forgotten either way; this ends the session at the server too.
      const query = signOutDocuments[account.platform];
      const { errors } = await sendOperation(graphqlPath, { query, accessToken });
      if (errors) throw new Error(errors[0].message);
    },
  };
}

/** Sends one operation to this page's own graph. Resolves to `{ data, errors }`; rejects when there is no such answer. */
async function sendOperation(graphqlPath, { query, variables, accessToken }) {
  const response = await fetch(graphqlPath, {
    method: 'POST',
    credentials: 'omit',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}
