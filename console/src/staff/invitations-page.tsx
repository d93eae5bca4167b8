import { useState } from 'react';
import { Link } from 'react-router';
import { useMay } from '../app/may.ts';
import { useOperation, usePages } from '../app/operations.ts';
import {
  inviteStaffDocument,
  portalFeaturesDocument,
  resendInvitationDocument,
  revokeInvitationDocument,
  type StaffInvitationsQuery,
  staffInvitationsDocument,
} from '../operations.generated.ts';
import { type StaffRole, staffRoles } from '../roles/role-matrix.generated.ts';
import { nameOfRole } from '../roles/role-names.ts';
import { formatDate } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Select } from '../ui/form.tsx';
import { Button, Field, Problem, Skeleton } from '../ui/ui.tsx';
import { StaffTabs } from './staff-page.tsx';
import { invitations as say, staff } from './texts.ts';

type Invitation = NonNullable<StaffInvitationsQuery['staffInvitations']>['edges'][number]['node'];
type Act = { kind: 'invite' } | { kind: 'resend' | 'revoke'; invitation: Invitation };

/** Who was asked to join the staff, and asking somebody. */
export function Component() {
  const [act, setAct] = useState<Act>();
  const may = useMay();
  const features = useOperation(portalFeaturesDocument, {});
  const hasMail = features.data?.portalFeatures?.mail;
  const pages = usePages(staffInvitationsDocument, {}, ({ staffInvitations }) => staffInvitations);
  const columns: Column<Invitation>[] = [
    { name: staff.email, width: 'minmax(12rem, 2fr)', cell: ({ email }) => email },
    { name: staff.name, width: 'minmax(7rem, 1fr)', cell: ({ fullName }) => fullName },
    { name: staff.role, width: 'minmax(6rem, 1fr)', cell: ({ role }) => nameOfRole(role) },
    {
      name: staff.state,
      width: 'minmax(7rem, 1fr)',
      cell: ({ state }) => <span className={state === 'EXPIRED' ? 'tag warn' : 'tag'}>{say[state]}</span>,
    },
    { name: say.sent, width: 'minmax(7rem, 1fr)', cell: ({ sentAt }) => formatDate(sentAt) },
    {
      name: say.until,
      width: 'minmax(7rem, 1fr)',
      cell: ({ expiresAt, state }) => (state === 'OPEN' ? formatDate(expiresAt) : ''),
    },
    {
      name: say.by,
      width: 'minmax(7rem, 1fr)',
      cell: ({ invitedBy }) =>
        invitedBy ? <Link to={`/staff/${invitedBy.id}`}>{invitedBy.fullName}</Link> : say.operator,
    },
    {
      name: say.acts,
      width: 'minmax(16rem, 1fr)',
      cell: (invitation) =>
        (invitation.state === 'OPEN' || invitation.state === 'EXPIRED') && (
          <div className="row-acts">
            {hasMail && may(resendInvitationDocument) && (
              <Button
                kind="link"
                aria-label={`${say.resend}: ${invitation.email}`}
                onClick={() => setAct({ kind: 'resend', invitation })}
              >
                {say.resend}…
              </Button>
            )}
            {may(revokeInvitationDocument) && (
              <Button
                kind="link"
                aria-label={`${say.revoke}: ${invitation.email}`}
                onClick={() => setAct({ kind: 'revoke', invitation })}
              >
                {say.revoke}…
              </Button>
            )}
          </div>
        ),
    },
  ];
  return (
    <>
      <div className="title">
        <h1>{staff.invitations}</h1>
        {hasMail && may(inviteStaffDocument) && (
          <div className="buttons">
            <Button kind="main" onClick={() => setAct({ kind: 'invite' })}>
              {say.invite}…
            </Button>
          </div>
        )}
      </div>
      <StaffTabs />
      {hasMail === false && <p className="note">{say.noMail}</p>}
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{say.none}</p>
      ) : (
        <DataTable
          label={staff.invitations}
          columns={columns}
          rows={pages.nodes}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
        />
      )}
      {act?.kind === 'invite' && <Invite onClose={() => setAct(undefined)} />}
      {act && act.kind !== 'invite' && <Settle act={act} onClose={() => setAct(undefined)} />}
    </>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const [least = 'support'] = staffRoles;
  return (
    <ActDialog
      title={say.invite}
      document={inviteStaffDocument}
      start={{ email: '', fullName: '', role: least as StaffRole, language: '' }}
      toVariables={({ language, ...who }) => ({ ...who, language: language || null })}
      onClose={onClose}
    >
      {({ field }) => (
        <>
          <p>{say.inviteWhat}</p>
          <Field label={staff.email} type="email" autoComplete="off" required autoFocus {...field('email')} />
          <Field label={staff.name} autoComplete="off" required maxLength={100} {...field('fullName')} />
          <Select label={staff.role} {...field('role')}>
            {staffRoles.map((role) => (
              <option key={role} value={role}>
                {nameOfRole(role)}
              </option>
            ))}
          </Select>
          <Select label={say.language} {...field('language')}>
            <option value="">{say.tenantsLanguage}</option>
            <option value="en">{say.english}</option>
            <option value="de">{say.german}</option>
          </Select>
        </>
      )}
    </ActDialog>
  );
}

function Settle({ act, onClose }: { act: Exclude<Act, { kind: 'invite' }>; onClose: () => void }) {
  const { kind, invitation } = act;
  const common = { title: say[kind], start: {}, toVariables: () => ({ id: invitation.id }), onClose };
  return kind === 'revoke' ? (
    <ActDialog {...common} isDangerous document={revokeInvitationDocument}>
      {() => <p>{say.revokeWhat(invitation.email)}</p>}
    </ActDialog>
  ) : (
    <ActDialog {...common} document={resendInvitationDocument}>
      {() => <p>{say.resendWhat(invitation.email)}</p>}
    </ActDialog>
  );
}
