/** Sends one operation to this page's own graph. Resolves to `{ data, errors }`; rejects when there is no such answer. */
export async function sendOperation(graphqlPath, { query, variables, accessToken }) {
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
