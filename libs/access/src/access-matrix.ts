import { type Scope, scopesOfRole, staffRoles, userScopes } from '@signet/schema/contract';
import type { Session } from '@signet/session';
import { type Condition, judgeSession } from './conditions.ts';
import { conditionsOf, type RuleBook } from './rule-book.ts';

/** Those who may ask: nobody in particular, a customer, staff by role. */
export const callers = ['anonymous', 'user', ...staffRoles] as const;
export type Caller = (typeof callers)[number];

/** `policy`: the session may, and a function of the subgraph decides by the object. */
export type Verdict = 'yes' | 'no' | 'policy';
export type MatrixRow = {
  coordinate: string;
  conditions: readonly Condition[];
  verdicts: Readonly<Record<Caller, Verdict>>;
};

/** Who may have which field: a row for each field of the supergraph's object types, by coordinate. */
export function createAccessMatrix(supergraph: RuleBook): MatrixRow[] {
  return [...supergraph]
    .filter(([type, rules]) => !rules.isInterface && !type.includes('__'))
    .flatMap(([type, rules]) => [...rules.fields.keys()].map((field) => ({ type, field })))
    .map(({ type, field }) => createRow(`${type}.${field}`, conditionsOf(supergraph, type, field)))
    .sort((a, b) => compareCoordinates(a.coordinate, b.coordinate));
}

/** The matrix as Markdown, for people and for the difference in a review. */
export function formatAccessMatrix(rows: readonly MatrixRow[]): string {
  const marks: Record<Verdict, string> = { yes: '✓', no: '·', policy: 'policy' };
  const header = ['field', ...callers, 'rule'];
  const lines = rows.map(({ coordinate, conditions, verdicts }) => [
    `\`${coordinate}\``,
    ...callers.map((caller) => marks[verdicts[caller]]),
    describeConditions(conditions),
  ]);
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A session as a token of this caller would give, with all that such a token carries. */
export function sessionOf(caller: Caller): Session {
  if (caller === 'anonymous') {
    return { platform: 'none' };
  }
  const id = '00000000-0000-4000-8000-000000000000';
  const common = {
    sessionId: id,
    tokenId: id,
    tenantId: id,
    email: '',
    emailVerified: true,
    authTime: 0,
    expiresAt: 0,
  };
  const scopes: ReadonlySet<Scope> = new Set(caller === 'user' ? userScopes : scopesOfRole[caller]);
  return caller === 'user'
    ? { ...common, platform: 'user', userId: id, scopes }
    : { ...common, platform: 'portal', staffId: id, role: caller, scopes };
}

function createRow(coordinate: string, conditions: readonly Condition[] | undefined): MatrixRow {
  const judge = (caller: Caller): Verdict => {
    if (conditions === undefined || judgeSession(conditions, sessionOf(caller))) {
      return 'no';
    }
    return conditions.some(({ kind }) => kind === 'policies') ? 'policy' : 'yes';
  };
  const verdicts = Object.fromEntries(callers.map((caller) => [caller, judge(caller)])) as Record<
    Caller,
    Verdict
  >;
  return { coordinate, conditions: unique(conditions ?? []), verdicts };
}

function unique(conditions: readonly Condition[]): Condition[] {
  return [...new Map(conditions.map((condition) => [JSON.stringify(condition), condition])).values()];
}

function describeConditions(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? 'public' : conditions.map(describeCondition).join(', ');
}

function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'authenticated':
      return 'signed in';
    case 'platform':
      return condition.is;
    default:
      return condition.anyOf.map((allOf) => allOf.map((name) => `\`${name}\``).join(' and ')).join(' or ');
  }
}

/** Query and Mutation first, then types by name. */
function compareCoordinates(a: string, b: string): number {
  const rank = (coordinate: string) =>
    coordinate.startsWith('Query.') ? 0 : coordinate.startsWith('Mutation.') ? 1 : 2;
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
