import { useSession } from '@signet/client/react';
import { useEffect } from 'react';
import { Link, NavLink, useSearchParams } from 'react-router';
import { usePages } from '../app/operations.ts';
import { type StaffMembersQuery, staffMembersDocument } from '../operations.generated.ts';
import { nameOfRole } from '../roles/role-names.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Field, Problem, Skeleton } from '../ui/ui.tsx';
import { staff } from './texts.ts';

type Member = NonNullable<StaffMembersQuery['staffMembers']>['edges'][number]['node'];

const columns: Column<Member>[] = [
  { name: staff.name, width: 'minmax(10rem, 2fr)', cell: (member) => <MemberName member={member} /> },
  { name: staff.email, width: 'minmax(12rem, 3fr)', cell: ({ email }) => email },
  { name: staff.role, width: 'minmax(7rem, 1fr)', cell: ({ role }) => nameOfRole(role) },
  {
    name: staff.state,
    width: 'minmax(7rem, 1fr)',
    cell: ({ isActive }) => <MemberState isActive={isActive} />,
  },
];

function MemberName({ member: { id, fullName, email } }: { member: Member }) {
  const session = useSession();
  const isOwn = session.status === 'signed-in' && session.account.id === id;
  return (
    <>
      <Link to={`/staff/${id}`}>{fullName || email}</Link>
      {isOwn && ` (${staff.you})`}
    </>
  );
}

export function MemberState({ isActive }: { isActive: boolean }) {
  return <span className={isActive ? 'tag' : 'tag warn'}>{isActive ? staff.active : staff.inactive}</span>;
}

/** Both lists have this above them. */
export function StaffTabs() {
  return (
    <nav className="tabs" aria-label={staff.title}>
      <NavLink to="/staff" end>
        {staff.members}
      </NavLink>
      <NavLink to="/staff/invitations">{staff.invitations}</NavLink>
    </nav>
  );
}

/** Everyone who works for the tenant. The API has no search, so one here loads all pages. */
export function useStaffMembers(isWhole: boolean) {
  const pages = usePages(staffMembersDocument, {}, ({ staffMembers }) => staffMembers);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  useEffect(() => {
    if (isWhole && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isWhole, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return pages;
}

export function Component() {
  const [params, setParams] = useSearchParams();
  const search = params.get('search') ?? '';
  const wanted = search.trim().toLowerCase();
  const pages = useStaffMembers(wanted !== '');
  const rows = pages.nodes.filter((one) => `${one.email} ${one.fullName}`.toLowerCase().includes(wanted));
  return (
    <>
      <h1>{staff.title}</h1>
      <StaffTabs />
      <search>
        <Field
          label={staff.search}
          type="search"
          value={search}
          onChange={({ target }) =>
            setParams(target.value ? { search: target.value } : {}, { replace: true })
          }
        />
      </search>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending || (rows.length === 0 && pages.hasNextPage) ? (
        <Skeleton lines={10} />
      ) : rows.length === 0 ? (
        <p className="empty">{staff.noneFound(search)}</p>
      ) : (
        <DataTable
          label={staff.title}
          columns={columns}
          rows={rows}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
        />
      )}
    </>
  );
}
