import { Link, useParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { useOperation } from '../app/operations.ts';
import {
  auditLogDocument,
  type CustomerQuery,
  customerDocument,
  endCustomerDeviceDocument,
  impersonationsDocument,
} from '../operations.generated.ts';
import { formatDate, formatDateTime } from '../texts/index.ts';
import { nameOfDevice } from '../ui/device-name.ts';
import { Problem, Section, Skeleton } from '../ui/ui.tsx';
import { Actions, AskFirst } from './actions.tsx';
import { Assignment } from './assignment.tsx';
import { ActiveState } from './customers-page.tsx';
import { CustomerImpersonations } from './impersonations.tsx';
import { Notes, useNotes } from './notes.tsx';
import { customerPanels } from './panels.ts';
import { customer as say, customers as shared } from './texts.ts';

export type Customer = NonNullable<CustomerQuery['customer']>;

/** Everything about one customer that the role may see, and what it may do. */
export function Component() {
  const { id = '' } = useParams();
  const { data, error, isPending, refetch } = useOperation(customerDocument, { id });
  const notes = useNotes(id);
  const may = useMay();
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending || notes.isPending) return <Skeleton lines={8} />;
  const { customer } = data;
  if (!customer) return <p className="empty">{shared.gone}</p>;
  return (
    // What is open or typed about one customer does not stay for the next.
    <div className="customer" key={customer.id}>
      <div className="title">
        <h1>{customer.fullName || customer.email}</h1>
        <ActiveState isActive={customer.isActive} />
        {may(auditLogDocument) && (
          <div className="buttons">
            <Link to={`/audit?subject=${id}`}>{say.history}</Link>
          </div>
        )}
      </div>
      <p className="quiet">
        {customer.email} ({customer.emailVerified ? shared.verified : shared.unverified}) · {shared.since}{' '}
        {formatDate(customer.createdAt)}
      </p>
      <div className="lanes">
        <div>
          <Actions customer={customer} />
          <Assignment customer={customer} />
        </div>
        <div>
          <Notes id={customer.id} pages={notes} />
          {customerPanels.map(({ name, Panel }) => (
            <Panel key={name} customerId={customer.id} />
          ))}
        </div>
        <div>
          <Sessions customer={customer} />
          <Devices customer={customer} />
          <Factors customer={customer} />
          {may(impersonationsDocument) && <CustomerImpersonations customer={customer} />}
        </div>
      </div>
    </div>
  );
}

function Sessions({ customer: { sessions } }: { customer: Customer }) {
  if (!sessions) return null;
  return (
    <Section title={say.sessions}>
      {sessions.length === 0 ? (
        <p className="empty">{say.noSessions}</p>
      ) : (
        <ul className="list">
          {sessions.map((session) => (
            <li key={session.id}>
              <span className="clip" title={session.device}>
                {nameOfDevice(session.device) || say.unnamedDevice}
              </span>
              <span className="quiet">
                {[
                  session.address,
                  session.methods.join(', '),
                  `${say.lastUsed} ${formatDateTime(session.lastUsedAt)}`,
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** Where the customer has signed in. One that is lost is ended without the others. */
function Devices({ customer: { id, email, devices } }: { customer: Customer }) {
  if (!devices) return null;
  return (
    <Section title={say.devices}>
      {devices.length === 0 ? (
        <p className="empty">{say.noDevices}</p>
      ) : (
        <ul className="list">
          {devices.map((device) => (
            <li key={device.id} className="with-button">
              <div>
                <span className="clip" title={device.name}>
                  {nameOfDevice(device.name) || say.unnamedDevice}
                </span>
                <span className="quiet">
                  {[
                    device.address,
                    `${say.lastUsed} ${formatDateTime(device.lastSeenAt)}`,
                    device.isRemembered && say.remembered,
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </div>
              <AskFirst
                title={say.endDevice}
                about={nameOfDevice(device.name) || say.unnamedDevice}
                what={say.endDeviceWhat(email)}
                document={endCustomerDeviceDocument}
                variables={{ id, deviceId: device.id }}
              />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Factors({ customer: { factors } }: { customer: Customer }) {
  if (!factors) return null;
  return (
    <Section title={say.factors}>
      {factors.length === 0 ? (
        <p className="empty">{say.noFactors}</p>
      ) : (
        <ul className="list">
          {factors.map((factor) => (
            <li key={`${factor.kind} ${factor.createdAt}`}>
              <span>{say.kindsOfFactor[factor.kind]}</span>
              <span className="quiet">
                {[
                  formatDate(factor.createdAt),
                  factor.lastUsedAt && `${say.lastUsed} ${formatDateTime(factor.lastUsedAt)}`,
                  factor.codesLeft !== null && say.codesLeft(factor.codesLeft),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
