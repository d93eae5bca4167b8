import type { GraphName } from '../graph/graphs.ts';
import type { IssuerSettings } from '../issuer.ts';

/** What a gateway is started with. Everything is on this machine. */
export type GatewaySetting = {
  graph: GraphName;
  port: number;
  /** A folder of this run, for files of the gateway's own. */
  folder: string;
  supergraphFile: string;
  /** URL and SDL of each subgraph, for a gateway that composes by itself. */
  subgraphs: Readonly<Record<string, { url: string; sdl: string }>>;
  issuer: IssuerSettings;
  jwksFile: string;
};

export type GatewayProcess = {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Where it answers, below its port. */
  path: string;
};

/** How one gateway is started so that it enforces the rules, as its documentation says. */
export type GatewayAdapter = {
  /** Name and version, for the table of results. */
  title: string;
  /** What it does not do as it is started here, by feature or by area of the cases, with the reason. */
  lacks?: Readonly<Record<string, string>>;
  process(setting: GatewaySetting): GatewayProcess;
};

/** Why a gateway of another make is not asked the cases of `@recentAuth` and `@callers`. */
export const notOfOthers =
  'the directive is Signet’s own; the subgraphs’ guards enforce it behind another gateway';

/** It cannot be started here. The text is the reason, for every case. */
export class GatewayMissing extends Error {
  override readonly name = 'GatewayMissing';
}
