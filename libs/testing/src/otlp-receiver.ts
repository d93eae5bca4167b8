import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A span as a collector got it. */
export type ReceivedSpan = {
  service: string;
  traceId: string;
  spanId: string;
  /** Empty for the first one of a trace. */
  parentSpanId: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'unset';
  attributes: Readonly<Record<string, string | number | boolean>>;
  isFailed: boolean;
  startMs: number;
  endMs: number;
};

export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  spans: ReceivedSpan[];
  /** The headers of each request. */
  requests: Readonly<Record<string, unknown>>[];
  /** How many requests have come, answered or not. */
  asked: number;
  /** What it answers from now on. Undefined: nothing at all. */
  answer: number | undefined;
  stop(): Promise<void>;
};

/** A collector that takes OTLP over HTTP (http/protobuf) and keeps the spans. `port`: by default a free one. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const receiver = { spans: [], requests: [], asked: 0, answer: 200 } as Omit<OtlpReceiver, 'url' | 'stop'>;
  const server: Server = createServer(async (req, res) => {
    const body = await buffer(req).catch(() => undefined);
    const { answer } = receiver;
    receiver.asked += 1;
    if (!body || answer === undefined) return;
    receiver.requests.push(req.headers);
    if (answer === 200 && req.url === '/v1/traces') receiver.spans.push(...readExportRequest(body));
    res.writeHead(answer, { 'content-type': 'application/x-protobuf' }).end();
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

/** An ExportTraceServiceRequest (opentelemetry-proto, collector/trace/v1 and trace/v1). The numbers are those of its fields. */
function readExportRequest(bytes: Buffer): ReceivedSpan[] {
  return messages(bytes, 1).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans, 1);
    const service = String(readAttributes(messages(resource ?? Buffer.alloc(0), 1))['service.name'] ?? '');
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => readSpan(span, service));
  });
}

const kinds = ['unset', 'internal', 'server', 'client'] as const;

function readSpan(bytes: Buffer, service: string): ReceivedSpan {
  const fields = readFields(bytes);
  const first = (number: number) => fields.find((field) => field.number === number)?.value;
  const text = (number: number, encoding: 'hex' | 'utf8') =>
    ((first(number) as Buffer) ?? '').toString(encoding);
  const ms = (number: number) => Number(first(number) as bigint) / 1e6;
  const [status] = messages(bytes, 15);
  return {
    service,
    traceId: text(1, 'hex'),
    spanId: text(2, 'hex'),
    parentSpanId: text(4, 'hex'),
    name: text(5, 'utf8'),
    kind: kinds[Number(first(6) ?? 0)] ?? 'unset',
    startMs: ms(7),
    endMs: ms(8),
    attributes: readAttributes(messages(bytes, 9)),
    isFailed:
      status !== undefined && readFields(status).some(({ number, value }) => number === 3 && value === 2n),
  };
}

function readAttributes(pairs: readonly Buffer[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const key = messages(pair, 1)[0]?.toString() ?? '';
      const [value] = readFields(messages(pair, 2)[0] ?? Buffer.alloc(0));
      switch (value?.number) {
        case 2:
          return [key, value.value === 1n];
        case 3:
          return [key, Number(BigInt.asIntN(64, value.value as bigint))];
        case 4:
          return [key, new Float64Array(new BigUint64Array([value.value as bigint]).buffer)[0] ?? 0];
        default:
          return [key, String(value?.value ?? '')];
      }
    }),
  );
}

type Field = { number: number; value: bigint | Buffer };

/** The fields with this number that have a length: texts, bytes, messages. */
function messages(bytes: Buffer, number: number): Buffer[] {
  return readFields(bytes).flatMap((field) =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [],
  );
}

/** Protocol Buffers' wire format: a tag, and a value whose form the tag names. */
function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('A protobuf message breaks off.');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        fields.push({ number, value: bytes.readBigUInt64LE(at) });
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        fields.push({ number, value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      case 5:
        fields.push({ number, value: BigInt(bytes.readUInt32LE(at)) });
        at += 4;
        break;
      default:
        throw new RangeError(`Protobuf has no wire type ${tag & 7}.`);
    }
  }
  return fields;
}
