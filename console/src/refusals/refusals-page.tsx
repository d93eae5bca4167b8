import { type FormEvent, useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { useAskAgain, useOperation, usePages } from '../app/operations.ts';
import {
  type RefusalsQuery,
  refusalDocument,
  refusalReasonsDocument,
  refusalsDocument,
} from '../operations.generated.ts';
import { formatCount, formatDateTime } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Button, Checkbox, Field, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { Explanation, nameCaller } from './explanation.tsx';
import { findRequestId } from './request-id.ts';
import { refusalTexts as texts } from './texts.ts';
import './refusals.css';

type Row = NonNullable<RefusalsQuery['refusals']>['edges'][number]['node'];

const columns: Column<Row>[] = [
  {
    name: texts.when,
    width: 'minmax(12.5rem, 1fr)',
    cell: ({ requestId, happenedAt }) => (
      <Link to={`/refusals/${encodeURIComponent(requestId)}`}>{formatDateTime(happenedAt)}</Link>
    ),
  },
  { name: texts.reason, width: 'minmax(13rem, 2fr)', cell: ({ reason }) => <code>{reason}</code> },
  {
    name: texts.operation,
    width: 'minmax(9rem, 1fr)',
    cell: ({ operationName, route }) => operationName ?? route ?? texts.anonymous,
  },
  { name: texts.who, width: 'minmax(12rem, 2fr)', cell: nameCaller },
  { name: texts.entrance, width: 'minmax(5rem, 0.5fr)', cell: ({ entrance }) => entrance },
  { name: texts.client, width: 'minmax(8rem, 1fr)', cell: ({ clientName }) => clientName ?? '–' },
];

/** Why a request was refused, by its id, and the latest refusals. Id and filter are in the address of the page. */
export function Component() {
  const { id } = useParams();
  return (
    <>
      <div className="title">
        <h1>{texts.title}</h1>
        {id && <Link to="/refusals">{texts.back}</Link>}
      </div>
      <Search key={id} id={id} />
      {id ? <Answer id={id} /> : <Latest />}
    </>
  );
}

function Search({ id }: { id: string | undefined }) {
  const navigate = useNavigate();
  const [pasted, setPasted] = useState(id ?? '');
  const [error, setError] = useState<string>();
  const search = (text: string) => {
    const found = findRequestId(text);
    setError(found === undefined ? texts.notFound : undefined);
    if (found !== undefined) navigate(`/refusals/${encodeURIComponent(found)}`);
  };
  return (
    <Section title={texts.why}>
      <form
        className="refusal-search"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          search(pasted);
        }}
      >
        <Field
          label={texts.paste}
          value={pasted}
          error={error}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => setPasted(target.value)}
          // The input itself would drop the line ends of a header or an error.
          onPaste={(event) => {
            const text = event.clipboardData.getData('text');
            if (findRequestId(text) === undefined) return;
            event.preventDefault();
            search(text);
          }}
        />
        <Button type="submit" kind="main">
          {texts.find}
        </Button>
      </form>
      <p className="quiet">{texts.example}</p>
    </Section>
  );
}

const lookAgainMs = 2000;

function Answer({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useOperation(refusalDocument, { requestId: id });
  const lookup = data?.refusal;
  useAskAgain(refusalDocument, { requestId: id }, lookup?.state === 'PENDING' ? lookAgainMs : undefined);
  if (error) return <Problem error={error} onRetry={() => refetch()} />;
  if (isPending) return <Skeleton lines={10} />;
  if (!lookup) return null;
  const { state, refusals, keptSince } = lookup;
  if (state !== 'RECORDED')
    return (
      <p className="empty" role="status">
        {state === 'TOO_OLD' ? texts.tooOld(formatDateTime(keptSince)) : texts.states[state]}
      </p>
    );
  return (
    <>
      {refusals.length > 1 && <p className="problem">{texts.several}</p>}
      {refusals.map((refusal) => (
        <Explanation key={refusal.id} refusal={refusal} />
      ))}
    </>
  );
}

/** The answer to a page that asks who is signed in where nobody is: no incident, and too many to find others among them. */
const everyday = 'auth.failure.missing_token';

/** The latest refusals. Those of visits without a session are left out, unless somebody asks for them. */
function Latest() {
  const [params, setParams] = useSearchParams();
  const reason = params.get('reason') ?? '';
  const withEveryday = params.has('everyday');
  const reasons = useOperation(refusalReasonsDocument, {}, { isFresh: true });
  const filter = reason ? { reason } : withEveryday ? {} : { exceptReasons: [everyday] };
  const pages = usePages(refusalsDocument, { filter }, ({ refusals }) => refusals, { isFresh: true });
  const counted = reasons.data?.refusalReasons ?? [];
  const everydayCount = counted.find((one) => one.reason === everyday)?.count ?? 0;
  const show = (next: { reason?: string; everyday?: string }) => setParams(next, { replace: true });
  return (
    <>
      <Section title={texts.reasons}>
        {reasons.error ? (
          <Problem error={reasons.error} onRetry={() => reasons.refetch()} />
        ) : (
          <div className="refusal-reasons">
            <Button aria-pressed={reason === ''} onClick={() => show({})}>
              {texts.every}
            </Button>
            {counted
              .toSorted((a, b) => Number(a.reason === everyday) - Number(b.reason === everyday))
              .map((one) => (
                <Button
                  key={one.reason}
                  aria-pressed={reason === one.reason}
                  onClick={() => show({ reason: one.reason })}
                >
                  <code>{one.reason}</code> {formatCount(one.count)}
                </Button>
              ))}
          </div>
        )}
        <Checkbox
          label={texts.withEveryday(formatCount(everydayCount))}
          checked={withEveryday || reason === everyday}
          disabled={reason !== ''}
          onChange={({ target }) => show(target.checked ? { everyday: 'yes' } : {})}
        />
        <p className="quiet">{texts.everyday}</p>
      </Section>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">
          {reason ? texts.noneOf : everydayCount > 0 && !withEveryday ? texts.noneElse : texts.none}
        </p>
      ) : (
        <DataTable
          label={texts.latest}
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
