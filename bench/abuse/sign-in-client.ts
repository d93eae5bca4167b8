type Credentials = { email: string; password: string; deviceToken?: string | undefined };
type Sender = { address: string; field?: 'login' | 'portalLogin' };
type Outcome = { isIn: boolean; deviceToken: string | undefined; reason: string | undefined; ms: number };

/** Signs in at auth itself, as a gateway would for a client at the address. */
export function createSignInClient(url: string) {
  const ask = async (query: string, variables: object, address: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'signet-context': `id="bench", address="${address}"` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as {
      data?: Record<string, { deviceToken?: string } | null> | null;
      errors?: { extensions: { reason?: string } }[];
    };
  };
  return {
    ask,
    async signIn(input: Credentials, { address, field = 'login' }: Sender): Promise<Outcome> {
      const start = performance.now();
      const query = `mutation ($input: LoginInput!) { ${field}(input: $input) { deviceToken } }`;
      const { data, errors } = await ask(query, { input }, address);
      return {
        isIn: errors === undefined,
        deviceToken: data?.[field]?.deviceToken,
        reason: errors?.[0]?.extensions.reason,
        ms: performance.now() - start,
      };
    },
  };
}
