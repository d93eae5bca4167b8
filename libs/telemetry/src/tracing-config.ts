import { z } from 'zod';

/** `key=value` pairs separated by commas, percent-encoded (OpenTelemetry specification, W3C Baggage's form). */
function pairs(fault: string) {
  return z.string().transform((text, ctx) => {
    const entries = text
      .split(',')
      .map((pair) => pair.trim())
      .filter(Boolean)
      .map((pair): [string, string] => {
        const at = pair.indexOf('=');
        return [pair.slice(0, Math.max(0, at)).trim(), decode(pair.slice(at + 1).trim())];
      });
    if (entries.some(([key]) => key === '')) {
      ctx.addIssue(fault);
      return z.NEVER;
    }
    return Object.fromEntries(entries);
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const samplers = [
  'always_on',
  'always_off',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** OpenTelemetry's own variables, for every process. */
export const tracingConfigFields = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe(
      'Base URL of a collector that takes OTLP over HTTP (http/protobuf), such as http://localhost:4318. Spans go to `v1/traces` below it. Without it there are no traces, and nothing of OpenTelemetry is loaded.',
    ),
  OTEL_EXPORTER_OTLP_HEADERS: pairs('must be pairs such as api-key=secret, separated by commas')
    .meta({ isSecret: true })
    .optional()
    .describe('Headers of each request to the collector, as `key=value` pairs, separated by commas.'),
  OTEL_TRACES_SAMPLER: z
    .enum(samplers, `must be one of ${samplers.join(', ')}`)
    .default('parentbased_traceidratio')
    .describe(
      'Which traces are recorded. `parentbased_…`: what a trusted caller has decided holds, and the rest of the name decides for all others.',
    ),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1|0?\.\d{1,9}|0\.0*|1\.0+)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .meta({ inFile: { type: 'number', minimum: 0, maximum: 1 } })
    .default(0.01)
    .describe(
      'The share of traces that `parentbased_traceidratio` records, 0 to 1, of those without a trusted caller.',
    ),
  OTEL_BSP_SCHEDULE_DELAY: z
    .string()
    .regex(/^\d{1,6}$/, 'must be milliseconds, 100 to 60000')
    .transform(Number)
    .refine((value) => value >= 100 && value <= 60_000, 'must be milliseconds, 100 to 60000')
    .meta({ inFile: { type: 'integer', minimum: 100, maximum: 60_000 } })
    .default(5000)
    .describe('How often finished spans are sent to the collector, in milliseconds.'),
  OTEL_SERVICE_NAME: z
    .string()
    .max(100)
    .optional()
    .describe('The name of the process in traces. By default its own, such as `signet-gateway-user`.'),
  OTEL_RESOURCE_ATTRIBUTES: pairs(
    'must be pairs such as deployment.environment.name=production, separated by commas',
  )
    .optional()
    .describe(
      'What every span says about this process beside its name, as `key=value` pairs, separated by commas.',
    ),
  OTEL_SDK_DISABLED: z
    .enum(['yes', 'no', 'true', 'false'], 'must be true or false')
    .transform((value) => value === 'yes' || value === 'true')
    .meta({ inFile: { type: 'boolean' } })
    .default(false)
    .describe('`true`: no traces, whatever the other variables say.'),
};

export type TracingConfig = z.output<z.ZodObject<typeof tracingConfigFields>>;

/** What a process reads where none of the variables is set: nothing is traced. */
export const tracingOff: TracingConfig = Object.freeze(z.object(tracingConfigFields).parse({}));
