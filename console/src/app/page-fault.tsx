import { Navigate, useRouteError } from 'react-router';
import { texts } from '../texts/index.ts';
import { Button } from '../ui/ui.tsx';
import { useMay } from './may.ts';
import { sections } from './sections.ts';

/** Leads to the first section that the role may see. */
export function Home() {
  const may = useMay();
  const first = sections.find(({ document }) => document === undefined || may(document));
  return first ? <Navigate to={first.path} replace /> : <p className="empty">{texts.errors.forbidden}</p>;
}

export function NotFound() {
  return <h1>{texts.errors.notFound}</h1>;
}

/**
 * A part of the console that could not be loaded or drawn. After an upgrade a page that was open asks for files that are gone: it has to be
 * loaded again, which is left to the person, who may have typed something.
 */
export function PageFault() {
  const fault = useRouteError();
  console.error(fault);
  return (
    <main className="sign-in" role="alert">
      <p>{texts.errors.internal}</p>
      <Button kind="main" onClick={() => location.reload()}>
        {texts.errors.retry}
      </Button>
    </main>
  );
}
