import { useMutation, useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { useState } from 'react';
import { toOutcome, useAttempt } from '../errors.ts';
import {
  EndDeviceDocument,
  EndOtherSessionsDocument,
  EndSessionDocument,
  ObjectToImpersonationDocument,
  SignedInPlacesDocument,
} from '../gql/graphql.ts';
import { formatDateTime, texts } from '../texts/index.ts';
import { Button, Card, Confirm, Problem, Refusal, Skeleton } from '../ui.tsx';

const { places } = texts;

/** Where the person is signed in, and which devices are known; support, who act as them, among it. */
export function SignedInPlaces() {
  const { data, error, refetch } = useQuery(SignedInPlacesDocument, {
    errorPolicy: 'all',
    fetchPolicy: 'cache-and-network',
  });
  const [end] = useMutation(EndSessionDocument);
  const [endOthers] = useMutation(EndOtherSessionsDocument);
  const [endDevice] = useMutation(EndDeviceDocument);
  const [object] = useMutation(ObjectToImpersonationDocument);
  const [forgetting, setForgetting] = useState<{ id: string; name: string }>();
  const { isBusy, error: refusal, setError, attempt } = useAttempt();
  const act = async (sent: () => Promise<{ data?: unknown }>) => {
    const done = await attempt(() => toOutcome(sent()));
    // Of the session that one ends here, nothing can be asked any more.
    if (done) await refetch().catch(() => undefined);
    return done !== undefined;
  };
  const close = () => {
    setForgetting(undefined);
    setError(undefined);
  };
  const sessions = data?.mySessions;
  return (
    <Card title={places.title}>
      {sessions ? (
        <>
          {!forgetting && <Refusal error={refusal} />}
          <ul className="list">
            {sessions.map(({ id, kind, reason, device, address, lastUsedAt, current }) => (
              <li key={id}>
                <span>
                  <strong>{kind === 'SUPPORT' ? places.support : shorten(device)}</strong>{' '}
                  {current && <span className="state shipped">{places.current}</span>}
                  <br />
                  <span className="quiet">
                    {[reason && places.reasons[reason], address, places.used(formatDateTime(lastUsedAt))]
                      .filter(Boolean)
                      .join(' · ')}
                  </span>
                </span>
                {kind === 'SUPPORT' ? (
                  <Button
                    kind="link"
                    disabled={isBusy}
                    onClick={() => act(() => object({ variables: { id } }))}
                  >
                    {places.object}
                  </Button>
                ) : (
                  !current && (
                    <Button
                      kind="link"
                      disabled={isBusy}
                      aria-label={places.endNamed(shorten(device))}
                      onClick={() => act(() => end({ variables: { id } }))}
                    >
                      {places.end}
                    </Button>
                  )
                )}
              </li>
            ))}
          </ul>
          {sessions.length > 1 && (
            <Button disabled={isBusy} onClick={() => act(() => endOthers())}>
              {places.endOthers}
            </Button>
          )}
        </>
      ) : error ? (
        <Problem error={readError(error)} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={4} />
      )}
      {data?.myDevices && data.myDevices.length > 0 && (
        <>
          <h3>{places.devices}</h3>
          <p className="quiet">{places.devicesWhy}</p>
          <ul className="list">
            {data.myDevices.map(({ id, name, address, lastSeenAt, remembered }) => (
              <li key={id}>
                <span>
                  <strong>{shorten(name)}</strong>{' '}
                  {remembered && <span className="state shipped">{places.remembered}</span>}
                  <br />
                  <span className="quiet">
                    {[address, places.used(formatDateTime(lastSeenAt))].filter(Boolean).join(' · ')}
                  </span>
                </span>
                <Button
                  kind="link"
                  aria-label={places.forgetNamed(shorten(name))}
                  onClick={() => setForgetting({ id, name: shorten(name) })}
                >
                  {places.forget}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      {forgetting && (
        <Confirm
          title={places.forgetNamed(forgetting.name)}
          text={places.forgetWhat}
          action={places.forget}
          isBusy={isBusy}
          error={refusal}
          onClose={close}
          onConfirm={async () => {
            if (await act(() => endDevice({ variables: { id: forgetting.id } }))) close();
          }}
        />
      )}
    </Card>
  );
}

/** The browser and the system of a User-Agent, as far as they are usual ones; else the beginning of it. */
function shorten(device: string): string {
  if (!device) return places.unknown;
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(device)?.[1];
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(device)?.[1];
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS' };
  if (browser && system) return `${names[browser] ?? browser} · ${names[system] ?? system}`;
  return device.length > 60 ? `${device.slice(0, 60)}…` : device;
}
