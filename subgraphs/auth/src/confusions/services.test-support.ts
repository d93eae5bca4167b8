import type { Platform } from '@signet/schema/contract';
import { newAddress } from '../testing/account-operations.test-support.ts';
import { addStaffMember } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import { assertionType, serviceOperations } from '../testing/services.test-support.ts';
import type { Corner, HeldSecret, Place } from './confusions.test-support.ts';

const refusal = /^(invalid_client|invalid_request|unauthorized_client)$/;
const grant = { grant_type: 'client_credentials' };

/** What service accounts of both platforms hold, and the endpoints of OAuth that take it. Needs CLIENT_SECRETS=yes. */
export async function openServices(auth: TestAuth): Promise<Corner> {
  const options = { tenantId: auth.tenants.demo, role: 'super_admin' } as const;
  const admin = await auth.signIn('portalLogin', await addStaffMember(auth.database, options));
  const services = serviceOperations(
    () => auth,
    () => admin.accessToken,
  );
  const open = async (platform: Platform): Promise<Corner> => {
    const service = await services.addService(platform);
    const { data } = await services.makeSecret({ side: sides[platform], serviceAccount: service.id });
    const bearer = ['graph', platform].map((entrance) => `bearer from ${entrance}`);
    const { body } = await services.requestToken(service, {}, { address: newAddress() });
    const exp = Math.floor(Date.now() / 1000) + 290;
    const send = async (route: 'token' | 'introspect' | 'revoke', form: Record<string, string>) => {
      const answer = await services.post(platform, route, form, { address: newAddress() });
      return { ...answer.body, status: answer.status } as {
        status: number;
        error?: string;
        active?: boolean;
      };
    };
    const asService = async (token: string) => ({
      token,
      client_assertion_type: assertionType,
      client_assertion: await services.assert(service),
    });
    const isActive = async (token: string) =>
      (await send('introspect', await asService(token))).active === true;
    const secrets: HeldSecret[] = [
      {
        kind: `client assertion for ${platform}`,
        text: await services.assert(service, { exp }),
        fits: [`client_assertion at ${platform}`],
      },
      { kind: `client secret for ${platform}`, text: data.secret, fits: [`client_secret at ${platform}`] },
      {
        kind: `a service's own access token for ${platform}`,
        text: String(body.access_token),
        fits: [...bearer, `introspection at ${platform}`, `revocation at ${platform}`],
      },
    ];
    const places: Place[] = [
      {
        name: `client_assertion at ${platform}`,
        present: async (text) =>
          (await send('token', { ...grant, client_assertion_type: assertionType, client_assertion: text }))
            .error,
        refusal,
      },
      {
        name: `client_secret at ${platform}`,
        present: async (text) =>
          (await send('token', { ...grant, client_id: service.id, client_secret: text })).error,
        refusal,
      },
      {
        name: `introspection at ${platform}`,
        present: async (token) => ((await isActive(token)) ? undefined : 'not active'),
        refusal: /^not active$/,
      },
      {
        // Of a text that is no token here, the answer is the same as of a token that has ended (RFC 7009, section 2.2).
        name: `revocation at ${platform}`,
        async present(token) {
          const wasActive = await isActive(token);
          const { error } = await send('revoke', await asService(token));
          return error ?? (wasActive ? undefined : 'nothing to end');
        },
        refusal: /^(unauthorized_client|nothing to end)$/,
      },
    ];
    return { secrets, places };
  };
  const corners = [await open('user'), await open('portal')];
  return {
    secrets: corners.flatMap(({ secrets }) => secrets),
    places: corners.flatMap(({ places }) => places),
  };
}

const sides = { user: 'USER', portal: 'PORTAL' } as const satisfies Record<Platform, string>;
