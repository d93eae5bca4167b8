import { useSession } from '@signet/client/react';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { useOperation } from '../app/operations.ts';
import {
  auditLogDocument,
  cancelStaffFactorResetDocument,
  changeStaffRoleDocument,
  deactivateStaffDocument,
  reactivateStaffDocument,
  resetStaffFactorsDocument,
  type StaffMemberQuery,
  serviceAccountsDocument,
  staffMemberDocument,
  staffServicesDocument,
} from '../operations.generated.ts';
import { staffRoles } from '../roles/role-matrix.generated.ts';
import { nameOfRole } from '../roles/role-names.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Facts, Select } from '../ui/form.tsx';
import { Button, Field, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { MemberState, useStaffMembers } from './staff-page.tsx';
import { member as say, staff } from './texts.ts';

type Member = NonNullable<StaffMemberQuery['staffMember']>;

/** One member of staff, and what may be done about them. */
export function Component() {
  const { id = '' } = useParams();
  const session = useSession();
  const may = useMay();
  const { data, error, isPending, refetch } = useOperation(staffMemberDocument, { id });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending) return <Skeleton lines={8} />;
  const { staffMember: member } = data;
  if (!member) return <p className="empty">{staff.gone}</p>;
  const isOwn = session.status === 'signed-in' && session.account.id === member.id;
  return (
    <>
      <div className="title">
        <h1>{member.fullName || member.email}</h1>
        <MemberState isActive={member.isActive} />
      </div>
      <div className="columns">
        <Section title={say.actions}>
          <Facts
            facts={[
              [staff.email, member.email],
              [
                staff.role,
                <Link key="role" to={`/roles?role=${member.role}`} title={say.whatRoleMay}>
                  {nameOfRole(member.role)}
                </Link>,
              ],
            ]}
          />
          {isOwn ? (
            <p className="note">
              {say.own} <Link to="/account">{say.ownAccount}</Link>
            </p>
          ) : (
            // What is open or typed about one member does not stay for the next.
            <Acts key={member.id} member={member} />
          )}
          {may(auditLogDocument) && (
            <p className="links">
              <Link to={`/audit?actor=${member.id}`}>{say.whatTheyDid}</Link>
              <Link to={`/audit?subject=${member.id}`}>{say.whatWasDone}</Link>
            </p>
          )}
        </Section>
        <Services id={member.id} />
      </div>
    </>
  );
}

/** `services` is undefined where the role may not see them, or they are not there yet. */
function useServicesOf(id: string) {
  const may = useMay();
  const { data, isLoading } = useOperation(
    staffServicesDocument,
    { id },
    { enabled: may(serviceAccountsDocument) },
  );
  return { services: data?.staffMember?.activeServiceAccounts, isLoading };
}

type Services = NonNullable<ReturnType<typeof useServicesOf>['services']>;

function Services({ id }: { id: string }) {
  const { services, isLoading } = useServicesOf(id);
  if (!services && !isLoading) return null;
  return (
    <Section title={say.services}>
      <p className="quiet">{say.servicesWhat}</p>
      {!services && <Skeleton lines={1} />}
      {services?.length === 0 && <p className="empty">{say.noneOfServices}</p>}
      {services && services.length > 0 && <ServiceLinks of={services} />}
    </Section>
  );
}

function ServiceLinks({ of }: { of: Services }) {
  return (
    <ul className="list">
      {of.map(({ id, side, name }) => (
        <li key={id}>
          <Link to={`/services/${side.toLowerCase()}/${id}`}>{name}</Link>
        </li>
      ))}
    </ul>
  );
}

type Act = 'role' | 'deactivate' | 'reactivate' | 'reset' | 'cancel';

function Acts({ member }: { member: Member }) {
  const [act, setAct] = useState<Act>();
  const [outcome, setOutcome] = useState('');
  const may = useMay();
  const { id, isActive } = member;
  const name = member.fullName || member.email;
  const dialog = { onClose: () => setAct(undefined) };
  const offer = (of: Act, title: string, document: string, kind?: 'danger') =>
    may(document) && (
      <Button
        {...(kind && { kind })}
        onClick={() => {
          setOutcome('');
          setAct(of);
        }}
      >
        {title}…
      </Button>
    );
  return (
    <>
      <div className="buttons">
        {offer('role', say.changeRole, changeStaffRoleDocument)}
        {offer('reset', say.resetFactors, resetStaffFactorsDocument, 'danger')}
        {offer('cancel', say.cancelReset, cancelStaffFactorResetDocument)}
        {isActive
          ? offer('deactivate', say.deactivate, deactivateStaffDocument, 'danger')
          : offer('reactivate', say.reactivate, reactivateStaffDocument)}
      </div>
      <p role="status">{outcome}</p>
      {act === 'role' && (
        <ActDialog
          title={say.changeRole}
          document={changeStaffRoleDocument}
          start={{ role: member.role }}
          toVariables={({ role }) => ({ id, role })}
          {...dialog}
        >
          {({ field }) => (
            <>
              <p>{say.changeRoleWhat(name)}</p>
              <Select label={say.newRole} {...field('role')}>
                {staffRoles.map((role) => (
                  <option key={role} value={role}>
                    {nameOfRole(role)}
                  </option>
                ))}
              </Select>
            </>
          )}
        </ActDialog>
      )}
      {act === 'deactivate' && <Deactivate member={member} name={name} {...dialog} />}
      {act === 'reactivate' && (
        <ActDialog
          title={say.reactivate}
          document={reactivateStaffDocument}
          start={{}}
          toVariables={() => ({ id })}
          {...dialog}
        >
          {() => <p>{say.reactivateWhat(name)}</p>}
        </ActDialog>
      )}
      {act === 'reset' && (
        <ActDialog
          title={say.resetFactors}
          isDangerous
          document={resetStaffFactorsDocument}
          start={{ reason: '' }}
          toVariables={({ reason }) => ({ id, reason })}
          onDone={({ resetStaffFactors: at }) =>
            setOutcome(Date.parse(at) > Date.now() + 60_000 ? say.resetAt(formatDateTime(at)) : say.resetDone)
          }
          {...dialog}
        >
          {({ field }) => (
            <>
              <p>{say.resetFactorsWhat(name)}</p>
              <p>{say.resetFactorsLater}</p>
              <Field
                label={say.reason}
                minLength={3}
                maxLength={500}
                required
                autoFocus
                {...field('reason')}
              />
            </>
          )}
        </ActDialog>
      )}
      {act === 'cancel' && (
        <ActDialog
          title={say.cancelReset}
          document={cancelStaffFactorResetDocument}
          start={{}}
          toVariables={() => ({ id })}
          onDone={({ cancelStaffFactorReset: was }) => setOutcome(was ? say.resetCancelled : say.noReset)}
          {...dialog}
        >
          {() => <p>{say.cancelResetWhat(name)}</p>}
        </ActDialog>
      )}
    </>
  );
}

function Deactivate({ member, name, onClose }: { member: Member; name: string; onClose: () => void }) {
  const { services } = useServicesOf(member.id);
  const others = useStaffMembers(true).nodes.filter(({ id, isActive }) => isActive && id !== member.id);
  return (
    <ActDialog
      title={say.deactivate}
      isDangerous
      document={deactivateStaffDocument}
      start={{ assignTo: '' }}
      toVariables={({ assignTo }) => ({ id: member.id, assignTo: assignTo || null })}
      onClose={onClose}
    >
      {({ field }) => (
        <>
          <p>{say.deactivateWhat(name)}</p>
          {services && <p>{services.length > 0 ? say.servicesGoOn(services.length) : say.noServices}</p>}
          {services && services.length > 0 && <ServiceLinks of={services} />}
          <Select label={say.takesOver} {...field('assignTo')}>
            <option value="">{say.nobodyTakesOver}</option>
            {others.map(({ id, fullName, email }) => (
              <option key={id} value={id}>
                {fullName ? `${fullName} · ${email}` : email}
              </option>
            ))}
          </Select>
        </>
      )}
    </ActDialog>
  );
}
