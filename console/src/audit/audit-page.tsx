import type { ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { usePages } from '../app/operations.ts';
import { type AuditLogQuery, auditChainsDocument, auditLogDocument } from '../operations.generated.ts';
import { formatDateTime, formatInstant } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Facts } from '../ui/form.tsx';
import { Button, Field, Filters, Problem, Skeleton } from '../ui/ui.tsx';
import { ChainState } from './chain-state.tsx';
import { Export } from './export-buttons.tsx';
import { formatForInput, readInstant } from './instants.ts';
import { audit, chainTexts } from './texts.ts';
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
  { name: audit.about, width: 'minmax(8rem, 1fr)', cell: (event) => describeSubject(event) ?? audit.nobody },
  { name: audit.address, width: 'minmax(7rem, 1fr)', cell: ({ address }) => address ?? audit.nobody },
  {
    name: audit.request,
    width: 'minmax(8rem, 1fr)',
    cell: (event) => describeRequest(event) ?? audit.nobody,
  },
  {
    name: audit.details,
    width: 'minmax(10rem, 2fr)',
    cell: ({ details }) => details.map(({ name, value }) => `${name}: ${value}`).join(', '),
  },
];

function describeSubject({ subjectId, side }: AuditEvent): ReactNode {
  return subjectId && side === 'user' ? <Link to={`/customers/${subjectId}`}>{subjectId}</Link> : subjectId;
}

function describeRequest({ requestId, kind }: AuditEvent): ReactNode {
  return requestId && kind === 'authz.refused' ? (
    <Link to={`/refusals/${encodeURIComponent(requestId)}`}>{requestId}</Link>
  ) : (
    requestId
  );
}

/** The whole event, and an address of its own: of the log from this event on, with it open. */
function Details({ event, params }: { event: AuditEvent; params: URLSearchParams }) {
  const { id, happenedAt, kind, side, staff, actorId, address, details } = event;
  const link = new URLSearchParams(params);
  link.delete('since');
  link.set('until', new Date(Date.parse(happenedAt) + 1).toISOString());
  link.set('event', id);
  return (
    <>
      <Facts
        facts={[
          [audit.when, formatInstant(happenedAt)],
          [audit.kind, <code key="kind">{kind}</code>],
          [audit.side, chainTexts.sides[side as keyof typeof chainTexts.sides] ?? side],
          [audit.who, [staff?.fullName, actorId].filter(Boolean).join(', ')],
          [audit.about, describeSubject(event)],
          [audit.address, address],
          [audit.request, describeRequest(event)],
          [audit.event, id],
          ...details.map(({ name, value }) => [name, value] as const),
        ]}
      />
      <p className="links">
        <Link to={{ search: `?${link}` }}>{audit.linkTo}</Link>
      </p>
    </>
  );
}

/**
 * What happened, latest first. The filters are in the address of the page, so that it can be sent to a colleague, who may be in another time zone; so is
 * the event that somebody made a link to.
 */
export function Component() {
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const value = (name: string) => params.get(name) ?? '';
  const [since, until] = [readInstant(value('since')), readInstant(value('until'))];
  const linked = value('event') || undefined;
  const filter = {
    ...(value('kind') && { kind: value('kind') }),
    ...(value('actor') && { actorId: value('actor') }),
    ...(value('subject') && { subjectId: value('subject') }),
    ...(since && { since }),
    ...(until && { until }),
  };
  const pages = usePages(auditLogDocument, { filter, first: 50 }, ({ auditLog }) => auditLog);
  const change = (name: string, text: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete('event');
        if (text) next.set(name, text);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const filterField = (name: string, label: string) => (
    <Field label={label} value={value(name)} onChange={({ target }) => change(name, target.value)} />
  );
  const timeField = (name: string, label: string) => (
    <Field
      label={label}
      type="datetime-local"
      step="any"
      value={formatForInput(value(name))}
      onChange={({ target }) => change(name, readInstant(target.value) ?? '')}
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
        {timeField('since', audit.since)}
        {timeField('until', audit.until)}
        {params.size > 0 && <Button onClick={() => setParams({}, { replace: true })}>{audit.clear}</Button>}
      </Filters>
      {linked && pages.nodes.length > 0 && !pages.nodes.some(({ id }) => id === linked) && (
        <p className="note">{audit.linkedGone}</p>
      )}
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{audit.none}</p>
      ) : (
        <DataTable
          key={linked}
          label={audit.title}
          columns={columns}
          rows={pages.nodes}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
          details={{
            nameOf: ({ kind, happenedAt }) => `${kind}, ${formatDateTime(happenedAt)}`,
            of: (event) => <Details event={event} params={params} />,
            opened: linked,
          }}
        />
      )}
    </>
  );
}
