export { type GatewayConfig, gatewayConfigSchema } from './config.ts';
export { type GatewayOptions, startGateway } from './start.ts';
