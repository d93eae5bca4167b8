// Each platform has a sign-in mutation of its own. Variables are plain strings, so that no input type need be known
// by name.
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
 * Knows who is signed in on this page. It is in memory only and gone with the page. `current()` is undefined or `{
 * account, accessToken, expiresAt }`, and `onChange` listeners get the same.
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
      // The page forgets the token in any case. This also ends the session on the server.
      const query = signOutDocuments[account.platform];
      const { errors } = await sendOperation(graphqlPath, { query, accessToken });
      if (errors) throw new Error(errors[0].message);
    },
  };
}

/**
 * Sends one operation to the graph of this page. Resolves to `{ data, errors }`. Rejects when there is no such answer.
 */
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
