import { formatDate } from '../texts/index.ts';
import { type Key, stateOf } from './signing-key.ts';
import { keys as say } from './texts.ts';

const day = 86_400_000;
/** Older times are left out: with a key a month, the present would be a line. */
const longestPast = 90 * day;

/** A bar for each key: published and waiting, signing, and published while its tokens hold. The list beside it has the same in words. */
export function Timeline({ keys }: { keys: readonly Key[] }) {
  const now = Date.now();
  const spans = keys.flatMap((key) => spanOf(key, keys, now));
  const from = Math.max(Math.min(...spans.map(({ start }) => start), now - day), now - longestPast);
  const to = Math.max(...spans.map(({ end }) => end), now + day);
  const shown = spans.filter(({ end }) => end > from);
  const x = (time: number) => ((Math.min(Math.max(time, from), to) - from) / (to - from)) * 1000;
  const height = shown.length * 22 + 18;
  const label = [
    say.timeline(formatDate(new Date(from).toISOString()), formatDate(new Date(to).toISOString())),
    ...shown.map(({ key }) => `${key.kid.slice(0, 8)}: ${stateOf(key)}`),
  ].join('. ');
  return (
    <figure className="keys-timeline">
      <svg
        viewBox={`0 0 1000 ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        height={height}
      >
        {shown.map(({ key, start, signs, rests, end }, index) => (
          <g key={key.kid} transform={`translate(0 ${index * 22 + 2})`}>
            <rect className="waits" x={x(start)} width={Math.max(x(signs) - x(start), 0)} y="5" height="6" />
            <rect
              className={key.revokedAt ? 'revoked' : 'signs'}
              x={x(signs)}
              width={Math.max(x(rests) - x(signs), 0)}
              y="1"
              height="14"
            />
            <rect className="rests" x={x(rests)} width={Math.max(x(end) - x(rests), 0)} y="5" height="6" />
          </g>
        ))}
        <line className="now" x1={x(now)} x2={x(now)} y1="0" y2={height - 16} />
      </svg>
      <figcaption className="quiet">
        <span>{formatDate(new Date(from).toISOString())}</span>
        <span className="legend" aria-hidden="true">
          {(['signs', 'waits', 'revoked', 'now'] as const).map((name) => (
            <span key={name}>
              <i className={name} /> {say.legend[name]}
            </span>
          ))}
        </span>
        <span>{formatDate(new Date(to).toISOString())}</span>
      </figcaption>
    </figure>
  );
}

type Span = { key: Key; start: number; signs: number; rests: number; end: number };

/** When a key was published, began to sign, stopped, and left or will leave. */
function spanOf(key: Key, keys: readonly Key[], now: number): Span[] {
  const { publishedAt, signsSince, takesOverAt, leavesAt, state } = key;
  if (!publishedAt) return [];
  const start = Date.parse(publishedAt);
  if (state === 'NEXT') {
    const end = takesOverAt ? Date.parse(takesOverAt) : now;
    return [{ key, start, signs: Math.max(end, now), rests: Math.max(end, now), end: Math.max(end, now) }];
  }
  const end = leavesAt ? Date.parse(leavesAt) : now;
  // It was imported or made, and thrown away before it signed.
  if (!signsSince) return [{ key, start, signs: end, rests: end, end }];
  const signs = Date.parse(signsSince);
  if (state === 'ACTIVE') {
    const next = keys.find((other) => other.state === 'NEXT')?.takesOverAt;
    const rests = Math.max(next ? Date.parse(next) : now, now);
    return [{ key, start, signs, rests, end: rests }];
  }
  const successors = keys.map((other) => Date.parse(other.signsSince ?? '')).filter((time) => time > signs);
  const rests = key.revokedAt ? end : Math.min(...successors, end);
  return [{ key, start, signs, rests, end }];
}
