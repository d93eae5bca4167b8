import { type ReactNode, useId, useRef } from 'react';
import { useSearchParams } from 'react-router';
import { Select } from '../ui/form.tsx';
import { Button, Field, useIsSmall } from '../ui/ui.tsx';
import {
  type MatrixRow,
  roleMatrix,
  type StaffRole,
  scopesOfRole,
  staffRoles,
  type Verdict,
} from './role-matrix.generated.ts';
import { nameOfRole } from './role-names.ts';
import { describeScope, isRoot } from './scope-texts.ts';
import { roles as say } from './texts.ts';

const verdicts: readonly Verdict[] = ['yes', 'policy', 'no'];
const marks: Readonly<Record<Verdict, string>> = {
  yes: say.mayYes,
  no: say.mayNo,
  policy: say.mayPolicy,
};

/** What each role may. The filters are in the address of the page: “what may support not do?” can be sent to a colleague. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const role = staffRoles.find((one) => one === params.get('role'));
  const verdict = role && verdicts.find((one) => one === params.get('may'));
  const search = params.get('q') ?? '';
  const rows = roleMatrix.filter(
    (row) => (!role || !verdict || row.roles[role] === verdict) && matches(row, search),
  );
  // What is searched for is open at once; else a person opens what they want to read.
  const isNarrowed = search !== '' || verdict !== undefined;
  const isSmall = useIsSmall();
  const found = useRef<HTMLParagraphElement>(null);
  const opened = (params.get('open') ?? '').split(' ').filter(Boolean);
  const change = (name: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const shownRoles = role ? [role] : staffRoles;
  return (
    <>
      <h1>{say.title}</h1>
      <p className="quiet">{say.what}</p>
      <Scopes
        key={`scopes ${isNarrowed}`}
        isOpen={!isNarrowed && !isSmall}
        roles={shownRoles}
        onChoose={(scope) => {
          change('q', scope);
          found.current?.focus();
        }}
      />
      <search className="filters">
        <Select label={say.role} value={role ?? ''} onChange={({ target }) => change('role', target.value)}>
          <option value="">{say.every}</option>
          {staffRoles.map((one) => (
            <option key={one} value={one}>
              {nameOfRole(one)}
            </option>
          ))}
        </Select>
        <Select
          label={say.which}
          value={verdict ?? ''}
          disabled={!role}
          title={role ? undefined : say.chooseRole}
          onChange={({ target }) => change('may', target.value)}
        >
          <option value="">{say.all}</option>
          {verdicts.map((one) => (
            <option key={one} value={one}>
              {say[one]}
            </option>
          ))}
        </Select>
        <Field
          label={say.search}
          type="search"
          value={search}
          onChange={({ target }) => change('q', target.value)}
        />
      </search>
      <p role="status" className="quiet" ref={found} tabIndex={-1}>
        {rows.length === 0 ? say.noneFound : say.found(rows.length)}
      </p>
      {[...Map.groupBy(rows, ({ subgraph }) => subgraph)].map(([subgraph, of]) => (
        <Fold
          key={`${subgraph} ${isNarrowed}`}
          title={subgraph}
          summary={role && !verdict ? say.mayOf(countYes(of, role), of.length) : say.found(of.length)}
          isOpen={isNarrowed || opened.includes(subgraph)}
          onToggle={(isOpen) => {
            if (isNarrowed || isOpen === opened.includes(subgraph)) return;
            const others = opened.filter((one) => one !== subgraph);
            change('open', [...others, ...(isOpen ? [subgraph] : [])].join(' '));
          }}
        >
          <Matrix rows={of} roles={shownRoles} />
        </Fold>
      ))}
    </>
  );
}

const countYes = (rows: readonly MatrixRow[], role: StaffRole) =>
  rows.filter(({ roles }) => roles[role] !== 'no').length;

/** A part of the page that can be folded away. */
function Fold(props: {
  title: string;
  summary?: string;
  isOpen: boolean;
  onToggle?: (isOpen: boolean) => void;
  children: ReactNode;
}) {
  const { title, summary, isOpen, onToggle, children } = props;
  const id = useId();
  return (
    <section className="card fold" aria-labelledby={id}>
      <details open={isOpen} onToggle={({ currentTarget }) => onToggle?.(currentTarget.open)}>
        <summary>
          <h2 id={id}>{title}</h2> <span className="quiet">{summary}</span>
        </summary>
        {children}
      </details>
    </section>
  );
}

function matches({ type, field, text, scopes }: MatrixRow, search: string): boolean {
  const where = `${type}.${field} ${text} ${scopes.flat(2).join(' ')}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => where.includes(word));
}

/** Folded away where somebody looks for something: what was found comes first. */
function Scopes(props: { isOpen: boolean; roles: readonly StaffRole[]; onChoose: (scope: string) => void }) {
  const { isOpen, roles, onChoose } = props;
  const all = [...new Set(roles.flatMap((role) => scopesOfRole[role]))];
  return (
    <Fold title={say.scopes} isOpen={isOpen}>
      <ul className="list scopes">
        {all.map((scope) => (
          <li key={scope} className="scope">
            <Button kind="link" onClick={() => onChoose(scope)}>
              {scope}
            </Button>
            <span>{describeScope(scope)}</span>
            <span className="quiet">
              {roles
                .filter((role) => scopesOfRole[role].includes(scope))
                .map(nameOfRole)
                .join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </Fold>
  );
}

function Matrix({ rows, roles }: { rows: readonly MatrixRow[]; roles: readonly StaffRole[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <div className="scroll tall" tabIndex={0}>
      <table className={roles.length === 1 ? 'matrix one' : 'matrix'}>
        <colgroup>
          <col className="name" />
          {roles.map((role) => (
            <col className="role" key={role} />
          ))}
          <col className="needs" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">{say.operation}</th>
            {roles.map((role) => (
              <th scope="col" key={role}>
                {nameOfRole(role)}
              </th>
            ))}
            <th scope="col" className="needs">
              {say.needs}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.type}.${row.field}`}>
              <th scope="row">
                <Name row={row} />
                <span className="quiet" lang="en">
                  {row.text.replaceAll('`', '')}
                </span>
              </th>
              {roles.map((role) => (
                <td key={role}>
                  <span className={`mark ${row.roles[role]}`}>{marks[row.roles[role]]}</span>
                </td>
              ))}
              <td className="quiet needs">{describeNeeds(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Name({ row: { type, field } }: { row: MatrixRow }) {
  const kind = type === 'Query' ? say.query : type === 'Mutation' ? say.mutation : say.field;
  return (
    <span>
      <code>{isRoot(type) ? field : field === '*' ? type : `${type}.${field}`}</code>{' '}
      <span className="tag">{field === '*' ? `${say.field} *` : kind}</span>
    </span>
  );
}

function describeNeeds({ scopes, policies, recentSeconds, isPublic }: MatrixRow): string {
  if (isPublic) return say.isPublic;
  const join = (list: readonly (readonly string[])[]) => list.map((all) => all.join(say.and)).join(say.or);
  const needs = [
    ...new Set(scopes.map(join)),
    ...(policies.length > 0 ? [say.byObject([...new Set(policies.map(join))].join(', '))] : []),
    ...(recentSeconds === undefined ? [] : [say.recent(Math.round(recentSeconds / 60))]),
  ];
  return needs.length > 0 ? needs.join(', ') : say.signedIn;
}
