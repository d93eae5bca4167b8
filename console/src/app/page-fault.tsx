import { Navigate, useLocation, useNavigate, useRouteError } from 'react-router';
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

/** A screen that could not be loaded, which is tried again, or a part of the console that could not be drawn. */
export function PageFault() {
  const fault = useRouteError();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  // What a browser says where a file of a screen has not come: offline, mostly.
  const isLoading = fault instanceof TypeError && /import|module/i.test(fault.message);
  if (!isLoading) console.error(fault);
  function retry(): void {
    if (!isLoading) location.reload();
    else void navigate(pathname + search, { replace: true });
  }
  return (
    <div className="problem" role="alert">
      <p>{isLoading ? `${texts.errors.notLoaded} ${texts.errors.network}` : texts.errors.internal}</p>
      <Button onClick={retry}>{texts.errors.retry}</Button>
    </div>
  );
}
