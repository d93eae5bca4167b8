import type { RegisteredSubgraph, SubgraphName } from '@signet/schema/subgraphs';
import { ownSettings } from '@signet/subgraph/own-settings';

/** In containers every port counts from here. */
const portBase = 4000;

/** What a subgraph needs in docker-compose.yml: lines, and where they go. */
type Part = { text: string; place: string; before: RegExp };

/**
 * The lines of docker-compose.yml that belong to one subgraph (not to auth, which runs once for each platform and is written by
 * hand), in the order of the file.
 */
function partsOf({ name, portOffset }: RegisteredSubgraph): Part[] {
  const port = portBase + portOffset;
  const variable = name.toUpperCase();
  return [
    {
      text: `  ${variable}_URL: http://${name}:${port}/graphql`,
      place: 'under x-router',
      before: /^ {2}ALLOWED_HOSTS: \$\{ALLOWED_HOSTS/,
    },
    {
      text: `      SIGNET_${variable}_PASSWORD_FILE: /run/secrets/signet-${name}-password`,
      place: 'in the environment of the service migrate',
      before: /^ {6}SIGNET_VERIFIER_PASSWORD_FILE:/,
    },
    {
      text: `      - signet-${name}-password`,
      place: 'in the secrets of the service migrate',
      before: /^ {6}- signet-verifier-password$/,
    },
    {
      text: serviceOf(name, port),
      place: 'as a service before gateway-user',
      before: /^ {2}# .*\n {2}gateway-user:/m,
    },
    {
      text: `      ${name}: { condition: service_healthy }`,
      place: 'at the end of depends_on of the service gateway-user',
      before: /^\n {2}# .*\n {2}gateway-portal:/m,
    },
    {
      text: `  signet-${name}-password: { file: deploy/secrets/signet-${name}-password }`,
      place: 'under secrets',
      before: /^ {2}signet-verifier-password: \{/,
    },
    {
      text: `  ${name}-database-url: { file: deploy/secrets/${name}-database-url }`,
      place: 'under secrets',
      before: /^ {2}verifier-database-url: \{/,
    },
  ];
}

function serviceOf(name: SubgraphName, port: number): string {
  const settings = Object.keys(ownSettings.get(name) ?? {}).map(
    (setting) => `      ${setting}: \${${setting}:-}\n`,
  );
  return `  ${name}:
    <<: *process
    build: { context: ., target: subgraph, args: { SUBGRAPH: ${name} } }
    environment:
      <<: *subgraph
      PORT: '${port}'
      ALLOWED_HOSTS: ${name}
      DATABASE_URL_FILE: /run/secrets/${name}-database-url
${settings.join('')}    secrets: [${name}-database-url, verifier-database-url]
    volumes:
      - *proof-peers
      - { type: bind, source: ./deploy/secrets/proof/${name}, target: /run/proof/key, read_only: true, bind: { create_host_path: false } }
    networks: [data, graph]
    depends_on: *after-auth
`;
}

/** A line for each part that docker-compose.yml lacks. It says what to add and where. */
export function findMissingParts(compose: string, subgraphs: readonly RegisteredSubgraph[]): string[] {
  return subgraphs
    .filter(({ name }) => name !== 'auth')
    .flatMap((subgraph) => partsOf(subgraph))
    .filter(({ text }) => !hasPart(compose, text))
    .map(({ text, place }) => `docker-compose.yml: add ${place}:\n${text}`);
}

/**
 * The text of docker-compose.yml with a service for the subgraph. What is there already stays.
 *
 * @throws {Error} that names the place where the file is not as this code knows it.
 */
export function addService(compose: string, subgraph: RegisteredSubgraph): string {
  return partsOf(subgraph).reduce((text, part) => {
    if (hasPart(text, part.text)) return text;
    const at = text.search(new RegExp(part.before.source, 'm'));
    if (at < 0) throw new Error(`docker-compose.yml: add ${part.place} by hand:\n${part.text}`);
    return `${text.slice(0, at)}${part.text}\n${text.slice(at)}`;
  }, compose);
}

/** The text of docker-compose.yml without the subgraph. */
export function removeService(compose: string, subgraph: RegisteredSubgraph): string {
  return partsOf(subgraph).reduce(
    (text, part) => (hasPart(text, part.text) ? text.replace(`\n${part.text}\n`, '\n') : text),
    compose,
  );
}

function hasPart(compose: string, part: string): boolean {
  return compose.includes(`\n${part}\n`);
}
