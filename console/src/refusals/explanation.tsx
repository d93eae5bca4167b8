import { Link } from 'react-router';
import type { RefusalQuery, RefusedFragment, RequestCheck } from '../operations.generated.ts';
import { formatDateTime, textOfReason } from '../texts/index.ts';
import { Section } from '../ui/ui.tsx';
import { adviseOn } from './advice.ts';
import { refusalTexts as texts } from './texts.ts';

export type Refusal = NonNullable<RefusalQuery['refusal']>['refusals'][number];
type Check = Refusal['checks'][number];
type Group = keyof typeof texts.groups;

const firstOf: readonly (readonly [RequestCheck, Group])[] = [
  ['HOST', 'entrance'],
  ['COOKIES', 'caller'],
  ['DOCUMENT', 'operation'],
  ['SUBGRAPH', 'subgraphs'],
];

/** One refused request: what it was, and each check with what became of it. */
export function Explanation({ refusal }: { refusal: Refusal }) {
  const { checks, unnamed, route } = refusal;
  const names = route === null ? texts.checks : { ...texts.checks, ...texts.oauthChecks };
  const refused: [RequestCheck | undefined, RefusedFragment][] = [
    ...checks.flatMap(({ check, refused }) =>
      refused.map((one): [RequestCheck, RefusedFragment] => [check, one]),
    ),
    ...unnamed.map((one): [undefined, RefusedFragment] => [undefined, one]),
  ];
  return (
    <>
      <Section title={texts.request}>
        <Facts refusal={refusal} />
      </Section>
      <Section title={texts.inShort}>
        <ul className="short">
          {refused.map(([check, one]) => (
            <li key={keyOf(one)}>
              <strong>{check === undefined ? texts.unnamed : names[check]}:</strong>{' '}
              {one.text === null ? one.code : textOfReason(one.reason, one.text)}{' '}
              <span>{adviseOn(one, check)}</span>
            </li>
          ))}
        </ul>
      </Section>
      {unnamed.length > 0 && (
        <Section title={texts.unnamed}>
          {unnamed.map((one) => (
            <Refused key={keyOf(one)} one={one} />
          ))}
        </Section>
      )}
      {groupChecks(checks).map(([group, own]) => (
        <Section key={group} title={texts.groups[group === 'subgraphs' && route !== null ? 'issuer' : group]}>
          <ol className="refusal-checks">
            {own.map((one) => (
              <li key={one.check} className={one.result.toLowerCase()}>
                <span className="check-name">{names[one.check]}</span>{' '}
                <span className="check-result">{texts.results[one.result]}</span>
                {one.refused.map((refused) => (
                  <Refused key={keyOf(refused)} one={refused} />
                ))}
              </li>
            ))}
          </ol>
        </Section>
      ))}
    </>
  );
}

function groupChecks(checks: readonly Check[]): [Group, Check[]][] {
  const groups: [Group, Check[]][] = [];
  for (const check of checks) {
    const begun = firstOf.find(([first]) => first === check.check)?.[1];
    if (begun) groups.push([begun, []]);
    groups.at(-1)?.[1].push(check);
  }
  return groups;
}

function keyOf({ reason, code, field, path, subgraph }: RefusedFragment): string {
  return [reason, code, field, path, subgraph].join(' ');
}

function Facts({ refusal }: { refusal: Refusal }) {
  const { operationName, operationType, operationHash, route, clientName, clientVersion, network, role } =
    refusal;
  const facts: [string, React.ReactNode][] = [
    [texts.when, formatDateTime(refusal.happenedAt)],
    [texts.who, <Caller key="who" refusal={refusal} />],
    [texts.role, role],
    [texts.entrance, refusal.entrance],
    [texts.operation, operationType && `${operationType} ${operationName ?? texts.anonymous}`],
    [texts.route, route && <code>{route}</code>],
    [texts.hash, operationHash && <code>{operationHash}</code>],
    [texts.client, clientName && [clientName, clientVersion].filter(Boolean).join(' ')],
    [texts.network, network],
    [texts.answer, (refusal.isPartial ? texts.partial : texts.whole)(refusal.status)],
  ];
  return (
    <dl className="refusal-facts">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

type Who = Pick<Refusal, 'customer' | 'staff' | 'serviceId'>;

export function nameCaller({
  customer,
  staff,
  serviceId,
}: Omit<Who, 'customer'> & { customer: { email: string } | null }) {
  if (staff && customer) return texts.actingAs(staff.fullName, customer.email);
  if (serviceId) return texts.service(serviceId);
  return staff?.fullName ?? customer?.email ?? texts.nobody;
}

function Caller({ refusal }: { refusal: Refusal }) {
  const name = nameCaller(refusal);
  return refusal.customer ? <Link to={`/customers/${refusal.customer.id}`}>{name}</Link> : name;
}

function Refused({ one }: { one: RefusedFragment }) {
  const { reason, code, text, field, path, subgraph, count, conditions, heldScopes, signInAge } = one;
  const place = field ?? path;
  return (
    <div className="refusal-one">
      <p>
        <code>{reason ?? code}</code>
        {text && ` ${textOfReason(reason, text)}`}
      </p>
      {(place || subgraph) && (
        <p className="quiet">
          {place && <code>{place}</code>} {subgraph} {count > 1 && texts.places(count)}
        </p>
      )}
      {conditions.length > 0 && (
        <ul>
          {conditions.map((condition) => (
            <li key={condition.kind + JSON.stringify(condition.anyOf)}>
              {describe(condition)}: {describeResult(condition.isMet)}
            </li>
          ))}
        </ul>
      )}
      {reason === 'authz.scope.deny' && heldScopes && (
        <p className="quiet">{heldScopes.length > 0 ? texts.held(heldScopes.join(', ')) : texts.heldNone}</p>
      )}
      {reason === 'authz.step_up.required' && signInAge !== null && (
        <p className="quiet">{texts.signInAge(signInAge)}</p>
      )}
      {one.found !== null && one.allowed !== null && (
        <p className="quiet">{texts.limit(one.found, one.allowed)}</p>
      )}
    </div>
  );
}

function describeResult(isMet: boolean | null): string {
  if (isMet === null) return texts.bySubgraph;
  return isMet ? texts.met : texts.notMet;
}

function describe({ kind, anyOf, seconds }: RefusedFragment['conditions'][number]): string {
  const { needs } = texts;
  switch (kind) {
    case 'platform':
      return needs.platform(anyOf);
    case 'callers':
      return needs.callers(anyOf);
    case 'scopes':
      return needs.scopes(anyOf);
    case 'policies':
      return needs.policies(anyOf);
    case 'recentAuth':
      return needs.recentAuth(seconds ?? 0);
    default:
      return needs.authenticated;
  }
}
