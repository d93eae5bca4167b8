import { Link, useSearchParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { usePages } from '../app/operations.ts';
import { type AuditLogQuery, auditChainsDocument, auditLogDocument } from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Button, Field, Filters, Problem, Skeleton } from '../ui/ui.tsx';
import { ChainState } from './chain-state.tsx';
import { Export } from './export-buttons.tsx';
import { audit } from './texts.ts';
import './audit.css';

export type AuditEvent = NonNullable<AuditLogQuery['auditLog']>['edges'][number]['node'];

const columns: Column<AuditEvent>[] = [
  { name: audit.when, width: 'minmax(12.5rem, 1fr)', cell: ({ happenedAt }) => formatDateTime(happenedAt) },
  { name: audit.kind, width: 'minmax(12rem, 2fr)', cell: ({ kind }) => <code>{kind}</code> },
  {
    name: audit.who,
    width: 'minmax(8rem, 1fr)',
    cell: ({ staff, actorId }) => staff?.fullName ?? actorId ?? audit.nobody,
  },
  {
    name: audit.about,
    width: 'minmax(8rem, 1fr)',
    cell: ({ subjectId, side }) =>
      subjectId && side === 'user' ? (
        <Link to={`/customers/${subjectId}`}>{subjectId}</Link>
      ) : (
        (subjectId ?? audit.nobody)
      ),
  },
  { name: audit.address, width: 'minmax(7rem, 1fr)', cell: ({ address }) => address ?? audit.nobody },
  {
    name: audit.request,
    width: 'minmax(8rem, 1fr)',
    cell: ({ requestId, kind }) =>
      requestId && kind === 'authz.refused' ? (
        <Link to={`/refusals/${encodeURIComponent(requestId)}`}>{requestId}</Link>
      ) : (
        (requestId ?? audit.nobody)
      ),
  },
  {
    name: audit.details,
    width: 'minmax(10rem, 2fr)',
    cell: ({ details }) => details.map(({ name, value }) => `${name}: ${value}`).join(', '),
  },
];

/** What happened, latest first. The filters are in the address of the page, so that it can be sent to a colleague. */
export function Component() {
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const value = (name: string) => params.get(name) ?? '';
  const filter = {
    ...(value('kind') && { kind: value('kind') }),
    ...(value('actor') && { actorId: value('actor') }),
    ...(value('subject') && { subjectId: value('subject') }),
    ...readInstant('since', value('since')),
    ...readInstant('until', value('until')),
  };
  const pages = usePages(auditLogDocument, { filter, first: 50 }, ({ auditLog }) => auditLog);
  const filterField = (name: string, label: string, type = 'text') => (
    <Field
      label={label}
      type={type}
      value={value(name)}
      onChange={({ target }) =>
        setParams(
          (before) => {
            const next = new URLSearchParams(before);
            if (target.value) next.set(name, target.value);
            else next.delete(name);
            return next;
          },
          { replace: true },
        )
      }
    />
  );
  return (
    <>
      <div className="title">
        <h1>{audit.title}</h1>
        <Export filter={filter} />
      </div>
      {may(auditChainsDocument) && <ChainState />}
      <Filters isInUse={params.size > 0}>
        {filterField('kind', audit.kind)}
        {filterField('actor', audit.who)}
        {filterField('subject', audit.about)}
        {filterField('since', audit.since, 'datetime-local')}
        {filterField('until', audit.until, 'datetime-local')}
        {params.size > 0 && <Button onClick={() => setParams({}, { replace: true })}>{audit.clear}</Button>}
      </Filters>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{audit.none}</p>
      ) : (
        <DataTable
          label={audit.title}
          columns={columns}
          rows={pages.nodes}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
        />
      )}
    </>
  );
}

/** Nothing for a text that is no time: an address may have been typed. */
function readInstant(name: 'since' | 'until', text: string): { since?: string; until?: string } {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? {} : { [name]: time.toISOString() };
}
