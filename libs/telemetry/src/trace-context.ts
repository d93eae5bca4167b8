/** W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): what `traceparent` and `tracestate` say. */
export type RemoteSpan = {
  traceId: string;
  spanId: string;
  isSampled: boolean;
  /** Members of other tracing systems, passed on as they came. */
  tracestate: string | undefined;
};

type Header = string | string[] | undefined;
type Headers = Readonly<Record<string, Header>>;

/** Section 3.2.2.3. A version above 00 may have more behind the flags. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const nothing = /^0+$/;
/** Section 3.3.1.5: at least this many characters are passed on. */
const maxStateLength = 512;
const stateForm = /^[\x20-\x7e]*$/;

/** Reads the headers of a request. Undefined where `traceparent` is missing, sent twice or malformed: then a new trace begins. */
export function readTraceContext({ traceparent, tracestate }: Headers): RemoteSpan | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = form.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (nothing.test(traceId) || nothing.test(spanId)) return undefined;
  return {
    traceId,
    spanId,
    isSampled: (Number.parseInt(flags, 16) & 1) === 1,
    tracestate: readState(tracestate),
  };
}

/** Several headers are one list. What is too long or has other characters is left out; the trace goes on without it. */
function readState(header: Header): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text && text.length <= maxStateLength && stateForm.test(text) ? text : undefined;
}

export function formatTraceparent(traceId: string, spanId: string, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
