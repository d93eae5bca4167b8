import type { SeededAccounts } from '@signet/db/seed';

type Platform = {
  gatewayUrl: string;
  location: string;
  accounts: SeededAccounts | undefined;
  /** Shows strangers what production shows. */
  isClosed: boolean;
  /** Mails are kept and shown, instead of sent. */
  hasMailbox: boolean;
  hasConsole: boolean;
  /** The address of the pages for customers. Undefined: they are not served. */
  storefrontUrl: string | undefined;
  seconds: number;
};

/** What a newcomer needs to know, in one table. */
export function formatBanner({
  gatewayUrl,
  location,
  accounts,
  isClosed,
  hasMailbox,
  hasConsole,
  storefrontUrl,
  seconds,
}: Platform): string {
  const rows: [string, string][] = [
    ['GraphQL', `${gatewayUrl}/graphql`],
    ['', `${withPort(gatewayUrl, 1)}/graphql   (what customers see; their tokens only)`],
    ['', `${withPort(gatewayUrl, 2)}/graphql   (what staff see; their tokens only)`],
    ...(isClosed
      ? ([
          ['Surface', 'production: no pages, no schema for strangers, no origins but those listed'],
          ['', 'on development data: everybody knows its password'],
        ] as [string, string][])
      : ([
          ['Sandbox', `${gatewayUrl}/`],
          ['Explorer', `${gatewayUrl}/explorer   (works without a network)`],
        ] as [string, string][])),
    ...(hasConsole
      ? ([['Console', `${withPort(gatewayUrl, 2)}/console/   (for staff)`]] as [string, string][])
      : []),
    ...(storefrontUrl ? ([['Storefront', `${storefrontUrl}/   (for customers)`]] as [string, string][]) : []),
    ...(hasMailbox && !isClosed
      ? ([['Mailbox', `${gatewayUrl}/mailbox   (mails that would have been sent)`]] as [string, string][])
      : []),
    ['Public keys', `${gatewayUrl}/.well-known/jwks/user.json   …/portal.json`],
    ['Data', location],
  ];
  if (accounts) {
    const home = accounts.customers[0]?.tenant;
    const tenantOf = (tenant: string) =>
      tenant === home ? `   (tenant ${tenant})` : `   (tenant ${tenant}: send x-tenant: ${tenant})`;
    rows.push(
      ...accounts.customers.map(({ email, tenant }, index): [string, string] => [
        index === 0 ? 'Customer' : '',
        `${email}${tenantOf(tenant)}`,
      ]),
      ...accounts.staff.map(({ email, role }, index): [string, string] => [
        index === 0 ? 'Staff' : '',
        `${email}   (${role})`,
      ]),
      ['Password', `${accounts.password}   (each of them)`],
    );
  }
  return drawTable(`Signet is ready after ${seconds.toFixed(1)} s. Ctrl-C ends it.`, rows);
}

/** The URL of an entrance beside the first one's. */
function withPort(url: string, offset: number): string {
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname}:${Number(port) + offset}`;
}

function drawTable(title: string, rows: readonly [string, string][]): string {
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length), title.length - labelWidth - 3);
  const line = (left: string, middle: string, right: string) =>
    `${left}${'─'.repeat(labelWidth + 2)}${middle}${'─'.repeat(valueWidth + 2)}${right}`;
  return [
    line('┌', '─', '┐'),
    `│ ${title.padEnd(labelWidth + valueWidth + 3)} │`,
    line('├', '┬', '┤'),
    ...rows.map(([label, value]) => `│ ${label.padEnd(labelWidth)} │ ${value.padEnd(valueWidth)} │`),
    line('└', '┴', '┘'),
  ].join('\n');
}
